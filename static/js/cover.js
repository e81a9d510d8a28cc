// Covers severe text when its page is left, so that no minutes count that nobody read. Without scripts the text is
// covered by its button, by a decision, or after its time.
const form = document.querySelector("form[data-cover]");
let posted = false; // what is sent leads to a page of the same case, where the text is still open

document.addEventListener("submit", () => {
  posted = true;
});
window.addEventListener("pagehide", () => {
  if (form && !posted) {
    navigator.sendBeacon(form.action, new FormData(form));
  }
});
window.addEventListener("pageshow", (event) => {
  if (form && event.persisted) {
    location.reload(); // it was covered when it was left
  }
});
