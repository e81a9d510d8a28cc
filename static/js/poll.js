// The progress of a job: asks a JSON address until it has finished, then goes to where the result is.
// <div class="job" data-poll="/jobs/7.json"> with a [data-poll-bar] progress and a [data-poll-says] output.
// Answer: {"done": 120, "total": 2014, "says": "120 of 2,014 rows read", "finished": false, "url": null}
"use strict";

(() => {
  const SECOND = 1000;
  const SLOWEST = 15 * SECOND;

  function show(job, { done, total, says }) {
    const bar = job.querySelector("[data-poll-bar]");
    if (bar && total) {
      bar.max = total;
      bar.value = done;
    }
    const words = job.querySelector("[data-poll-says]");
    if (words && says !== undefined && words.textContent !== says) words.textContent = says;
  }

  async function ask(job, wait) {
    let next = SECOND;
    try {
      const answer = await fetch(job.dataset.poll, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const state = await answer.json();
      show(job, state);
      if (state.finished) {
        if (state.url) window.location.assign(state.url);
        else window.location.reload();
        return;
      }
    } catch {
      next = Math.min(wait * 2, SLOWEST); // the server is busy or away: ask less often, never give up
    }
    setTimeout(ask, next, job, next);
  }

  for (const job of document.querySelectorAll("[data-poll]")) setTimeout(ask, SECOND, job, SECOND);
})();
