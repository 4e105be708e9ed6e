// Single keys for the desk's lists: j and k choose a row, ? shows the keys, and any other letter sends the chosen
// row's form of that key (data-key). On a page about one thing, without rows, it sends the page's form.
// Silent while somebody types or composes Japanese, and when switched off in the dialogue.
"use strict";

(() => {
  const dialogue = document.querySelector("dialog[data-keys]");
  const table = document.querySelector("table[data-list]");
  const rows = [...document.querySelectorAll("tr[data-row]")];
  if (!dialogue) return;

  const SWITCH = "sakimori.keys";
  const PLACE = table ? `sakimori.row.${table.dataset.list}` : null;
  const toggle = dialogue.querySelector("[data-keys-on]");
  const helper = document.querySelector("[data-help]");
  let chosen = -1;

  toggle.checked = localStorage.getItem(SWITCH) !== "off";
  toggle.addEventListener("change", () => localStorage.setItem(SWITCH, toggle.checked ? "on" : "off"));
  helper.hidden = false;
  helper.addEventListener("click", () => dialogue.showModal());

  function choose(index) {
    if (rows.length === 0) return;
    rows[chosen]?.classList.remove("chosen");
    chosen = Math.max(0, Math.min(index, rows.length - 1));
    rows[chosen].classList.add("chosen");
    rows[chosen].focus();
  }

  function submit(key) {
    const place = rows.length > 0 ? rows[chosen] : document.querySelector("main");
    const form = place?.querySelector(`form[data-key="${key}"]`);
    if (!form) return false;
    // The list is shown again after the decision; the row that moves up is then chosen.
    if (PLACE) sessionStorage.setItem(PLACE, String(chosen));
    form.requestSubmit();
    return true;
  }

  function isTyping(event) {
    const place = event.target;
    return event.isComposing || event.keyCode === 229 || event.ctrlKey || event.altKey || event.metaKey
      || place.isContentEditable || place.matches("input:not([type=checkbox]), textarea, select");
  }

  const actions = {
    j: () => choose(chosen + 1),
    k: () => choose(chosen < 0 ? 0 : chosen - 1),
    Enter: () => rows[chosen]?.querySelector("a[href]")?.click(),
  };

  document.addEventListener("keydown", (event) => {
    if (isTyping(event) || event.repeat && !"jk".includes(event.key)) return;
    if (event.key === "?") {
      dialogue.open ? dialogue.close() : dialogue.showModal();
      event.preventDefault();
      return;
    }
    if (dialogue.open || !toggle.checked) return;
    if (event.key === "Enter" && event.target !== rows[chosen]) return;
    if (actions[event.key]) actions[event.key]();
    else if (!/^[a-z]$/.test(event.key) || !submit(event.key)) return;
    event.preventDefault();
  });

  for (const [index, row] of rows.entries()) {
    row.addEventListener("focusin", () => {
      rows[chosen]?.classList.remove("chosen");
      chosen = index;
      row.classList.add("chosen");
    });
  }

  const before = PLACE && sessionStorage.getItem(PLACE);
  if (before !== null && before !== undefined && rows.length > 0) {
    sessionStorage.removeItem(PLACE);
    choose(Number(before));
  }
})();
