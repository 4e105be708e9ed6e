// A beep for every new alarm that nobody has acknowledged, on every page of the console, and again every half minute
// while a grave one waits: only a person's acknowledgement stops it. The switch is remembered;
// while the browser does not allow sound yet, the page says so, and the alarm is not taken as heard.
"use strict";

(() => {
  const place = document.querySelector("[data-sound]");
  if (!place) return;

  const SWITCH = "sakimori.sound";
  const HEARD = "sakimori.alarm.heard";
  const toggle = place.querySelector("[data-sound-on]");
  const told = place.querySelector("[data-sound-state]");
  const words = document.querySelector("[data-sound-words]").content;
  const Context = window.AudioContext || window.webkitAudioContext;
  let audio = null;

  function say(word) {
    const text = words.querySelector(`[data-word="${word}"]`).textContent;
    if (told.textContent !== text) told.textContent = text;
    place.classList.toggle("blocked", word === "blocked" || word === "none");
  }

  function state() {
    if (!Context) return "none";
    if (!toggle.checked) return "off";
    if (!audio) audio = new Context();
    return audio.state === "running" ? "on" : "blocked";
  }

  function beep() {
    for (const [number, tone] of [880, 660, 880].entries()) {
      const start = audio.currentTime + number * 0.22;
      const source = audio.createOscillator();
      const volume = audio.createGain();
      source.frequency.value = tone;
      volume.gain.setValueAtTime(0.12, start);
      volume.gain.exponentialRampToValueAtTime(0.001, start + 0.2);
      source.connect(volume).connect(audio.destination);
      source.start(start);
      source.stop(start + 0.2);
    }
  }

  function look() {
    const now = state();
    say(now);
    const newest = Number(document.querySelector("#alarms [data-newest]")?.dataset.newest || 0);
    if (newest <= Number(localStorage.getItem(HEARD) || 0) || now === "blocked") return;
    localStorage.setItem(HEARD, String(newest));
    if (now === "on") beep();
  }

  function remind() {
    if (document.querySelector("#alarms .alarm.high") && state() === "on") beep();
  }

  async function allow() {
    if (!audio || audio.state === "running") return;
    await audio.resume();
    look();
  }

  place.hidden = false;
  toggle.checked = localStorage.getItem(SWITCH) !== "off";
  toggle.addEventListener("change", () => {
    localStorage.setItem(SWITCH, toggle.checked ? "on" : "off");
    look();
  });
  document.addEventListener("pointerdown", () => allow().catch(() => {}));
  document.addEventListener("keydown", () => allow().catch(() => {}));
  document.body.addEventListener("htmx:afterSwap", look);
  setInterval(remind, 30_000);
  look();
  if (audio) audio.addEventListener("statechange", look);
})();
