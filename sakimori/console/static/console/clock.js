// The clocks of questions run on while the page is open: how long each has waited, and how long until its deadline.
// Counted from the server's own time, whatever the clock of this machine says.
"use strict";

(() => {
  const table = document.querySelector("table[data-now]");
  if (!table) return;
  const ahead = Date.parse(table.dataset.now) - Date.now();

  function span(milliseconds) {
    const seconds = Math.max(0, Math.floor(milliseconds / 1000));
    const units = [["日", Math.floor(seconds / 86400)], ["時間", Math.floor(seconds / 3600) % 24],
      ["分", Math.floor(seconds / 60) % 60], ["秒", seconds % 60]];
    return units.filter(([, number]) => number > 0).slice(0, 2).map(([unit, number]) => `${number} ${unit}`).join(" ") || "0 秒";
  }

  function tick() {
    const now = Date.now() + ahead;
    for (const place of table.querySelectorAll("[data-since]")) place.textContent = span(now - Date.parse(place.dataset.since));
    for (const badge of table.querySelectorAll("[data-deadline]")) {
      const left = Date.parse(badge.dataset.deadline) - now;
      const place = badge.querySelector("[data-left]");
      if (left > 0 && place) place.textContent = span(left);
      else if (left <= 0 && place) {
        badge.textContent = "期限切れ";
        badge.classList.replace("wait", "trouble");
      }
    }
  }

  setInterval(tick, 1000);
})();
