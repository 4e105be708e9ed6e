// Says at once that a chosen file is too large, or that too many are chosen, before anything is sent.
// Only a courtesy: the server checks everything.
"use strict";

(() => {
  const MIB = 1 << 20;

  function trouble(input) {
    const files = [...input.files];
    const limit = Number(input.dataset.limitMib);
    const most = Number(input.dataset.most);
    if (files.length > most) return `一度に添付できるファイルは ${most} 個までです。`;
    const large = files.find((file) => file.size > limit * MIB);
    return large ? `「${large.name}」は ${limit} MB を超えているため、お預かりできません。` : "";
  }

  for (const input of document.querySelectorAll("input[type=file][data-limit-mib]")) {
    input.addEventListener("change", () => {
      input.setCustomValidity(trouble(input));
      input.reportValidity();
    });
  }
})();
