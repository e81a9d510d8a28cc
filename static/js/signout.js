// Text of forms that is kept in this browser goes with the person who signs out: the next one at this computer is another.
"use strict";

document.addEventListener("submit", (event) => {
  if (!event.target.action?.includes("/accounts/logout/")) return;
  try {
    for (const key of Object.keys(localStorage)) if (key.startsWith("gh:form:")) localStorage.removeItem(key);
  } catch {
    // nothing can be kept where nothing can be stored
  }
});
