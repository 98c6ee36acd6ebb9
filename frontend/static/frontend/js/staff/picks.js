// From the field of a search, the arrows walk the list below it: one press, then Enter.
const field = document.querySelector("[data-picks]");
const picks = [...document.querySelectorAll("[data-pick]")];
const steps = { ArrowDown: 1, ArrowUp: -1 };
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
