// The list of the log search by keyboard and by touch. Its values are one stop for the tab key: the arrows lead from value
// to value, + and - take it into the search or rule it out. Escape closes a drawer. A tap shows a value's two buttons.
// Without this script the drawer, or the page that it leads to, has the same links.
"use strict";

const table = document.querySelector(".log-rows");

if (table) {
  const rows = [...table.querySelectorAll("tr:not(.drawer)")]
    .map((row) => [...row.querySelectorAll(".quick")])
    .filter((values) => values.length > 0);
  const include = (value) => value.firstElementChild;
  const exclude = (value) => value.lastElementChild;
  let stop = null;

  const offer = (value) => {
    stop?.setAttribute("tabindex", "-1");
    stop = include(value);
    stop.setAttribute("tabindex", "0");
  };

  const follow = (link) => {
    window.location.assign(`${link.href}#rows-title`);
  };

  // To a value of this row or, as far across as this one, of another.
  const step = (value, key) => {
    const row = rows.findIndex((values) => values.includes(value));
    const place = rows[row].indexOf(value);
    const other = { ArrowUp: rows[row - 1], ArrowDown: rows[row + 1] }[key];
    const found = {
      ArrowLeft: rows[row][place - 1],
      ArrowRight: rows[row][place + 1],
      Home: rows[row][0],
      End: rows[row].at(-1),
    }[key] ?? other?.[Math.min(place, other.length - 1)];
    if (found) {
      include(found).focus();
    }
  };

  const onValue = (event, value) => {
    const links = { "+": include(value), "-": exclude(value), Enter: event.target };
    if (event.key in links) {
      follow(links[event.key]);
    } else if (["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"].includes(event.key)) {
      step(value, event.key);
    } else {
      return;
    }
    event.preventDefault();
  };

  table.addEventListener("keydown", (event) => {
    const value = event.target.closest(".quick");
    const drawer = event.target.closest("details[open]");
    if (event.ctrlKey || event.altKey || event.metaKey) {
      return;
    }
    if (value) {
      onValue(event, value);
    } else if (drawer && event.key === "Escape") {
      drawer.open = false;
      drawer.querySelector("summary").focus();
    }
  });

  table.addEventListener("focusin", (event) => {
    const value = event.target.closest(".quick");
    if (value) {
      offer(value);
    }
  });

  table.addEventListener("pointerup", (event) => {
    if (event.pointerType === "touch") {
      table.querySelector(".tapped")?.classList.remove("tapped");
      event.target.closest("td")?.classList.add("tapped");
    }
  });

  if (rows.length > 0) {
    offer(rows[0][0]);
  }
  document.querySelector("[data-rows-hint]").hidden = false;
}
