// Two minutes before staff are logged out, a notice with a button that keeps the session. A press that a script sends
// counts like a page that is opened ("heard"), here and in the other tabs; a page that shows itself anew does not.
const WARN_MS = 120_000;
const TICK_MS = 5_000;

document.querySelectorAll("[data-idle]").forEach((notice) => {
  const life = Number(notice.dataset.idle) * 1000;
  const form = notice.querySelector("form");
  const tabs = new BroadcastChannel("idle");
  let since;

  const show = () => {
    const left = life - (Date.now() - since);
    notice.hidden = left > WARN_MS;
    notice.querySelector("[data-idle-soon]").hidden = left <= 0;
    notice.querySelector("[data-idle-over]").hidden = left > 0;
    form.hidden = left <= 0;
  };

  const restart = () => {
    since = Date.now();
    show();
  };

  const hear = () => {
    restart();
    tabs.postMessage("heard");
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const answer = await fetch(form.action, { method: "post", body: new FormData(form), redirect: "manual" });
    if (answer.status === 204) hear();
    else {
      since = 0;
      show();
    }
  });

  tabs.addEventListener("message", restart);
  document.addEventListener("heard", hear);
  hear();
  setInterval(show, TICK_MS);
});
