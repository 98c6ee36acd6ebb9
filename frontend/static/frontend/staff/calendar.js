// The calendar by itself: the days as a grid where there is room, visits dragged, and what a colleague changes within
// seconds, without moving the focus or a block in the hand. Without this file the same days are a list with links.
const PERIOD_MS = 3000;
const MINUTE_MS = 60_000;
const SHORT_MS = 10 * MINUTE_MS;
// Pixels: what is pulled so far is meant to move; what is let go so near the grid is meant for it.
const PULLED = 8;
const NEAR = 24;
// A finger that pulls scrolls the page, but one that has pressed for so long means what it pressed.
const PRESSED_MS = 300;
// Tells that a script asks: what the page shows anew by itself keeps nobody logged in.
const ALONE = { "X-Calendar": "1" };
const STEPS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

const grid = document.querySelector("#grid");
const said = document.querySelector("[data-calendar-said]");
const offline = document.querySelector("[data-calendar-offline]");
const dialog = document.querySelector("#block");
const list = () => document.querySelector("#calendar");
const isWide = matchMedia("(min-width: 48em)");
const show = (place, text) => {
  if (place.textContent !== text) place.textContent = text;
  place.hidden = !text;
};

let { version, watch } = list().dataset;
let drawn = Date.now();
let board = null;
let blocks = new Map();
// The blocks that can have the focus, column by column; and the one that has or had it.
let lanes = [];
let focused = "";
// Whether anybody is there, column by column: busy, empty, or the one of a day without anybody; and who they are.
let columns = [];
let names = new Map();
const days = new Intl.DateTimeFormat(document.documentElement.lang, { weekday: "long", day: "numeric", month: "long" });
// A block in the hand stays there: nothing is drawn until it is let go.
let isHeld = false;
// Why some blocks stay, by their kind; the one somebody has under the button, or any under a finger; and whether the
// finger was told how to move it.
let stays = {};
let tried = null;
let isTold = false;
// One thing at a time, in the order of the presses.
let turn = Promise.resolve();
let waiting = 0;

const say = (text, look) => {
  said.className = look ? `notice notice--${look}` : "notice";
  show(said, text);
  if (look === "error") said.scrollIntoView({ block: "nearest" });
};

const node = (name, text, className) => {
  const made = document.createElement(name);
  made.className = className ?? "";
  made.textContent = text ?? "";
  return made;
};

const time = (text) => text.slice(11);
const isFrench = document.documentElement.lang === "fr";
// 9 h 30 · 9:30
const spoken = (hour, minute) => (isFrench ? `${hour}\u00a0h${minute ? `\u00a0${String(minute).padStart(2, "0")}` : ""}` : `${hour}:${String(minute).padStart(2, "0")}`);
const clock = (text) => spoken(Number(text.slice(11, 13)), Number(text.slice(14)));

// What the eye sees above a block: whose column it is and, in a week, of which day.
const where = (block) => [names.get(block.c), ...("week" in grid.dataset ? [days.format(new Date(block.s))] : [])].join(", ");
const aside = (text) => node("span", text, "visually-hidden");
// In the hand, a block tells where it would go.
const inHand = ({ start }) => spoken(start.getHours(), start.getMinutes());

// A free time is a link, all else a button that opens what is known of it.
const content = ({ event }) => {
  const block = blocks.get(event.id);
  if (!block || block.k === "hours") return "";
  const told = node(block.k === "free" ? "a" : "button", "", "block");
  told.dataset.key = event.id;
  told.draggable = false;
  told.tabIndex = event.id === focused ? 0 : -1;
  if (block.k === "free") {
    told.href = grid.dataset.slot.replace("0-0-0", block.id.slice(1)) + grid.dataset.narrowed;
    const kept = block.a ? `, ${grid.dataset.agents}` : "";
    told.append(node("b", block.t), aside(` ${grid.dataset.free}${kept}, ${where(block)}`));
    return { domNodes: [told] };
  }
  told.type = "button";
  const head = node("span");
  head.append(node("b", event.display === "preview" ? inHand(event) : clock(block.s)), " ", node("strong", block.t));
  told.append(head, ...(block.d ?? []).flatMap((text) => [" ", node("span", text)]), aside(` ${where(block)}`));
  return { domNodes: [told] };
};

const element = (key) => grid.querySelector(`.ec-event:not(.ec-ghost, .ec-preview) [data-key="${key}"]`);

// A week has a column for each person of each day: those of whoever is not there take no room. Of a day without anybody
// one stays, without a name.
const narrow = () => {
  const main = grid.querySelector(".ec-main");
  const heads = grid.querySelectorAll(".ec-col-head");
  if (!("week" in grid.dataset) || heads.length !== columns.length) return;
  const days = grid.querySelectorAll(".ec-body .ec-day");
  columns.forEach((kind, place) => {
    for (const part of [heads[place], days[place]]) part?.classList.toggle("is-empty", kind === "empty");
    heads[place].classList.toggle("is-nobody", kind === "nobody");
  });
  main.style.gridTemplateColumns = `max-content ${columns.map((kind) => (kind === "empty" ? "0" : "minmax(7.5rem, 1fr)")).join(" ")}`;
};

// Of all blocks one is reached by Tab; the arrows go on from there.
const decorate = () => {
  narrow();
  if (!blocks.has(focused)) focused = lanes[0]?.[0]?.id ?? "";
  grid.querySelectorAll("[data-key]").forEach((told) => (told.tabIndex = told.dataset.key === focused ? 0 : -1));
};

// It is no table, its blocks are not in its cells; and what is pressed is within a block, which says where it stands.
// The grid writes these anew whenever it is laid out otherwise.
const FOREIGN = ["role", "aria-colspan", "aria-colindex", "aria-rowspan", "aria-rowindex"];
const ANYWHERE = FOREIGN.map((name) => `.ec[${name}], .ec [${name}]`).join(", ");
const tidy = () => {
  grid.querySelectorAll(ANYWHERE).forEach((place) => FOREIGN.forEach((name) => place.removeAttribute(name)));
  grid.querySelectorAll(".ec-event[tabindex]").forEach((place) => place.removeAttribute("tabindex"));
};
const watched = { subtree: true, childList: true, attributes: true, attributeFilter: [...FOREIGN, "tabindex"] };

const asEvent = (block) => ({
  id: block.id,
  start: block.s,
  end: block.e,
  resourceIds: [block.c],
  display: block.k === "hours" ? "background" : "auto",
  classNames: [
    `is-${block.k === "free" && block.a ? "kept" : block.k}`,
    block.st ? `is-${block.st}` : "is-plain",
    Date.parse(block.e) - Date.parse(block.s) < SHORT_MS ? "is-short" : "is-long",
  ],
  startEditable: Boolean(block.k === "visit" && block.m),
  title: block.t ?? "",
});

const inLanes = ({ columns: people, dates, events }) =>
  dates
    .flatMap((date) => people.map(({ id }) => events.filter((each) => each.c === id && each.s.startsWith(date) && each.k !== "hours")))
    .filter((lane) => lane.length)
    .map((lane) => lane.sort((a, b) => a.s.localeCompare(b.s)));

const hours = (events) => {
  const starts = events.map((each) => Number(each.s.slice(11, 13)));
  const ends = events.map((each) => Math.ceil(Number(each.e.slice(11, 13)) + Number(each.e.slice(14)) / 60));
  const pad = (hour) => `${String(hour).padStart(2, "0")}:00`;
  return { slotMinTime: pad(Math.min(8, ...starts)), slotMaxTime: pad(Math.max(18, ...ends)) };
};

const press = ({ event }) => {
  const block = blocks.get(event.id);
  if (!block) return;
  focused = block.id;
  if (block.k !== "free") open(block);
};

const open = (block) => {
  const find = (name) => dialog.querySelector(`[data-block-${name}]`);
  const lead = (name, address) => {
    find(name).hidden = !address;
    find(name).href = address || "#";
  };
  dialog.querySelector("h2").textContent = block.t;
  find("when").textContent = `${clock(block.s)} – ${clock(block.e)}`;
  find("told").replaceChildren(...(block.d ?? []).map((text) => node("li", text)));
  find("families").replaceChildren(
    ...(block.v ?? []).map(({ t, u }) => {
      const line = node("li");
      const link = node(u ? "a" : "span", t);
      if (u) link.href = u;
      line.append(link);
      return line;
    }),
  );
  lead("move", block.m);
  lead("open", block.u);
  lead("book", block.f && grid.dataset.slot.replace("0-0-0", block.f));
  dialog.showModal();
};

const step = (event) => {
  const [aside, along] = STEPS[event.key] ?? [0, 0];
  const key = event.target.dataset?.key;
  const from = lanes.findIndex((lane) => lane.some(({ id }) => id === key));
  if (from < 0 || !(aside || along)) return;
  event.preventDefault();
  const lane = lanes[from + aside] ?? lanes[from];
  const here = lanes[from].findIndex(({ id }) => id === key);
  const since = time(lanes[from][here].s);
  const beside = lane.findIndex((each) => time(each.s) >= since);
  const next = lane[aside ? (beside < 0 ? lane.length - 1 : beside) : Math.min(Math.max(here + along, 0), lane.length - 1)];
  focused = next.id;
  decorate();
  element(focused)?.focus();
};

const shift = (start, { days, seconds }) =>
  new Date(Date.parse(`${start}Z`) + days * 86_400_000 + seconds * 1000).toISOString().slice(0, 16);

// What cannot be dragged tells why, at the attempt; and a finger how else to move what can.
const resist = ({ target, clientX: x, clientY: y, button, isPrimary, pointerType, timeStamp: at }) => {
  const block = blocks.get(target.closest(".ec-event")?.querySelector("[data-key]")?.dataset.key);
  const canMove = block?.k === "visit" && Boolean(block.m);
  const isTouch = pointerType === "touch";
  tried = block && isPrimary && !button && (isTouch || !canMove) ? { x, y, at, k: block.k, canMove, isTouch } : null;
};
const pull = ({ type, clientX, clientY, timeStamp }) => {
  if (!tried || tried.isSaid || isHeld) return;
  if (type === "pointermove" && Math.hypot(clientX - tried.x, clientY - tried.y) < PULLED) return;
  tried.isSaid = true;
  const isQuick = tried.isTouch && timeStamp - tried.at < PRESSED_MS;
  if (isQuick && (isTold || !tried.canMove)) return;
  isTold ||= tried.isTouch && tried.canMove;
  say(tried.canMove ? stays.touch : stays[tried.k], tried.isTouch ? "" : "error");
};
const letGo = (event) => {
  if (!tried?.isSaid || tried.isTouch) return;
  tried = null;
  event.preventDefault();
  event.stopPropagation();
};

// Nothing more is done on a page that is being left.
const leave = () => {
  location.reload();
  return new Promise(() => {});
};

const isOutside = ({ clientX, clientY }) => {
  const { left, right, top, bottom } = grid.querySelector(".ec-main").getBoundingClientRect();
  return clientX < left - NEAR || clientX > right + NEAR || clientY < top - NEAR || clientY > bottom + NEAR;
};

const drop = ({ event, delta, newResource, revert, jsEvent }) => {
  if (isOutside(jsEvent)) {
    revert();
    say(stays.outside, "error");
    return;
  }
  const block = blocks.get(event.id);
  const body = new URLSearchParams({
    csrfmiddlewaretoken: grid.querySelector("[name=csrfmiddlewaretoken]").value,
    id: block.id.slice(1),
    seen: block.q,
    at: shift(block.s, delta),
    column: newResource?.id ?? block.c,
  });
  later(async () => {
    try {
      const answer = await fetch(grid.dataset.drop, { method: "POST", body, headers: ALONE });
      if (answer.redirected) await leave();
      const { said: text } = await answer.json();
      document.dispatchEvent(new Event("heard"));
      if (!answer.ok) revert();
      say(text, answer.ok ? "success" : "error");
    } catch (failure) {
      revert();
      throw failure;
    }
    await draw();
  });
};

const options = (data) => ({
  ...hours(data.events),
  resources: data.columns.length ? data.columns : [{ id: "none", title: grid.dataset.nobody }],
  events: data.events.map(asEvent),
  hiddenDays: "week" in grid.dataset ? [0, 1, 2, 3, 4, 5, 6].filter((day) => !data.dates.some((each) => new Date(each).getUTCDay() === day)) : [],
});

const mount = (data) => {
  const isWeek = "week" in grid.dataset;
  board = EventCalendar.create(grid.querySelector("[data-calendar-board]"), {
    ...options(data),
    view: isWeek ? "resourceTimeGridWeek" : "resourceTimeGridDay",
    date: grid.dataset.day,
    headerToolbar: { start: "", center: "", end: "" },
    locale: document.documentElement.lang,
    timeZone: data.offset,
    firstDay: 1,
    allDaySlot: false,
    datesAboveResources: true,
    slotDuration: "00:15",
    slotLabelInterval: "01:00",
    snapDuration: "00:05",
    slotEventOverlap: false,
    columnWidth: isWeek ? "minmax(6.5rem, 1fr)" : "minmax(10rem, 1fr)",
    dayHeaderFormat: { weekday: "short", day: "numeric", month: "short" },
    slotLabelFormat: (at) => spoken(at.getHours(), at.getMinutes()),
    slotHeight: 30,
    scrollTime: data.opens,
    nowIndicator: true,
    eventDurationEditable: false,
    eventContent: content,
    eventAllUpdated: decorate,
    eventClick: press,
    eventDragStart: () => (isHeld = true),
    eventDragStop: () => (isHeld = false),
    eventDrop: drop,
  });
  tidy();
  new MutationObserver(tidy).observe(grid, watched);
};

const fill = (data) => {
  ({ stays } = data);
  const hasFocus = grid.contains(document.activeElement) && Boolean(document.activeElement.dataset.key);
  blocks = new Map(data.events.map((each) => [each.id, each]));
  names = new Map(data.columns.map(({ id, title }) => [id, title]));
  lanes = inLanes(data);
  columns = data.dates.flatMap((date) => {
    const busy = data.columns.map(({ id }) => data.events.some((each) => each.c === id && each.s.startsWith(date)));
    const alone = busy.includes(true) ? -1 : 0;
    return busy.map((isBusy, place) => (isBusy ? "busy" : place === alone ? "nobody" : "empty"));
  });
  const missing = grid.querySelector("[data-calendar-missing]");
  missing.hidden = !data.missing.length;
  missing.querySelector("summary").textContent = data.left_out;
  missing.querySelector("ul").replaceChildren(...data.missing.map((text) => node("li", text)));
  grid.querySelector("[data-calendar-notes]").replaceChildren(...data.notes.map((text) => node("li", text)));
  if (board) Object.entries(options(data)).forEach(([name, value]) => board.setOption(name, value));
  else mount(data);
  grid.hidden = false;
  requestAnimationFrame(() => {
    decorate();
    if (hasFocus && !dialog.open) element(focused)?.focus({ preventScroll: true });
  });
};

const answered = async (address) => {
  const answer = await fetch(address, { headers: ALONE });
  // A server that restarts is a network that fails: the page stays, and says that it is old.
  if (answer.status >= 500) throw new Error(answer.statusText);
  // The session is over, or the address is: the whole page says so.
  return answer.redirected || !answer.ok ? leave() : answer;
};

const draw = async () => {
  if (isHeld) return;
  if (grid && isWide.matches) {
    const data = await (await answered(grid.dataset.source)).json();
    if (isHeld) return;
    ({ version, watch } = data);
    fill(data);
  } else {
    const html = await (await answered(location.href)).text();
    const fresh = new DOMParser().parseFromString(html, "text/html").querySelector("#calendar");
    const active = list().contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    ({ version, watch } = fresh.dataset);
    list().replaceWith(fresh);
    if (active) fresh.querySelector(`a[href="${CSS.escape(active)}"]`)?.focus({ preventScroll: true });
  }
  drawn = Date.now();
};

const look = async () => {
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
  if (!document.hidden && !waiting && !isHeld) later(look);
};

if (grid && !("EventCalendar" in window)) list().classList.remove("calendar-list--twin");
else if (grid) {
  grid.addEventListener("keydown", step);
  grid.addEventListener("pointerdown", resist, true);
  ["pointermove", "pointercancel"].forEach((name) => grid.addEventListener(name, pull));
  grid.addEventListener("pointerup", () => (tried = tried?.isTouch ? null : tried));
  grid.addEventListener("click", letGo, true);
  grid.addEventListener("focusin", (event) => {
    focused = event.target.dataset.key ?? focused;
  });
  dialog.querySelector("[data-block-close]").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => element(focused)?.focus({ preventScroll: true }));
  isWide.addEventListener("change", () => later(draw));
  if (isWide.matches) later(draw);
}
document.addEventListener("visibilitychange", tick);
setInterval(tick, PERIOD_MS);
