"""The next free slot of many centres equals the first of each centre's own list."""

from contextlib import suppress
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from booking import actions, queries
from booking.availability import ShiftLoad, Timing, Window, slots
from booking.intervals import pairs
from centres.actions import declare_absence
from centres.calendar import to_minute
from centres.models import Absence, AppointmentType, Centre, Shift
from tests.booking.scene import FEW, NOW, Scene, after, clock, open_morning, undone
from tests.booking.test_availability_properties import BEGIN, LENGTH, SHIFTS, TIMINGS
from tests.factories import make_appointment, make_centre, make_shift, make_site

pytestmark = pytest.mark.django_db
FIRST_START = (
    f"SELECT booking_first_start({', '.join(['%s'] * 5 + ['%s::int[]'] * 3 + ['%s'] * 6)})"
)


def same_as_search(scene: Scene, centres: list[Centre]) -> dict[int, int]:
    """The start found for each centre by one query, checked against the centre's whole list."""
    windows = {centre.pk: queries.window_for(scene.kind, centre, now=NOW) for centre in centres}
    with CaptureQueriesContext(connection) as sent:
        found = queries.next_free(kind=scene.kind, windows=windows, now=NOW)
    assert len(sent) == 1
    expected = {}
    for centre in centres:
        listed = queries.search(kind=scene.kind, centre=centre, window=windows[centre.pk], now=NOW)
        if listed:
            expected[centre.pk] = min(listed).start
    assert {pk: slot.start for pk, slot in found.items()} == expected
    return expected


def fill(shift: Shift, kind: AppointmentType) -> None:
    """Hold every start of a half-day."""
    for minute in range(0, 180, 30):
        actions.hold(
            kind=kind,
            centre=shift.centre,
            start=to_minute(shift.starts_at) + minute,
            now=NOW,
            practitioner_id=shift.practitioner_id,
        )


def test_every_centre_gets_its_own_first_slot() -> None:
    scene = open_morning()
    second, empty = make_centre(), make_centre()
    make_shift(starts_at=clock("10:00"), site=make_site(second), types=[scene.kind])
    scene.hold("09:00")
    found = same_as_search(scene, [scene.centre, second, empty])
    assert found == {
        scene.centre.pk: to_minute(clock("09:30")),
        second.pk: to_minute(clock("10:00")),
    }


def test_no_centre_is_no_query(django_assert_num_queries: Any) -> None:
    kind = open_morning().kind
    with django_assert_num_queries(0):
        assert queries.next_free(kind=kind, windows={}, now=NOW) == {}


def test_when_all_the_first_half_days_are_held_it_looks_further() -> None:
    scene = open_morning()
    days = [date(2027, 3, 3 + k) for k in range(5)]
    mornings = [scene.shift] + [
        make_shift(
            starts_at=clock("09:00", day),
            site=scene.shift.site,
            types=[scene.kind],
            practitioner=scene.shift.practitioner,
        )
        for day in days
    ]
    for shift in mornings[:4]:
        fill(shift, scene.kind)
    assert same_as_search(scene, [scene.centre]) == {
        scene.centre.pk: to_minute(clock("09:00", days[3]))
    }


def test_it_ends_when_everything_is_held() -> None:
    scene = open_morning()
    fill(scene.shift, scene.kind)
    assert same_as_search(scene, [scene.centre]) == {}


def test_a_long_half_day_read_first_may_have_a_later_slot_than_a_short_one() -> None:
    """09:00–12:00 is held until 11:00; the colleague begins at 10:00."""
    scene = open_morning()
    colleague = scene.another_doctor(starts_at=clock("10:00"), hours=1)
    for at in ("09:00", "09:30", "10:00", "10:30"):
        scene.hold(at, practitioner_id=scene.shift.practitioner_id)
    assert same_as_search(scene, [scene.centre]) == {
        scene.centre.pk: to_minute(colleague.starts_at)
    }


def test_what_is_left_to_agents_is_passed_by() -> None:
    """Two short gaps are one appointment, not two; a held seat counts against the reserve."""
    scene = open_morning(hours=2, duration_min=40, shift={"agent_reserve": 1})
    make_appointment(scene.shift, starts_at=clock("09:20"))  # 20 minutes before it, 60 after
    session = scene.another_doctor(starts_at=clock("13:00"), seats=3, agent_reserve=1)
    scene.hold("13:00")
    free = scene.another_doctor(starts_at=clock("15:00"), agent_reserve=1)
    assert same_as_search(scene, [scene.centre]) == {scene.centre.pk: to_minute(session.starts_at)}
    scene.hold("13:00")
    assert same_as_search(scene, [scene.centre]) == {scene.centre.pk: to_minute(free.starts_at)}


def test_what_is_held_is_asked_only_of_half_days_with_a_time_free_without_it() -> None:
    """A colleague more whose last hours are booked is one half-day more to look at, no more."""
    scene = open_morning()
    book_last_hours(scene.shift)
    next_day = scene.another_doctor(starts_at=clock("09:00", date(2027, 3, 3)))
    few = appointments_asked(scene, next_day)
    for _ in range(9):
        book_last_hours(scene.another_doctor())
    assert appointments_asked(scene, next_day) == few > 0


def book_last_hours(shift: Shift) -> None:
    for at in ("10:00", "10:30", "11:00", "11:30"):
        make_appointment(shift, starts_at=clock(at))


def appointments_asked(scene: Scene, expected: Shift) -> int:
    """How often one query of the times from ten on reads appointments, as PostgreSQL counts it."""
    window = Window(to_minute(clock("10:00")), to_minute(after(days=9)))
    before = scans()
    found = queries.next_free(kind=scene.kind, windows={scene.centre.pk: window}, now=NOW)
    assert found[scene.centre.pk].shift == expected.pk
    return scans() - before


def scans() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seq_scan + idx_scan FROM pg_stat_xact_user_tables "
            "WHERE relname = 'booking_appointment'"
        )
        return int(cursor.fetchone()[0])


@settings(max_examples=150)
@given(
    shift=SHIFTS,
    seats=st.sampled_from([1, 1, 1, 4]),
    reserve=st.sampled_from([0, 0, 1]),
    held=st.lists(st.integers(BEGIN, BEGIN + LENGTH), max_size=4),
    timing=TIMINGS,
    opens=st.integers(BEGIN - 60, BEGIN + 60),
    closes=st.integers(BEGIN, BEGIN + LENGTH),
)
def test_the_database_finds_one_after_the_other_what_python_lists(
    shift: ShiftLoad,
    seats: int,
    reserve: int,
    held: list[int],
    timing: Timing,
    opens: int,
    closes: int,
) -> None:
    in_order = [edge for pair in sorted(pairs(shift.busy)) for edge in pair]
    blocked = [edge for at in held for edge in (at, at + 10)]
    shift = shift._replace(
        busy=in_order, blocked=blocked, seats=seats, taken=max(0, len(held) - 1), reserve=reserve
    )
    loaded = [shift.starts, shift.ends, seats, shift.taken, reserve]
    taken = [shift.closed, shift.busy, shift.blocked]
    used = [timing.before, timing.duration, timing.after, timing.step]
    found, since = [], opens
    with connection.cursor() as cursor:
        while True:
            cursor.execute(FIRST_START, [*loaded, *taken, *used, since, closes])
            if (start := cursor.fetchone()[0]) is None:
                break
            found.append(start)
            since = start + 1
    assert found == [slot.start for slot in slots([shift], timing, Window(opens, closes))]


TIMES = st.fixed_dictionaries(
    {
        "duration_min": st.sampled_from([10, 20, 30, 45]),
        "step_min": st.sampled_from([10, 15, 20]),
        "buffer_before_min": st.sampled_from([0, 5]),
        "buffer_after_min": st.sampled_from([0, 10]),
    }
)
HALF_DAYS = st.lists(
    # which centre, how many hours from now, how long, seats, reserve; then what happens in it: a
    # visit booked, one held or cancelled, an absence, each at a minute of it.
    st.tuples(
        st.integers(0, 2),
        st.integers(-2, 28),
        st.integers(1, 4),
        st.sampled_from([1, 1, 1, 2, 3]),
        st.integers(0, 3),
        st.lists(
            st.tuples(
                st.sampled_from(["booked", "held", "cancelled", "absent"]),
                st.integers(0, 24).map(lambda k: 10 * k),
            ),
            max_size=8,
        ),
    ),
    max_size=8,
)


@settings(FEW, max_examples=20)
@given(kind=TIMES, half_days=HALF_DAYS)
def test_it_equals_the_first_of_each_list(kind: dict[str, int], half_days: list[tuple]) -> None:
    with undone():
        scene = open_morning(notice_min=30, **kind)
        centres = [scene.centre, make_centre(), make_centre()]
        sites = [scene.shift.site, *(make_site(centre) for centre in centres[1:])]
        for which, begins, hours, seats, reserve, events in half_days:
            shift = scene.another_doctor(
                starts_at=NOW + timedelta(hours=begins),
                hours=hours,
                site=sites[which],
                seats=seats,
                agent_reserve=reserve,
            )
            for what, minute in events:
                make_happen(shift, what, minute)
        same_as_search(scene, centres)


def make_happen(shift: Shift, what: str, minute: int) -> None:
    """Written past every action; what the database refuses does not happen."""
    at = shift.starts_at + timedelta(minutes=minute)
    if what == "absent":
        period = {"starts_at": at, "ends_at": at + timedelta(minutes=20)}
        declare_absence(absence=Absence(practitioner=shift.practitioner, **period))
        return
    until = {"held": {"expires_at": after(9)}, "cancelled": {"reoffer_at": after(9)}}
    with suppress(IntegrityError), transaction.atomic():
        make_appointment(
            shift,
            starts_at=shift.starts_at if shift.seats > 1 else at,
            state=what,
            **until.get(what, {}),
        )
