// The figures above the queue, asked anew twice a minute while the page is looked at.
// <p data-counts="/admin/reviews/case/desk/counts.json"> with [data-count="waiting"] and so on in it.
"use strict";

(() => {
  const EVERY = 30 * 1000;
  const line = document.querySelector("[data-counts]");
  if (!line) return;

  async function ask() {
    if (!document.hidden) {
      try {
        const answer = await fetch(line.dataset.counts, { headers: { Accept: "application/json" } });
        if (answer.ok) {
          for (const [name, count] of Object.entries(await answer.json())) {
            const place = line.querySelector(`[data-count="${name}"]`);
            if (place && place.textContent !== count) place.textContent = count;
          }
        }
      } catch {
        // the server is away: the figures stay as they are, and are asked for again
      }
    }
    setTimeout(ask, EVERY);
  }

  setTimeout(ask, EVERY);
})();
