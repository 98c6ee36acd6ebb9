// The board by itself: presses go without a reload, what a colleague changes comes within seconds, and neither moves
// the page under a hand or an eye. Without this file the same buttons are an ordinary form.
const PERIOD_MS = 3000;
const MINUTE_MS = 60_000;
const ALONE = { "X-Board": "1" };

const form = document.querySelector("#press");
const offline = document.querySelector("[data-board-offline]");
const refused = document.querySelector("[data-board-refused]");
const board = () => document.querySelector("#board");
let drawn = Date.now();
let shown = "";
// A button taken away between press and release would swallow the press.
let isHeld = false;
// One thing at a time, in the order of the presses.
let turn = Promise.resolve();
let waiting = 0;

// The key of a button is the first letter of what it sends.
const button = (place, key) => place.querySelector(`button[value^="${key}."]`);
const row = (element) => element?.closest("#board [id]");

// Where the focus goes in a new board: to the same thing, else to the same button of its row, else to its first one.
const twin = (active, fresh) => {
  const place = row(active) && fresh.querySelector(`#${row(active).id}`);
  if (!place || active === row(active)) return place;
  return button(place, active.value?.[0]) ?? place.querySelector("button, a") ?? place;
};

// Keys work only where this file does, so that only it announces them.
const name = (place) => {
  place.querySelectorAll("button").forEach((each) => each.setAttribute("aria-keyshortcuts", each.value[0]));
};

const swap = (html) => {
  const old = board();
  const fresh = new DOMParser().parseFromString(html, "text/html").querySelector("#board");
  drawn = Date.now();
  if (fresh.dataset.refused) {
    refused.textContent = fresh.dataset.refused;
    refused.hidden = false;
  }
  if (html === shown) return;
  shown = html;
  const active = old.contains(document.activeElement) ? document.activeElement : null;
  const anchor = row(active) ?? [...old.querySelectorAll("li[id]")].find((each) => each.getBoundingClientRect().bottom > 0);
  const top = anchor?.getBoundingClientRect().top;
  const side = old.querySelector("#board-columns").scrollLeft;
  const target = twin(active, fresh);
  const stay = anchor && fresh.querySelector(`#${anchor.id}`);
  name(fresh);
  old.replaceWith(fresh);
  fresh.querySelector("#board-columns").scrollLeft = side;
  target?.focus({ preventScroll: true });
  if (stay) window.scrollBy({ top: stay.getBoundingClientRect().top - top, behavior: "instant" });
};

// Nothing more is done on a page that is being left.
const leave = () => {
  location.reload();
  return new Promise(() => {});
};

const ask = async (address, options) => {
  const answer = await fetch(address, { ...options, headers: ALONE });
  // A server that restarts is a network that fails: the page stays, and says that it is old.
  if (answer.status >= 500) throw new Error(answer.statusText);
  const text = await answer.text();
  // Why a press changed nothing stays until the next press.
  if (options) refused.hidden = true;
  // The session is over, or the address is: the whole page says so.
  if (answer.redirected || !text.includes('id="board"')) return leave();
  if (options) document.dispatchEvent(new Event("heard"));
  if (options || !isHeld) swap(text);
};

const draw = () => ask(location.href);

const look = async () => {
  const { watch, version } = board().dataset;
  const answer = await fetch(watch, { headers: { "If-None-Match": `"${version}"` } });
  if (answer.status === 404 && Date.now() - drawn > MINUTE_MS) await leave();
  if (answer.status === 200 || Date.now() - drawn > MINUTE_MS) await draw();
};

const later = (work) => {
  waiting += 1;
  turn = turn
    .then(work)
    .then(
      () => (offline.hidden = true),
      () => (offline.hidden = false),
    )
    .then(() => (waiting -= 1));
};

const tick = () => {
  if (!document.hidden && !waiting) later(look);
};

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const { submitter } = event;
  const body = new URLSearchParams(new FormData(form, submitter));
  const place = row(submitter)?.id;
  later(() => {
    // Two quick presses at a door are two families: the second counts from what the first one made.
    const again = place?.startsWith("w") && board().querySelector(`#${place} button[value^="${submitter.value[0]}."]`);
    if (again) body.set(again.name, again.value);
    return ask(form.action, { method: "POST", body });
  });
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const place = event.target.closest?.("#board li[id]");
  if (!place || !/^[acfnpu]$/i.test(event.key)) return;
  button(place, event.key.toLowerCase())?.click();
});

name(board());
document.querySelector("[data-board-help]").hidden = false;
document.addEventListener("pointerdown", () => (isHeld = true));
["pointerup", "pointercancel"].forEach((end) => document.addEventListener(end, () => (isHeld = false)));
document.addEventListener("visibilitychange", tick);
setInterval(tick, PERIOD_MS);
