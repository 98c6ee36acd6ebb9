"""search.* and growth.search: ours and the quickest hand-written SQL, sample by sample in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, connections

from bench import limits
from bench.client import Client
from bench.data import SESSION_SLUG, TYPE_SLUG
from bench.ground import Ground
from bench.measure import Result, Times, alternate
from bench.web import serve
from booking import queries
from booking.availability import Slot, Window
from centres.models import AppointmentType, Centre
from frontend.week import monday_of, week_name

OURS, READ = "ours", "only reading the shifts"
DAY = 24 * 60
MIDDLE = 5  # the centre asked: none is special
LATE = time(14, 40)  # when half-days end at 17:00 and a notice is two hours


class Place:
    """One database: as the product reads it (`select`), and as hand-written SQL does (`link`)."""

    def __init__(self, url: str, now: datetime) -> None:
        self.alias = url.rpartition("/")[2].partition("?")[0]
        connections.databases.setdefault(
            self.alias, connections["default"].settings_dict | {"NAME": self.alias}
        )
        self.link = limits.connect(url)
        self.now = now
        self.select()
        self.kind = AppointmentType.objects.get(slug=TYPE_SLUG)
        self.session = AppointmentType.objects.get(slug=SESSION_SLUG)
        self.timing = queries.type_rules(self.kind).timing
        centres = Centre.objects.filter(shifts__isnull=False).distinct()
        self.centres = list(centres.order_by("pk"))
        self.centre = self.centres[min(MIDDLE, len(self.centres) - 1)]

    def select(self) -> None:
        """From here on, the product's queries go to this database."""
        connections["default"] = connections[self.alias]

    def window(self, days: int) -> Window:
        whole = queries.window_for(self.kind, self.centre, now=self.now)
        return Window(whole.earliest, min(whole.latest, whole.earliest + days * DAY))

    def asked(self, window: Window) -> dict[str, Any]:
        centre = self.centre.pk
        return limits.values(self.kind.pk, self.timing, window, now=self.now, centre=centre)

    def search(self, window: Window) -> list[Slot]:
        self.select()
        return queries.search(kind=self.kind, centre=self.centre, window=window, now=self.now)

    def week(self) -> list[Slot]:
        return self.search(self.window(7))

    def week_limit(self) -> list[Any]:
        asked = self.asked(self.window(7))
        return limits.rows(self.link, limits.CANDIDATES["plpgsql loop"], asked)

    def next_free(self) -> dict[int, Slot]:
        return self._next_free(self.kind)

    def next_session(self) -> dict[int, Slot]:
        return self._next_free(self.session)

    def _next_free(self, kind: AppointmentType) -> dict[int, Slot]:
        self.select()
        windows = {
            centre.pk: queries.window_for(kind, centre, now=self.now) for centre in self.centres
        }
        return queries.next_free(kind=kind, windows=windows, now=self.now)

    def next_free_limit(self, depth: int) -> list[Any]:
        asked = self.asked(self.window(days=400))
        asked |= {"centres": [each.pk for each in self.centres], "depth": depth}
        return limits.rows(self.link, limits.FIRST, asked)

    def close(self) -> None:
        self.link.close()
        connections[self.alias].close()


@contextmanager
def places(ground: Ground, *urls: str) -> Iterator[list[Place]]:
    usual = connections["default"]
    with ExitStack() as stack:
        stack.callback(lambda: connections.__setitem__("default", usual))
        found = [Place(url, ground.now) for url in urls]
        for place in found:
            stack.callback(place.close)
        yield found


def in_window(ground: Ground) -> Iterator[Result]:
    """search.week and search.90days: one centre of eight practitioners, every free start."""
    with places(ground, ground.small) as [here]:
        for name, days, rounds in (("search.week", 7, 250), ("search.90days", 90, 40)):
            times, found = _search_times(here, here.window(days), rounds=ground.rounds(rounds))
            best = _best_limit(times)
            overhead = f" {_page_overhead(ground, here, times)};" if days == 7 else ""
            others = ", ".join(f"{key} {times[key].p50:.2f}" for key in limits.CANDIDATES)
            yield Result(
                name=name,
                value=times[OURS].p50,
                unit="ms",
                baseline=times[best].p50,
                ratio=times[OURS].p50 / times[best].p50,
                note=f"p50 of {found} free starts of one centre, 120 k appointments; ours "
                f"{times[OURS]}; limit: {best} ({times[best]});{overhead} all SQL p50: {others}; "
                f"{READ}: {times[READ].p50:.2f}",
            )


def _search_times(here: Place, window: Window, *, rounds: int) -> tuple[dict[str, Times], int]:
    asked, ours = here.asked(window), here.search(window)
    calls: dict[str, Callable[[], object]] = {OURS: lambda: here.search(window)}
    for name, query in limits.CANDIDATES.items():
        limits.check_same(ours, limits.rows(here.link, query, asked), name=name)
        calls[name] = lambda query=query: limits.rows(here.link, query, asked)  # type: ignore[misc]
    calls[READ] = lambda: limits.rows(here.link, limits.READ, asked)
    return alternate(calls, rounds=rounds), len(ours)


def _best_limit(times: dict[str, Times]) -> str:
    return min(limits.CANDIDATES, key=lambda name: times[name].p50)


def _page_overhead(ground: Ground, here: Place, times: dict[str, Times]) -> str:
    """What the page of a week takes beside its search: middlewares, template, transport."""
    week = week_name(monday_of(ground.now.date()) + timedelta(days=7))
    page = f"/rdv/{here.kind.slug}/{here.centre.slug}/?semaine={week}"
    with serve(ground) as port, Client(port) as client:
        calls = {
            "page": lambda: client.get(page).expect(200),
            "nothing": lambda: client.get("/bench/nothing").expect(200),
        }
        taken = alternate(calls, rounds=ground.rounds(100))
    return (
        f"view overhead {taken['page'].p50 - times[OURS].p50:.1f} ms (whole page over HTTP "
        f"{taken['page'].p50:.1f}, a view that does nothing {taken['nothing'].p50:.1f})"
    )


def next_free_all(ground: Ground) -> Iterator[Result]:
    """search.next_free_all: the first free start of every centre, with three years of history; now,
    and when most half-days are to be looked at, whichever takes longer."""
    with places(ground, ground.large) as [here]:
        taken = {"now": _next_free_times(ground, here)}
        here.now = late_friday(ground.now)
        taken["late on a Friday"] = _next_free_times(ground, here)
        count = len(here.next_free())
        statements = max(_statements(here.next_free), _statements(here.next_session))
    slower, times = max(taken.items(), key=lambda each: each[1][OURS].p50)
    both = ", ".join(f"{at} {each[OURS].p50:.2f}" for at, each in taken.items())
    yield Result(
        name="search.next_free_all",
        value=times[OURS].p50,
        unit="ms",
        baseline=times["SQL"].p50,
        ratio=times[OURS].p50 / times["SQL"].p50,
        note=f"{count} centres, {statements} statement, 1.2 M appointments, {slower} ({both}); "
        f"ours {times[OURS]}, group sessions {times['sessions'].p50:.2f}; "
        f"limit: plpgsql loop over each centre's first shifts ({times['SQL']})",
    )


def late_friday(now: datetime) -> datetime:
    """The coming Friday, when with the notice of two hours the day's half-days have twenty minutes
    left and no start any more: all of them are looked at in vain, then those of Monday."""
    friday = now.date() + timedelta(days=(4 - now.weekday()) % 7 or 7)
    return datetime.combine(friday, LATE, ZoneInfo("Europe/Paris")).astimezone(UTC)


def _next_free_times(ground: Ground, here: Place) -> dict[str, Times]:
    ours = {centre: slot[:4] for centre, slot in here.next_free().items()}
    calls = {OURS: here.next_free, "SQL": _same_by_hand(here, ours), "sessions": here.next_session}
    return alternate(calls, rounds=ground.rounds(250))


def _same_by_hand(here: Place, ours: dict[int, tuple[int, ...]]) -> Callable[[], object]:
    """The hand-written SQL that looks at no more shifts than it must to find the same."""
    for depth in limits.FIRST_DEPTHS:
        if ours == {row[5]: tuple(row[:4]) for row in here.next_free_limit(depth)}:
            return partial(here.next_free_limit, depth)
    raise RuntimeError("the hand-written SQL finds other next free times")


def _statements(call: Callable[[], object]) -> int:
    sent: list[str] = []

    def count(execute: Callable[..., Any], query: str, *rest: Any) -> Any:
        sent.append(query)
        return execute(query, *rest)

    with connection.execute_wrapper(count):
        call()
    return len(sent)


def growth(ground: Ground) -> Iterator[Result]:
    """growth.search: the same week with ten times the history, over the same week without."""
    with places(ground, ground.small, ground.large) as [small, large]:
        week = _grown(small, large, lambda here: here.week(), rounds=ground.rounds(400))
        limit = _grown(small, large, lambda here: here.week_limit(), rounds=ground.rounds(400))
        others = {
            "90 days": _grown(
                small, large, lambda here: here.search(here.window(90)), rounds=ground.rounds(40)
            ),
            "next free of all": _grown(
                small, large, lambda here: here.next_free(), rounds=ground.rounds(100)
            ),
        }
    more = ", ".join(f"{name} ×{_ratio(times):.2f}" for name, times in others.items())
    yield Result(
        name="growth.search",
        value=_ratio(week),
        unit="×",
        baseline=_ratio(limit),
        ratio=_ratio(week) / _ratio(limit),
        note=f"a centre's week: {week['large'].p50:.2f} ms with 1.2 M appointments, "
        f"{week['small'].p50:.2f} with 120 k; {more}; limit: the same in SQL (plpgsql loop)",
    )


def _grown(
    small: Place, large: Place, call: Callable[[Place], object], *, rounds: int
) -> dict[str, Times]:
    return alternate({"small": lambda: call(small), "large": lambda: call(large)}, rounds=rounds)


def _ratio(times: dict[str, Times]) -> float:
    return times["large"].p50 / times["small"].p50
