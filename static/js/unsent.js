// What a reviewer types is saved while they type, a second after the last key, and once more when they leave.
// The server gives it back on the next visit, also after the claim ran out or somebody else decided.
"use strict";

(() => {
  const words = document.getElementById("script-words").dataset;
  const form = document.querySelector("form[data-saves]");
  if (!form) return;
  const note = document.querySelector("form[data-note]");
  const saved = form.querySelector("[data-saved]");
  const PAUSE = 1000;
  const SLOWEST = 60000;
  let timer = 0;
  let wait = PAUSE;
  let isDirty = false;
  let isSending = false;

  const token = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] || form.elements.csrfmiddlewaretoken.value;

  function body() {
    const data = new URLSearchParams(new FormData(form));
    if (note) data.set("note", note.elements.note.value);
    data.set("csrfmiddlewaretoken", token());
    data.set("revision", form.dataset.revision);
    return data;
  }

  function say(words) {
    if (saved) saved.textContent = words;
  }

  async function save() {
    clearTimeout(timer);
    if (!isDirty || isSending) return;
    isDirty = false;
    try {
      const answer = await fetch(form.dataset.saves, { method: "POST", body: body(), keepalive: true });
      const told = answer.headers.get("Content-Type")?.includes("json") ? await answer.json() : {};
      if (told.problem) say(told.problem);
      else if (answer.ok && told.saved) say(words.saved.replace("{time}", told.saved));
      else throw new Error("not saved");
      wait = PAUSE;
    } catch {
      isDirty = true;
      wait = Math.min(wait * 2, SLOWEST);
      say(words.notSaved);
      timer = setTimeout(save, wait);
    }
  }

  function later() {
    isDirty = true;
    clearTimeout(timer);
    timer = setTimeout(save, wait);
  }

  for (const each of [form, note].filter(Boolean)) {
    each.addEventListener("input", later);
    each.addEventListener("change", later);
    each.addEventListener("submit", () => { isSending = true; });
  }
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && save());
  window.addEventListener("pagehide", save);
  window.addEventListener("pageshow", () => { isSending = false; });
})();
