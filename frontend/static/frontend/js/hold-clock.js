// Counts a hold down. The visible text changes each minute, at the end each second; a separate polite region
// speaks only three times, so that a screen reader is not interrupted for a quarter of an hour.
const SPOKEN_AT = [300, 60];
const SOON = 300;
const SECONDS_SHOWN_UNDER = 120;

const words = (seconds) => (seconds < SECONDS_SHOWN_UNDER ? `${seconds} s` : `${Math.round(seconds / 60)} min`);

const start = (clock) => {
  const until = Date.now() + Number(clock.dataset.seconds) * 1000;
  const total = Number(clock.dataset.total) || 900;
  const part = (name) => clock.querySelector(`[data-part="${name}"]`);
  const toSay = SPOKEN_AT.filter((at) => at < Number(clock.dataset.seconds));

  const finish = () => {
    clearInterval(timer);
    clock.dataset.state = "over";
    part("text").hidden = true;
    part("bar").hidden = true;
    if (part("extend")) part("extend").hidden = true;
    part("over").hidden = false;
    part("said").textContent = part("over").textContent;
  };

  const tick = () => {
    // The clock of the phone may be wrong, but it goes on while the page sleeps.
    const left = Math.max(0, Math.round((until - Date.now()) / 1000));
    part("left").textContent = words(left);
    part("bar").style.setProperty("--left", Math.min(1, left / total));
    if (left <= SOON) clock.dataset.state = "soon";
    if (left <= toSay[0]) {
      while (left <= toSay[0]) toSay.shift();
      part("said").textContent = clock.dataset.say.replace("{left}", words(left));
    }
    if (left === 0) finish();
  };

  part("left-text").hidden = false;
  part("bar").hidden = false;
  const timer = setInterval(tick, 1000);
  document.addEventListener("visibilitychange", tick);
  tick();
};

document.querySelectorAll("[data-seconds].hold-clock").forEach(start);
