// The page of a case: the picker of categories, the passage that was selected in an answer, the way by keys.
// Without a script every category unfolds with its own fields, and a passage is typed.
"use strict";

(() => {
  const findings = document.querySelector("[data-findings]");
  const form = findings?.closest("form");
  if (!form) return;
  const picker = findings.querySelector("[data-picker]");
  const notice = findings.querySelector("[data-kept-quote]");
  const MOST = 1000;
  let quote = null; // { text, key } of the last selection in an answer

  // --- What is selected in an answer, without what was removed from it.
  function selected() {
    const selection = window.getSelection();
    if (!selection.rangeCount || selection.isCollapsed) return null;
    const range = selection.getRangeAt(0);
    const from = range.commonAncestorContainer;
    const answer = (from.nodeType === Node.ELEMENT_NODE ? from : from.parentElement).closest("[data-answer]");
    if (!answer) return null;
    const copy = range.cloneContents();
    copy.querySelectorAll("del").forEach((gone) => gone.remove());
    const text = copy.textContent.trim().slice(0, MOST);
    return text ? { text, key: answer.dataset.answer } : null;
  }

  function fill(finding) {
    if (!quote) return;
    const field = finding.querySelector("textarea[name$=-quote]");
    field.value = quote.text;
    field.closest("details").open = true;
    finding.querySelector("input[name$=-quoted_in]").value = quote.key;
    quote = null;
    notice.hidden = true;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function show(code) {
    const finding = findings.querySelector(`[data-finding="${CSS.escape(code)}"]`);
    if (finding.closest("[data-folded]")) findings.querySelector("[data-picked]").append(finding);
    fill(finding);
    const verdict = finding.querySelector("input:checked") || finding.querySelector("input[type=radio]");
    verdict.focus();
    finding.scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "f" && !event.target.closest("input, textarea, select")) {
      quote = selected() || quote;
      if (quote) notice.querySelector("q").textContent = quote.text;
      notice.hidden = !quote;
    }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && form.contains(event.target)) {
      event.preventDefault();
      form.requestSubmit(form.querySelector("[data-key=d]") || undefined);
    }
  }, true);

  // --- From the key of an outcome to its reason, from the reason to the first text that is still to be written.
  const TYPED = "input:not([type=radio], [type=checkbox]), textarea, select";

  function isShown(field) {
    return field.offsetParent !== null;
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest(`${TYPED}, dialog`)) return;
    setTimeout(() => {
      const outcome = form.querySelector("[name=d-outcome]:checked");
      if (outcome?.dataset.key !== event.key) return;
      [...form.querySelectorAll("select[name^=d-reason_]")].find(isShown)?.focus();
    });
  });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey || !event.target.matches("select[name^=d-]")) return;
    const texts = [...form.querySelectorAll("textarea[name^=d-]:not([name=d-explanation])")];
    const next = texts.find((field) => isShown(field) && !field.value);
    if (!next) return;
    event.preventDefault();
    next.focus();
  });

  // A choice by keyboard is made with Enter: arrows walk through the list and open nothing yet.
  let byMouse = false;
  picker?.addEventListener("pointerdown", () => { byMouse = true; });
  picker?.addEventListener("keydown", (event) => {
    byMouse = false;
    if (event.key !== "Enter" || !picker.value) return;
    event.preventDefault();
    pick();
  });
  picker?.addEventListener("change", () => byMouse && pick());

  function pick() {
    const code = picker.value;
    picker.value = "";
    byMouse = false;
    if (code) show(code);
  }

  findings.addEventListener("change", (event) => {
    const finding = event.target.closest("[data-finding]");
    if (finding && event.target.type === "radio") fill(finding);
  });
  if (picker) picker.closest("label").hidden = false;
})();
