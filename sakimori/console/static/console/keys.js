// Single keys for the desk's lists: j and k (or the arrows, once a row is chosen) choose a row, x ticks it, Enter opens
// its drawer or, where it has none, its page, o its page, ? shows the keys. Any other letter sends the chosen row's form
// of that key (data-key), or opens the choices of that key (data-open), of which a digit takes one (data-choice) and
// Escape none. On a page about one thing, without rows, it sends the page's form.
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
  const MOVING = ["j", "k", "ArrowDown", "ArrowUp"];
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

  function open(key) {
    const choices = rows[chosen]?.querySelector(`details[data-open="${key}"]`);
    if (!choices) return false;
    choices.open = true;
    choices.querySelector("button").focus();
    return true;
  }

  function openChoices() {
    return rows[chosen]?.querySelector("details[data-open][open]");
  }

  function take(digit) {
    const button = openChoices()?.querySelector(`[data-choice="${digit}"]`);
    if (!button) return false;
    if (PLACE) sessionStorage.setItem(PLACE, String(chosen));
    button.form.requestSubmit(button);
    return true;
  }

  function closeChoices() {
    const choices = openChoices();
    if (!choices) return false;
    choices.open = false;
    rows[chosen].focus();
    return true;
  }

  function drawer() {
    const next = rows[chosen]?.nextElementSibling;
    return next?.classList.contains("drawer") ? next.querySelector("details") : null;
  }

  function enter() {
    const details = drawer();
    if (details) details.open = !details.open;
    else page();
  }

  function page() {
    rows[chosen]?.querySelector("a[href]")?.click();
  }

  function isTyping(event) {
    const place = event.target;
    return event.isComposing || event.keyCode === 229 || event.ctrlKey || event.altKey || event.metaKey
      || place.isContentEditable || place.matches("input:not([type=checkbox]), textarea, select");
  }

  const actions = {
    j: () => choose(chosen + 1),
    k: () => choose(chosen < 0 ? 0 : chosen - 1),
    ArrowDown: () => choose(chosen + 1),
    ArrowUp: () => choose(chosen - 1),
    Enter: enter,
    o: page,
    x: () => rows[chosen]?.querySelector("input[type=checkbox][name=chosen]")?.click(),
  };

  function act(key) {
    if (Object.hasOwn(actions, key)) {
      actions[key]();
      return true;
    }
    return /^[1-9]$/.test(key) ? take(key) : /^[a-z]$/.test(key) && (submit(key) || open(key));
  }

  document.addEventListener("keydown", (event) => {
    if (isTyping(event) || event.repeat && !MOVING.includes(event.key)) return;
    if (event.key === "?") {
      dialogue.open ? dialogue.close() : dialogue.showModal();
      event.preventDefault();
      return;
    }
    if (dialogue.open || !toggle.checked) return;
    // These have a meaning of their own everywhere but on a chosen row.
    if (["Enter", "ArrowDown", "ArrowUp"].includes(event.key) && event.target !== rows[chosen]) return;
    if (event.key === "Escape" ? !closeChoices() : !act(event.key)) return;
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
