// Shows or hides fields of a form by the answers above them. The server decides again; without this file all are shown.
// <div data-shown-when='{"key": "applicant_type", "op": "!=", "values": ["individual"]}'>
// Ops: "=" and "in" (an answer is among the values), "!=" (none is), "contains" (a ticked answer is among the values).
// A question that is not on this page leaves the field as the server sent it. A hidden field stays enabled.
"use strict";

(() => {
  const form = document.querySelector("[data-shown-when]")?.closest("form");
  if (!form) return;
  const fields = [...form.querySelectorAll("[data-shown-when]")].map((field) => ({
    field,
    when: JSON.parse(field.dataset.shownWhen),
  }));

  function controls(key) {
    return [...form.elements].filter((control) => control.name === key);
  }

  function answers(key) {
    return controls(key).flatMap((control) => {
      if (control.closest("[data-shown-when][hidden]")) return [];
      if (control.type === "radio" || control.type === "checkbox") return control.checked ? [control.value] : [];
      if (control.multiple) return [...control.selectedOptions].map((option) => option.value);
      return control.value === "" ? [] : [control.value];
    });
  }

  function isShown({ key, op, values }) {
    const given = answers(key);
    const isAmong = given.some((answer) => values.map(String).includes(answer));
    return op === "!=" ? given.length > 0 && !isAmong : isAmong;
  }

  function update() {
    // In document order, so that a field under a hidden field sees no answer and hides too.
    for (const { field, when } of fields) {
      if (controls(when.key).length) field.hidden = !isShown(when);
    }
  }

  form.addEventListener("input", update);
  form.addEventListener("change", update);
  window.addEventListener("pageshow", update);
  update();
})();
