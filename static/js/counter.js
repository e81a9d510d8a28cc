// A live count under each control with data-count: "123 of 300 characters", "27 more needed", "12 too many".
// Limits: data-min and data-max, else minlength and maxlength. Counts as the server does: trimmed, by code point.
"use strict";

(() => {
  const figures = new Intl.NumberFormat(document.documentElement.lang || undefined);

  function words(length, min, max) {
    if (max && length > max) return `${figures.format(length - max)} too many: at most ${figures.format(max)}`;
    if (length < min) return `${figures.format(min - length)} more needed: at least ${figures.format(min)}`;
    if (max) return `${figures.format(length)} of ${figures.format(max)} characters`;
    return `${figures.format(length)} characters`;
  }

  function watch(control) {
    const min = Number(control.dataset.min || control.getAttribute("minlength") || 0);
    const max = Number(control.dataset.max || control.getAttribute("maxlength") || 0);
    const count = document.createElement("p");
    count.className = "count";
    count.id = `${control.id || control.name}_count`;
    control.insertAdjacentElement("afterend", count);
    control.setAttribute("aria-describedby", `${control.getAttribute("aria-describedby") || ""} ${count.id}`.trim());

    function update() {
      const length = [...control.value.trim()].length;
      count.textContent = words(length, min, max);
      count.classList.toggle("is-off", length > 0 && (length < min || (max > 0 && length > max)));
    }

    control.addEventListener("input", update);
    window.addEventListener("pageshow", update);
    update();
  }

  document.querySelectorAll("[data-count]").forEach(watch);
})();
