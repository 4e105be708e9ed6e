// Reloads the list of calls when something has changed, and rings if the user has switched the sound on.
"use strict";

const soundSwitch = document.getElementById("sound");
let shown = document.body.dataset.version;
let audio = null;

function ring() {
  if (!audio) return;
  const tone = audio.createOscillator();
  const volume = audio.createGain();
  tone.frequency.value = 425;
  volume.gain.value = 0.08;
  tone.connect(volume).connect(audio.destination);
  tone.start();
  tone.stop(audio.currentTime + 0.8);
}

async function look() {
  const answer = await fetch("/calls", { headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  const { calls } = await answer.json();
  const version = calls.map((call) => call.id + call.state + call.keys).join(",");
  if (calls.some((call) => call.state === "ringing")) ring();
  if (version === shown) return;
  shown = version;
  const page = new DOMParser().parseFromString(await (await fetch("/")).text(), "text/html");
  const focused = document.activeElement.dataset.act;
  // The children only: a live region that is replaced itself is not read out.
  document.getElementById("calls").replaceChildren(...page.getElementById("calls").childNodes);
  if (focused) document.querySelector(`[data-act="${focused}"]`)?.focus();
}

soundSwitch.addEventListener("change", () => { audio = soundSwitch.checked ? new AudioContext() : null; });
setInterval(() => look().catch(() => {}), 1500);
