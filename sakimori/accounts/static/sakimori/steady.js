// What arrives by itself (an alarm, the lists of a search) moves nothing that one points at or has the focus on: the page is
// scrolled by as much as it grew, so that a click lands on what it was meant for. The position may differ by less than a pixel.
"use strict";

(() => {
  const top = (one) => one.getBoundingClientRect().top;
  let held = null;
  let before = 0;

  // The innermost of what is under the pointer, else what has the focus, unless it changes itself.
  function choose(changed) {
    const pointed = [...document.querySelectorAll(":hover")].at(-1);
    return [pointed, document.activeElement]
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
