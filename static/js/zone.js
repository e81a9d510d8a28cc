// Chooses the browser's own time zone in a select that still says UTC; without scripts people choose it themselves.
document.addEventListener("DOMContentLoaded", () => {
  const select = document.querySelector("select[data-zone]");
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (select && select.value === "UTC" && [...select.options].some((option) => option.value === zone)) {
    select.value = zone;
  }
});
