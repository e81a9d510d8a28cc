// Shows what needs passkeys where the browser can use them at this address, and says in words when one was not used.
document.addEventListener("DOMContentLoaded", () => {
  const isNumber = /^[\d.]+$|^\[/.test(location.hostname); // a passkey belongs to a name, never to a bare number
  const can = window.isSecureContext && "PublicKeyCredential" in window && !isNumber;
  document.querySelectorAll("[data-passkey]").forEach((each) => { each.hidden = !can; });
  document.querySelectorAll("[data-passkey-missing]").forEach((each) => { each.hidden = can; });
});
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  document.querySelectorAll("[data-passkey-problem]").forEach((each) => { each.hidden = false; });
});
