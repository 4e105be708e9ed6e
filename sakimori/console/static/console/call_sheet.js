// The call sheet by keys: d says that one dials, a digit chooses the result of the call, Enter writes it down. Without
// this script the same is done by mouse, or by the access keys. Silent while somebody types a name or composes Japanese.
"use strict";

(() => {
  const begins = document.querySelector("main form[data-key]");
  const form = document.querySelector("form[data-call-sheet]");
  if (!form && !begins) return;

  function isTyping(event) {
    return event.isComposing || event.keyCode === 229 || event.ctrlKey || event.altKey || event.metaKey
      || event.target.matches("input:not([type=radio]), textarea, select");
  }

  document.addEventListener("keydown", (event) => {
    if (isTyping(event) || event.repeat || document.querySelector("dialog[open]")) return;
    if (begins && event.key === begins.dataset.key) {
      begins.requestSubmit();
      event.preventDefault();
    }
    if (!form) return;
    const choice = form.querySelector(`input[data-digit="${/^[1-9]$/.test(event.key) ? event.key : "0"}"]`);
    if (choice) {
      choice.checked = true;
      choice.focus();
      event.preventDefault();
    } else if (event.key === "Enter" && event.target.matches("input[type=radio]") && form.contains(event.target)) {
      form.requestSubmit();
      event.preventDefault();
    }
  });
})();
