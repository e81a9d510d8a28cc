// Keys for the desk. data-key="c" is pressed (a button, link, fold) or focused (a field) by that key;
// data-row marks the links of a list, or the headings of a page, that j and k walk through; ? says all keys. Nothing happens while one types.
// Single keys can be switched off in the same dialog (some people speak to their computer).
"use strict";

(() => {
  const words = document.getElementById("script-words").dataset;
  const SWITCH = "gatehouse-keys";
  const TYPING = "input:not([type=checkbox], [type=radio], [type=submit], [type=button]), textarea, select, [contenteditable]";
  const targets = [...document.querySelectorAll("[data-key]")];
  const rows = [...document.querySelectorAll("[data-row]")];
  if (!targets.length && !rows.length) return;

  function isOn() {
    return window.localStorage.getItem(SWITCH) !== "off";
  }

  function name(target) {
    const clone = target.cloneNode(true);
    clone.querySelectorAll("kbd").forEach((key) => key.remove());
    return target.dataset.keySays || target.getAttribute("aria-label") || clone.textContent.trim();
  }

  function press(target) {
    const fold = target.closest("details");
    if (fold && target.tagName !== "SUMMARY") fold.open = true;
    target.scrollIntoView({ block: "nearest" });
    target.focus();
    if (target.matches("a, button, summary, input[type=radio], input[type=checkbox]")) target.click();
  }

  function walk(step) {
    // From inside a section, k goes to its heading and j to the next one.
    const after = rows.findIndex((row) => row.compareDocumentPosition(document.activeElement) & Node.DOCUMENT_POSITION_PRECEDING);
    const inside = (after === -1 ? rows.length : after) - (step > 0 ? 1 : 0);
    const at = rows.includes(document.activeElement) || !rows[0].dataset.rowIs ? rows.indexOf(document.activeElement) : inside;
    const next = rows[Math.min(Math.max(at + step, 0), rows.length - 1)];
    next.focus();
    next.scrollIntoView({ block: next.dataset.rowIs ? "start" : "nearest" });
  }

  function line(list, key, says) {
    const dt = document.createElement("dt");
    const kbd = document.createElement("kbd");
    const dd = document.createElement("dd");
    kbd.textContent = key;
    dd.textContent = says;
    dt.append(kbd);
    list.append(dt, dd);
  }

  function keySwitch() {
    const label = document.createElement("label");
    const tick = document.createElement("input");
    label.className = "tick";
    tick.type = "checkbox";
    tick.checked = isOn();
    tick.addEventListener("change", () => window.localStorage.setItem(SWITCH, tick.checked ? "on" : "off"));
    label.append(tick, words.keysOn);
    return label;
  }

  function help() {
    const dialog = document.createElement("dialog");
    const title = document.createElement("h2");
    const list = document.createElement("dl");
    const form = document.createElement("form");
    const close = document.createElement("button");
    dialog.className = "gh";
    title.textContent = words.keys;
    title.id = "keys-title";
    dialog.setAttribute("aria-labelledby", title.id);
    list.className = "keys";
    const row = rows[0]?.dataset.rowIs || words.line;
    if (rows.length) line(list, "j", words.next.replace("{row}", row));
    if (rows.length) line(list, "k", words.before.replace("{row}", row));
    for (const target of targets) line(list, target.dataset.key, name(target));
    line(list, "?", words.keysList);
    form.method = "dialog";
    close.className = "btn";
    close.textContent = words.close;
    form.append(close);
    dialog.append(title, list, keySwitch(), form);
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  }

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.closest(`${TYPING}, dialog`)) return;
    if (event.key === "?") help();
    else if (!isOn()) return;
    else if (event.key === "j" && rows.length) walk(1);
    else if (event.key === "k" && rows.length) walk(-1);
    else {
      const target = targets.find((each) => each.dataset.key === event.key && each.offsetParent !== null);
      if (!target || target.disabled) return;
      press(target);
    }
    event.preventDefault();
  }

  document.addEventListener("keydown", onKey);
  for (const button of document.querySelectorAll("[data-keys-help]")) {
    button.hidden = false;
    button.addEventListener("click", help);
  }
})();
