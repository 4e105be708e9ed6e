// The board of sites refreshes itself; a tick or the key p pauses that. Focus stays where it was: its links have names.
"use strict";

(() => {
  const board = document.getElementById("board");
  const place = document.querySelector("[data-refresh]");
  if (!board || !place) return;

  const SWITCH = "sakimori.board";
  const toggle = place.querySelector("[data-refresh-on]");
  place.hidden = false;
  toggle.checked = localStorage.getItem(SWITCH) !== "off";
  const keep = () => localStorage.setItem(SWITCH, toggle.checked ? "on" : "off");
  toggle.addEventListener("change", keep);

  board.addEventListener("htmx:beforeRequest", (event) => {
    if (!toggle.checked || document.hidden) event.preventDefault();
  });

  document.addEventListener("keydown", (event) => {
    const at = event.target;
    const typing = event.isComposing || event.ctrlKey || event.altKey || event.metaKey
      || at.matches("input:not([type=checkbox]), textarea, select");
    if (typing || event.repeat || event.key !== "p") return;
    toggle.checked = !toggle.checked;
    keep();
    event.preventDefault();
  });
})();
