// Two minutes before staff are logged out, a notice with a button that keeps the session.
const WARN_MS = 120_000;
const TICK_MS = 5_000;

document.querySelectorAll("[data-idle]").forEach((notice) => {
  const life = Number(notice.dataset.idle) * 1000;
  const form = notice.querySelector("form");
  let since = Date.now();

  const show = () => {
    const left = life - (Date.now() - since);
    notice.hidden = left > WARN_MS;
    notice.querySelector("[data-idle-soon]").hidden = left <= 0;
    notice.querySelector("[data-idle-over]").hidden = left > 0;
    form.hidden = left <= 0;
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const answer = await fetch(form.action, { method: "post", body: new FormData(form), redirect: "manual" });
    since = answer.status === 204 ? Date.now() : 0;
    show();
  });

  setInterval(show, TICK_MS);
});
