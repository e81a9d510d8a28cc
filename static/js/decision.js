// The reason's wording, filled in while one decides. The server fills it in too when the text is left empty.
// A text that somebody has edited is never touched again.
"use strict";

(() => {
  const form = document.querySelector("[data-decision]");
  if (!form) return;
  const explanation = form.elements["d-explanation"];
  const days = form.elements["d-reapply_after_days"];
  const never = form.elements["d-reapply_never"];
  let offered = "";
  let offeredDays = "";

  function outcome() {
    return form.querySelector("[name=d-outcome]:checked")?.value;
  }

  function reason() {
    const select = form.elements[`d-reason_${outcome()}`];
    return select?.selectedOptions[0];
  }

  function conditions() {
    const ticked = [...form.querySelectorAll("[name=d-conditions]:checked")].map((tick) => tick.value.split("|").slice(1).join("|"));
    const own = form.elements["d-own_conditions"].value.split("\n");
    return [...ticked, ...own].map((line) => line.trim()).filter(Boolean).join("; ");
  }

  function values() {
    const main = form.elements["d-main_category"];
    const facts = form.elements["d-facts"].value.trim();
    return {
      category: main.value ? main.selectedOptions[0].textContent : "",
      conditions: conditions(),
      fact: facts.length > 600 ? "" : facts,
    };
  }

  function wording() {
    const known = values();
    return (reason()?.dataset.template || "").replace(/\{([a-z_]+)\}/g, (whole, name) => known[name] || whole);
  }

  function offer() {
    const chosen = reason();
    if (!chosen?.dataset.template) return;
    if (explanation.value === offered) {
      offered = wording();
      explanation.value = offered;
      explanation.dispatchEvent(new Event("input", { bubbles: true }));
    }
    if (chosen.dataset.reapply !== undefined && days.value === offeredDays) {
      const isNever = chosen.dataset.reapply === "never";
      offeredDays = isNever ? "" : chosen.dataset.reapply;
      days.value = offeredDays;
      never.checked = isNever;
    }
  }

  // A page that came back with an error: what it offered before is still its own to change.
  if (explanation.value === wording()) offered = explanation.value;
  if (days.value === reason()?.dataset.reapply) offeredDays = days.value;

  form.addEventListener("input", (event) => {
    if (event.target !== explanation) offer();
  });
  form.addEventListener("change", (event) => {
    if (event.target !== explanation) offer();
  });
})();
