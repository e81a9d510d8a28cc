// <button type="button" class="btn" data-copy="id-of-the-text" hidden>Copy</button>
// Hidden until this file runs: without it the text can still be selected (one click selects all of it).
"use strict";

(() => {
  const words = document.getElementById("script-words").dataset;

  function selectAll(source) {
    const range = document.createRange();
    range.selectNodeContents(source);
    const selection = window.getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  }

  async function copy(source) {
    try {
      await navigator.clipboard.writeText(source.textContent.trim());
      return words.copied;
    } catch {
      // Refused, or a page without https: leave it selected for the person's own keys.
      selectAll(source);
      return words.selected;
    }
  }

  for (const button of document.querySelectorAll("[data-copy]")) {
    const source = document.getElementById(button.dataset.copy);
    const said = document.createElement("span");
    said.setAttribute("role", "status");
    said.className = "small soft";
    button.after(said);
    button.hidden = false;
    button.addEventListener("click", async () => {
      said.textContent = await copy(source);
    });
  }
})();
