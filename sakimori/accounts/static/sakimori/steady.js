// What arrives by itself (an alarm, the lists of a search) moves no control and no cell that one points at, and no control
// that has the focus: the page is scrolled by as much as it grew, so that a click lands on what it was meant for, to a pixel.
"use strict";

(() => {
  const CONTROL = "a, button, input, select, textarea, label, summary, td";
  const top = (one) => one.getBoundingClientRect().top;
  let held = null;
  let before = 0;

  // What changes itself, or holds what changes, cannot be held.
  function choose(changed) {
    const pointed = [...document.querySelectorAll(":hover")].at(-1);
    return [pointed, document.activeElement]
      .map((one) => one?.closest(CONTROL))
      .find((one) => one && !one.contains(changed) && !changed.contains(one)) ?? null;
  }

  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    held = choose(detail.target);
    before = held ? top(held) : 0;
  });

  document.addEventListener("htmx:afterSwap", () => {
    if (held?.isConnected) window.scrollBy({ top: top(held) - before, behavior: "instant" });
    held = null;
  });
})();
