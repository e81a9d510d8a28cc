// Keeps the claim of an open case: asks its address every few minutes, and says until when the case is held, or that it
// is not any more. <span data-lease="/admin/reviews/case/7/renew/">yours until 14:32</span>
// A page nobody has touched for an hour asks no more: a tab left open over night holds nothing.
"use strict";

(() => {
  const MINUTE = 60 * 1000;
  const EVERY = 3 * MINUTE;
  const IDLE_MOST = 60 * MINUTE;
  let touched = Date.now();

  for (const kind of ["keydown", "pointerdown", "scroll", "focus"]) {
    window.addEventListener(kind, () => { touched = Date.now(); }, { passive: true, capture: true });
  }

  function token() {
    return document.querySelector("input[name=csrfmiddlewaretoken]")?.value || "";
  }

  async function ask(pill) {
    if (Date.now() - touched > IDLE_MOST) return true;
    try {
      const answer = await fetch(pill.dataset.lease, {
        method: "POST",
        headers: { Accept: "application/json", "X-CSRFToken": token() },
      });
      if (answer.status !== 200 && answer.status !== 409) return true; // signed out, or the server is away: ask again
      const { says } = await answer.json();
      pill.textContent = says;
      pill.setAttribute("role", "status");
      pill.classList.toggle("pill-stop", answer.status === 409);
      return answer.status === 200;
    } catch {
      return true;
    }
  }

  async function keep(pill) {
    if (await ask(pill)) setTimeout(keep, EVERY, pill);
  }

  for (const pill of document.querySelectorAll("[data-lease]")) setTimeout(keep, EVERY, pill);
})();
