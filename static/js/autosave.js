// A section of the form that saves itself: on a pause in typing and on each choice, by htmx (hx-post on the form).
// The server answers with what changes: the time, the digests of what it holds, questions that come and go.
// Here is what only a browser can know: the field with the caret is left alone; without a connection or a session
// the text is kept in this browser and offered again; it goes when it is saved, when somebody signs out, or after a day.
"use strict";

(() => {
  const form = document.querySelector("form[data-saves]");
  if (!form || !window.htmx) return;
  const byId = (id) => document.getElementById(id);
  const saved = byId("saved");
  const trouble = byId("not-saved");
  const reasons = byId("why-not");
  const PREFIX = "gh:form:";
  const KEY = PREFIX + form.dataset.keeps;
  const A_DAY = 24 * 60 * 60 * 1000;
  const SOONEST = 5000;
  const SLOWEST = 60000;

  // --- What the page holds: name -> values of what a person can change.
  function values() {
    const found = {};
    for (const control of form.elements) {
      if (!control.name || ["hidden", "submit", "button", "fieldset"].includes(control.type)) continue;
      if (control.name.startsWith("keep-")) continue;
      found[control.name] ??= [];
      if (!["radio", "checkbox"].includes(control.type) || control.checked) found[control.name].push(control.value);
    }
    return found;
  }

  const same = (one, other) => JSON.stringify(one ?? []) === JSON.stringify(other ?? []);
  let atRest = values(); // as last saved
  let sent = atRest;
  let wait = SOONEST;
  let timer = 0;
  let isSubmitting = false;
  let isSigningOut = false;

  function changed() {
    const now = values();
    return Object.keys(now).filter((name) => !same(now[name], atRest[name]));
  }

  // --- Kept in this browser while it cannot be saved.
  function store(action) {
    try {
      return action(window.localStorage);
    } catch {
      return null; // full, or switched off: the page itself still holds the text
    }
  }

  function keep(isSent) {
    if (isSigningOut) return; // nothing stays in this browser for the next person: see signout.js
    const names = changed().filter((name) => form.elements[name].dataset?.secret === undefined); // never a login
    if (!names.length) return;
    const now = values();
    const answers = {};
    for (const name of names) answers[name] = { values: now[name], was: byId(`was_${name}`)?.value };
    store((local) => local.setItem(KEY, JSON.stringify({ at: Date.now(), isSent, answers })));
  }

  const forget = () => store((local) => local.removeItem(KEY));

  function kept() {
    return store((local) => JSON.parse(local.getItem(KEY)));
  }

  function tidy() {
    store((local) => {
      const mine = KEY.split(":").slice(0, 3).join(":") + ":";
      for (const key of Object.keys(local).filter((each) => each.startsWith(PREFIX))) {
        const entry = JSON.parse(local.getItem(key));
        const isOver = key !== KEY && entry.isSent; // the server answered what was sent with this page
        if (!key.startsWith(mine) || isOver || Date.now() - entry.at > A_DAY) local.removeItem(key);
      }
    });
  }

  function putBack(entry) {
    for (const [name, { values: given, was }] of Object.entries(entry.answers)) {
      const digest = byId(`was_${name}`);
      if (digest && was !== undefined) digest.value = was; // so that a newer answer is not overwritten unseen
      for (const control of form.elements) {
        if (control.name !== name || control.type === "hidden") continue;
        if (["radio", "checkbox"].includes(control.type)) control.checked = given.includes(control.value);
        else control.value = given[0] ?? "";
        control.dispatchEvent(new Event("input", { bubbles: true }));
      }
    }
  }

  function offer() {
    tidy();
    const entry = kept();
    if (!entry) return;
    const now = values();
    const names = Object.keys(entry.answers).filter((name) => name in now);
    if (names.every((name) => same(entry.answers[name].values, now[name]))) {
      forget();
      return;
    }
    const box = byId("kept");
    byId("kept-at").textContent = new Date(entry.at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    byId("kept-back").addEventListener("click", () => {
      putBack(entry);
      box.hidden = true;
      form.querySelector(".slot :is(input, textarea, select):not([type=hidden])")?.focus();
    });
    byId("kept-away").addEventListener("click", () => {
      forget();
      box.hidden = true;
      form.querySelector(".slot :is(input, textarea, select):not([type=hidden])")?.focus();
    });
    box.hidden = false;
  }

  // --- Saying how it stands. Only the first success, a failure and its end are read out.
  function say(why) {
    saved.hidden = Boolean(why);
    if (trouble.dataset.why === (why || "")) return;
    trouble.dataset.why = why || "";
    trouble.replaceChildren();
    if (!why) return;
    saved.setAttribute("aria-live", "polite");
    trouble.append(reasons.content.querySelector(`[data-why="${why}"]`).cloneNode(true));
    trouble.append(reasons.content.querySelector("button").cloneNode(true));
  }

  function whyNot(status) {
    if (status === 0 || status >= 500 || status === 429) return "away";
    if (status === 401) return "signed-out";
    return status === 410 ? "sent" : "refused";
  }

  const saveNow = () => window.htmx.trigger(form, "save-now");

  function later() {
    clearTimeout(timer);
    timer = setTimeout(saveNow, wait);
    wait = Math.min(wait * 2, SLOWEST);
  }

  // --- The course of a save.
  const token = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1];

  function freshToken() {
    const field = form.elements.csrfmiddlewaretoken;
    if (token()) field.value = token(); // another one since somebody signed in again in another tab
  }

  form.addEventListener("htmx:configRequest", (event) => {
    freshToken();
    event.detail.parameters.csrfmiddlewaretoken = form.elements.csrfmiddlewaretoken.value;
  });
  // A button sends the page only after a save that is under way: the page does not know yet what that one stored,
  // and the server would take its own answer for somebody else's.
  let isSaving = false;
  let pressed = null;

  form.addEventListener("htmx:beforeRequest", (event) => {
    if (isSubmitting) event.preventDefault();
  });
  form.addEventListener("htmx:beforeSend", () => {
    isSaving = true;
    sent = values();
    clearTimeout(timer);
  });
  form.addEventListener("htmx:afterRequest", (event) => {
    isSaving = false;
    if (pressed) setTimeout(() => form.requestSubmit(pressed));
    const status = event.detail.xhr.status;
    if (status === 200 || status === 409) {
      wait = SOONEST;
      say("");
      if (status === 200) {
        atRest = sent;
        if (changed().length) keep();
        else forget();
      } else {
        keep();
      }
      setTimeout(() => saved.setAttribute("aria-live", "off"), 1000);
      return;
    }
    keep();
    say(whyNot(status));
    if (["away", "signed-out"].includes(whyNot(status))) later();
  });

  // The field with the caret is never swapped; what it should have become is asked for again by the next save.
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target } = event.detail;
    if (target.contains(document.activeElement) && !["clash", "saved"].includes(target.id)) {
      event.detail.shouldSwap = false;
    }
  });
  document.addEventListener("htmx:oobAfterSwap", (event) => {
    const { target } = event.detail;
    if (target.id === "clash" && document.activeElement === document.body) target.focus();
    if (target.id?.startsWith("slot_")) {
      const now = values();
      const name = target.id.slice("slot_".length);
      atRest[name] = sent[name] = now[name]; // it came from the server
    }
  });

  document.addEventListener("click", (event) => {
    if (event.target.id === "save-now") saveNow();
  });
  window.addEventListener("online", () => trouble.dataset.why === "away" && saveNow());
  window.addEventListener("focus", () => trouble.dataset.why === "signed-out" && saveNow());

  // --- Leaving.
  form.addEventListener("submit", (event) => {
    isSubmitting = true;
    if (isSaving) {
      pressed = event.submitter;
      event.preventDefault();
      return;
    }
    freshToken();
    keep(true);
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden" && !isSubmitting && changed().length) saveNow();
  });
  function saveOnLeaving() {
    freshToken();
    const body = new URLSearchParams(new FormData(form));
    fetch(form.dataset.saves, { method: "POST", body, keepalive: true }).catch(() => {}); // nobody is there to be told
  }

  document.addEventListener("submit", (event) => {
    if (event.target === form || !event.target.action?.includes("/accounts/logout/")) return;
    isSubmitting = isSigningOut = true;
    if (changed().length) saveOnLeaving();
  });
  window.addEventListener("pagehide", () => {
    if (isSubmitting || !changed().length) return;
    keep();
    saveOnLeaving();
  });
  window.addEventListener("pageshow", (event) => {
    isSubmitting = isSigningOut = false;
    pressed = null;
    if (event.persisted && changed().length) saveNow();
  });

  offer();
  if ("unsaved" in form.dataset) saveNow();
})();
