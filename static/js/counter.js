// A live count under each control with data-count: "123 of 300 characters", "27 more needed", "12 too many".
// Limits: data-min and data-max, else minlength and maxlength. Counts as the server does: trimmed, by code point.
"use strict";

(() => {
  const figures = new Intl.NumberFormat(document.documentElement.lang || undefined);
  const says = document.getElementById("script-words").dataset;

  function words(length, min, max) {
    const [name, n] =
      max && length > max
        ? ["countOver", length - max]
        : length < min
          ? ["countUnder", min - length]
          : [max ? "countOf" : "countNone", length];
    const given = { n, min, max };
    return says[name].replace(/\{(n|min|max)\}/g, (_, each) => figures.format(given[each]));
  }

  function watch(control) {
    if (control.dataset.counted !== undefined) return;
    control.dataset.counted = "";
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

  const watchIn = (part) => part.querySelectorAll("[data-count]").forEach(watch);
  document.addEventListener("htmx:load", (event) => watchIn(event.detail.elt)); // a field that came later
  watchIn(document);
})();
