// Ticked rows of a list: one tick for all of them, and how many there are beside the buttons.
"use strict";

(() => {
  const form = document.querySelector("form[data-choosing]");
  if (!form) return;
  const boxes = [...document.querySelectorAll(`input[type=checkbox][name=chosen][form="${form.id}"]`)];
  const all = document.querySelector("[data-choose-all]");
  const count = form.querySelector("[data-chosen-count]");

  function tell() {
    const chosen = boxes.filter((box) => box.checked).length;
    count.textContent = `${chosen} 件を選択中`;
    all.checked = chosen > 0 && chosen === boxes.length;
    all.indeterminate = chosen > 0 && chosen < boxes.length;
  }

  all.hidden = boxes.length === 0;
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    tell();
  });
  for (const box of boxes) box.addEventListener("change", tell);
  tell();
})();
