"""The next free slot of many centres equals the first of each centre's own list."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from booking import actions, queries
from booking.availability import Window
from booking.models import Appointment
from centres.models import AppointmentType, Centre, Shift
from tests.booking.scene import FEW, NOW, Scene, clock, open_morning, undone
from tests.factories import make_centre, make_practitioner, make_shift, make_site

pytestmark = pytest.mark.django_db


def same_as_search(scene: Scene, centres: list[Centre], **wishes: Any) -> dict[int, int]:
    """The start found for each centre, once checked against the centre's whole list."""
    windows = {centre.pk: queries.window_for(scene.kind, centre, now=NOW) for centre in centres}
    found = queries.next_free(kind=scene.kind, windows=windows, now=NOW, **wishes)
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
            start=int(shift.starts_at.timestamp()) // 60 + minute,
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
        scene.centre.pk: int(clock("09:30").timestamp()) // 60,
        second.pk: int(clock("10:00").timestamp()) // 60,
    }


def test_no_centre_is_no_query(django_assert_num_queries: Any) -> None:
    kind = open_morning().kind
    with django_assert_num_queries(0):
        assert queries.next_free(kind=kind, windows={}, now=NOW) == {}


def test_when_all_the_first_half_days_are_held_it_looks_deeper(
    django_assert_num_queries: Any,
) -> None:
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
    windows = {scene.centre.pk: queries.window_for(scene.kind, scene.centre, now=NOW)}
    with django_assert_num_queries(3):  # one half-day deep, then four, then sixteen
        found = queries.next_free(kind=scene.kind, windows=windows, now=NOW, depth=1)
    assert found[scene.centre.pk].shift == mornings[4].pk
    assert same_as_search(scene, [scene.centre], depth=2)


def test_it_ends_when_everything_is_held() -> None:
    scene = open_morning()
    fill(scene.shift, scene.kind)
    assert same_as_search(scene, [scene.centre], depth=1) == {}


def test_a_long_half_day_read_first_may_have_a_later_slot_than_a_short_one() -> None:
    """09:00–12:00 is held until 11:00; the colleague begins at 10:00."""
    scene = open_morning()
    colleague = scene.another_doctor(starts_at=clock("10:00"), hours=1)
    for at in ("09:00", "09:30", "10:00", "10:30"):
        scene.hold(at, practitioner_id=scene.shift.practitioner_id)
    assert same_as_search(scene, [scene.centre], depth=1) == {
        scene.centre.pk: int(colleague.starts_at.timestamp()) // 60
    }


@settings(FEW, max_examples=8)
@given(
    half_days=st.lists(
        # which centre, on which day, from which hour, how long, how many visits held at its start
        st.tuples(
            st.integers(0, 2),
            st.integers(0, 3),
            st.integers(8, 14),
            st.integers(1, 4),
            st.integers(0, 8),
        ),
        max_size=7,
    ),
    depth=st.integers(1, 3),
)
def test_it_equals_the_first_of_each_list(half_days: list[tuple], depth: int) -> None:
    with undone():
        scene = open_morning()
        Appointment.objects.all().delete()
        centres = [scene.centre, make_centre(), make_centre()]
        sites = [scene.shift.site, *(make_site(centre) for centre in centres[1:])]
        for which, day, hour, hours, held in half_days:
            shift = make_shift(
                starts_at=clock(f"{hour:02}:00") + timedelta(days=day),
                hours=hours,
                site=sites[which],
                types=[scene.kind],
                practitioner=make_practitioner(),
            )
            listed = queries.search(
                kind=scene.kind, centre=shift.centre, window=Window(0, 10**9), now=NOW
            )
            mine = [slot.start for slot in listed if slot.shift == shift.pk]
            for start in mine[: 2 * held : 2]:
                actions.hold(
                    kind=scene.kind,
                    centre=shift.centre,
                    start=start,
                    now=NOW,
                    practitioner_id=shift.practitioner_id,
                )
        same_as_search(scene, centres, depth=depth)
