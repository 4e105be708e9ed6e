// The bars of the log search: a drag over them, or arrow keys and Enter, leads to the search of the chosen span.
// Without this script every bar is a link to its own span. No text and no moment is made here: all come from the page.
"use strict";

const drawing = document.querySelector("[data-timeline]");

if (drawing) {
  const bars = [...drawing.querySelectorAll(".bar")];
  const chosen = drawing.querySelector("[data-chosen]");
  const said = document.querySelector("[data-timeline-said]");
  const over = document.querySelector("[data-timeline-over]");
  const least = 4; // Pixels: a hand that clicks moves a little.
  let anchor = 0;
  let here = 0;
  let pressedAt = null;
  let dragged = false;
  let moving = false;

  const ground = (bar) => bar.querySelector(".ground");
  const place = (bar, name) => Number.parseFloat(ground(bar).getAttribute(name)); // Percent.
  const edge = (bar) => place(bar, "x");
  const words = (bar) => bar.dataset.words || bar.getAttribute("aria-label");
  const span = () => [Math.min(anchor, here), Math.max(anchor, here)];

  // One stop for the tab key; arrows go on from there.
  for (const bar of bars) {
    bar.setAttribute("tabindex", "-1");
    bar.setAttribute("draggable", "false");
    if (bar.dataset.words) {
      bar.setAttribute("role", "img");
      bar.setAttribute("aria-label", bar.dataset.words);
    }
  }
  bars[0].setAttribute("tabindex", "0");
  document.querySelector("[data-timeline-hint]").hidden = false;

  const show = () => {
    const [first, last] = span();
    const begin = edge(bars[first]);
    chosen.setAttribute("x", `${begin}%`);
    chosen.setAttribute("width", `${edge(bars[last]) + place(bars[last], "width") - begin}%`);
    const moments = [bars[first].dataset.begins, bars[last].dataset.ends].map((moment) => moment.replace("T", " "));
    said.textContent = `${said.dataset.words}${moments[0]} ${said.dataset.from} ${moments[1]} ${said.dataset.to}`;
  };

  const clear = () => {
    anchor = here;
    chosen.setAttribute("width", "0");
    said.textContent = "";
  };

  const go = () => {
    const [first, last] = span();
    const search = new URLSearchParams(drawing.dataset.timeline);
    search.set("begins", bars[first].dataset.begins);
    search.set("ends", bars[last].dataset.ends);
    window.location.assign(`?${search}#${drawing.id}`);
  };

  const barAt = (event) => {
    const box = drawing.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * 100;
    const after = bars.findIndex((bar) => edge(bar) > x);
    return Math.max((after < 0 ? bars.length : after) - 1, 0);
  };

  const focus = (index) => {
    bars[here].setAttribute("tabindex", "-1");
    here = Math.min(Math.max(index, 0), bars.length - 1);
    bars[here].setAttribute("tabindex", "0");
    moving = true;
    bars[here].focus();
    moving = false;
  };

  drawing.addEventListener("focusin", (event) => {
    const found = bars.indexOf(event.target.closest(".bar"));
    // Whoever comes to a bar by another way than the arrows begins a choice there.
    if (found >= 0 && pressedAt === null && !moving) {
      bars[here].setAttribute("tabindex", "-1");
      here = found;
      bars[here].setAttribute("tabindex", "0");
      clear();
    }
  });

  // Who comes by a link to the chart, or from another zoom, goes on with its bars.
  const arrive = () => bars[here].focus({ preventScroll: true });
  drawing.addEventListener("focus", arrive);
  if (window.location.hash === `#${drawing.id}`) {
    arrive();
  }

  drawing.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: here - 1, ArrowRight: here + 1, Home: 0, End: bars.length - 1 };
    if (event.key in steps) {
      event.preventDefault();
      const isWider = event.shiftKey;
      if (!isWider) {
        clear();
      }
      focus(steps[event.key]);
      if (isWider) {
        show();
      } else {
        anchor = here;
      }
    } else if (event.key === "Enter") {
      event.preventDefault();
      go();
    } else if (event.key === "Escape") {
      clear();
    }
  });

  // For the eye under a pointer; whoever listens hears the same words when a bar has the focus.
  drawing.addEventListener("pointerover", (event) => {
    const bar = event.target.closest(".bar");
    over.textContent = bar ? words(bar) : "";
  });
  drawing.addEventListener("pointerleave", () => {
    over.textContent = "";
  });

  drawing.addEventListener("dragstart", (event) => event.preventDefault());

  drawing.addEventListener("pointerdown", (event) => {
    if (event.button === 0 && event.pointerType !== "touch") {
      pressedAt = event.clientX;
      dragged = false;
      anchor = here = barAt(event);
    }
  });

  window.addEventListener("pointermove", (event) => {
    if (pressedAt !== null && (dragged || Math.abs(event.clientX - pressedAt) >= least)) {
      dragged = true;
      here = barAt(event);
      show();
    }
  });

  window.addEventListener("pointerup", () => {
    const wasDragged = pressedAt !== null && dragged;
    pressedAt = null;
    if (wasDragged) {
      go();
    }
  });

  window.addEventListener("pointercancel", () => {
    pressedAt = null;
    dragged = false;
    clear();
  });

  // The click that ends a drag over one bar must not follow that bar's link.
  drawing.addEventListener(
    "click",
    (event) => {
      if (dragged) {
        event.preventDefault();
        event.stopPropagation();
      }
    },
    true,
  );
}
