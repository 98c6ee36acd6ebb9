// A form being filled in is not lost on a detour (a link, the back button, another application): what was typed is
// sent along when the page is left, and the answer's cookie brings it back. Without scripts its buttons do the same.
document.querySelectorAll("form[data-keep]").forEach((form) => {
  const typed = () => new URLSearchParams(new FormData(form)).toString();
  let known = typed();
  const keep = () => {
    if (document.visibilityState !== "hidden" || form.dataset.sent || typed() === known) return;
    known = typed();
    fetch(form.dataset.keep, { method: "POST", body: new URLSearchParams(known), keepalive: true, redirect: "manual" });
  };
  document.addEventListener("visibilitychange", keep);
});
