// From the field of a search, the arrows walk the list below it: one press, then Enter.
const field = document.querySelector("[data-picks]");
const picks = [...document.querySelectorAll("[data-pick]")];
const steps = { ArrowDown: 1, ArrowUp: -1 };
// Of the list under the empty field: Enter opens the first, Alt and a digit any of them.
const numbered = [...document.querySelectorAll(".choices--numbered [data-pick]")];
document.querySelectorAll("[data-picks-help]").forEach((help) => {
  help.hidden = false;
});
// From anywhere: one key leads to the field.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest?.("input, select, textarea, [contenteditable]") && event.target !== field) return;
  const link = document.querySelector("[data-search-key]");
  if (field && (event.target !== field || !field.value)) {
    event.preventDefault();
    field.focus();
  } else if (!field && link) {
    event.preventDefault();
    link.click();
  }
});
if (field && numbered.length) {
  document.addEventListener("keydown", (event) => {
    const digit = event.altKey && !event.ctrlKey ? Number(event.code.replace("Digit", "").replace("Numpad", "")) : 0;
    const first = event.key === "Enter" && event.target === field && !field.value.trim();
    const pick = first ? numbered[0] : numbered[digit - 1];
    if (!pick) return;
    event.preventDefault();
    pick.click();
  });
}
if (field && picks.length) {
  document.addEventListener("keydown", (event) => {
    const place = picks.indexOf(document.activeElement);
    const step = steps[event.key];
    if (!step || (place < 0 && document.activeElement !== field)) return;
    const next = place + step;
    if (next >= picks.length || (place < 0 && step < 0)) return;
    event.preventDefault();
    (picks[next] ?? field).focus();
  });
}
