"""Free times that somebody waits for and that could not be booked before: a half-day was opened,
restored or made longer, an absence withdrawn; or its day has just come within reach (ADR 0036)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection

from booking import queries, rules
from booking.availability import ShiftLoad, Window, footprint, session_seats, shift_starts
from booking.freebook import NOTICE_REACHES
from booking.intervals import Interval
from booking.waiting import Freed
from booking.waitlist import NEAREST
from centres.calendar import from_minute, to_minute
from centres.models import AppointmentType, Centre, PublicHoliday
from centres.rollout import Stage, effective_stage

# So long a time is new; then who waits has been asked, and it is anybody's like all others.
NEW_FOR = timedelta(days=3)
# So many half-days are looked at in one pass: the soonest always, of the others by turns as many.
MOST = 300
# Where families are booked just now: not where a centre is being prepared, or has paused.
RECEIVING = (Stage.OPEN, Stage.AGENTS_ONLY)

# Of each type and place that somebody waits for: half-days with room that are new, and those of the
# days that a type's horizon has just reached. One range of the index of offers each.
NEW = f"""
WITH wanted AS (
    SELECT DISTINCT e.type_id, site.centre_id, site.id AS site_id
    FROM booking_waitinglistentry e JOIN centres_site site ON site.id = ANY (e.sites)
    WHERE e.state = 'open')
SELECT count(*) OVER (), o.type_id, m.at, {queries.SHIFT_COLUMNS}
FROM wanted w
JOIN centres_appointmenttype kind ON kind.id = w.type_id
JOIN centres_shifttype o ON o.type_id = w.type_id AND o.centre_id = w.centre_id
    AND o.starts_at > %(nearest)s - interval '14 hours'
    AND o.starts_at < %(now)s + (kind.horizon_days + 2) * interval '1 day'
JOIN centres_shift s ON s.id = o.shift_id AND s.site_id = w.site_id
LEFT JOIN booking_newtime m ON m.shift_id = s.id AND m.at > %(since)s AND m.at <= %(now)s
WHERE s.status = 'open' AND s.ends_at > %(nearest)s
  AND (m.at IS NOT NULL
       OR o.starts_at > %(since)s + (kind.horizon_days - 1) * interval '1 day')
  AND s.room >= CASE WHEN s.seats > 1 THEN 1 ELSE
      kind.buffer_before_min + kind.duration_min + kind.buffer_after_min END
ORDER BY o.starts_at, o.shift_id, o.type_id
LIMIT %(most)s OFFSET %(skipped)s
"""  # noqa: S608 - made of constants


class NewTime(NamedTuple):
    """A start that can be booked since then, and could not before."""

    kind: AppointmentType
    centre: Centre
    load: ShiftLoad
    start: int
    since: datetime

    @property
    def freed(self) -> Freed:
        load = self.load
        starts = from_minute(self.start, ZoneInfo(self.centre.time_zone))
        return Freed(self.kind.pk, load.site, load.practitioner, starts)

    @property
    def busy(self) -> Interval | None:
        """The minutes it takes of its practitioner; None of a session, which has seats."""
        if self.load.seats > 1:
            return None
        return footprint(self.start, queries.type_rules(self.kind).timing)


def new_times(*, now: datetime) -> list[NewTime]:
    """Those that a family may be asked about now, soonest first: only what the public may choose,
    so not the agents' reserve. One statement when there is none, four when there are some."""
    rows = _rows(now=now)
    if not rows:
        return []
    kinds = AppointmentType.objects.in_bulk({kind for kind, _at, _load in rows})
    known = Centre.objects.select_related("department")
    centres = known.in_bulk({load.centre for _kind, _at, load in rows})
    days_off = holidays(centres.values(), now=now)
    found: list[NewTime] = []
    for kind, at, load in rows:
        centre = centres[load.centre]
        off = days_off[centre.department_id]
        found += _starts(kinds[kind], centre, load, at, now=now, holidays=off)
    return sorted(found, key=lambda each: (each.start, each.load.id))


def _rows(*, now: datetime) -> list[tuple[int, datetime | None, ShiftLoad]]:
    """The soonest; and when there are more, one page of the others, another each minute."""
    total, rows = _page(now=now, skipped=0)
    pages = -(-total // MOST)
    if pages > 1:
        page = 1 + int(now.timestamp() // 60) % (pages - 1)
        rows += _page(now=now, skipped=page * MOST)[1]
    return rows


def _page(
    *, now: datetime, skipped: int
) -> tuple[int, list[tuple[int, datetime | None, ShiftLoad]]]:
    values: dict[str, Any] = {
        "now": now,
        "nearest": now + NEAREST,
        "since": now - NEW_FOR,
        "most": MOST,
        "skipped": skipped,
    }
    with connection.cursor() as cursor:
        cursor.execute(NEW, values)
        found = cursor.fetchall()
    total = int(found[0][0]) if found else 0
    return total, [(kind, at, ShiftLoad._make(load)) for _total, kind, at, *load in found]


def holidays(centres: Collection[Centre], *, now: datetime) -> defaultdict[int, set[date]]:
    """Of their Départements, those near: one query."""
    first = now.date() - timedelta(days=1)
    near = PublicHoliday.objects.filter(
        department__in={each.department_id for each in centres},
        on__range=(first, first + NOTICE_REACHES),
    )
    found: defaultdict[int, set[date]] = defaultdict(set)
    for department, on in near.values_list("department", "on"):
        found[department].add(on)
    return found


def _starts(
    kind: AppointmentType,
    centre: Centre,
    load: ShiftLoad,
    opened_at: datetime | None,
    *,
    now: datetime,
    holidays: Collection[date],
) -> Iterator[NewTime]:
    is_bookable = kind.is_active and kind.booking != AppointmentType.Booking.WALK_IN
    if not is_bookable or effective_stage(centre, now=now) not in RECEIVING:
        return
    limits = queries.type_rules(kind)
    window = queries.window_for(kind, centre, now=now, holidays=holidays)
    earliest = max(window.earliest, to_minute(now + NEAREST))
    window = Window(earliest, max(earliest, window.latest))
    times = session_seats(load, for_public=True) if load.seats > 1 else 1
    for start in shift_starts(load, limits.timing, for_public=True):
        if not window.earliest <= start < window.latest:
            continue
        reached = rules.bookable_from(
            from_minute(start),
            horizon_days=limits.horizon_days,
            zone=ZoneInfo(centre.time_zone),
            release=centre.release_time,
        )
        since = max(reached, opened_at) if opened_at else reached
        if since > now - NEW_FOR:
            yield from [NewTime(kind, centre, load, start, since)] * times
