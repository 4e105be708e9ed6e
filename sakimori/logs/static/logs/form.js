// Fields of the log search that were left empty do not come into the address. Without this script they do, and say nothing.
"use strict";

document.querySelector("form[role=search]").addEventListener("formdata", ({ formData }) => {
  for (const name of new Set(formData.keys())) {
    const given = formData.getAll(name).filter((value) => value !== "");
    formData.delete(name);
    for (const value of given) {
      formData.append(name, value);
    }
  }
});
