"""Editing a rule never loses an appointment: each stays on a half-day, those outside are listed."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from booking.models import Appointment
from centres.actions import Expansion, expand_rules
from centres.models import OpeningRule, Shift
from tests.booking.scene import FEW, undone
from tests.factories import (
    PARIS,
    make_appointment,
    make_practitioner,
    make_rule,
    make_site,
    make_type,
)

pytestmark = pytest.mark.django_db
TODAY = date(2027, 3, 1)
FIRM = ["booked", "arrived", "in_progress", "fulfilled", "noshow"]

EDITS = st.fixed_dictionaries(
    {},
    optional={
        "rrule": st.sampled_from(
            ["FREQ=WEEKLY;BYDAY=TU", "FREQ=WEEKLY;BYDAY=MO,TU", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO"]
        ),
        "opens": st.sampled_from([time(8), time(10), time(10, 15)]),
        "closes": st.sampled_from([time(11), time(11, 40), time(13)]),
        "seats": st.sampled_from([1, 2, 3]),
        "agent_reserve": st.integers(0, 3),
        "valid_from": st.sampled_from([TODAY + timedelta(days=k) for k in (0, 8)]),
        "valid_until": st.sampled_from([TODAY + timedelta(days=k) for k in (10, 20)]),
        "is_active": st.just(False),
        "practitioner": st.just("another"),
        "site": st.just("another"),
    },
)
# Appointments there before the edit: which half-day, at which quarter of an hour, in what state.
BOOKED = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 10), st.sampled_from([*FIRM, "cancelled", "held"])),
    max_size=4,
)


def mondays(**fields: Any) -> OpeningRule:
    details = {"rrule": "FREQ=WEEKLY;BYDAY=MO", "valid_from": TODAY}
    return make_rule(types=[make_type()], **details | fields)


def expand() -> Expansion:
    return expand_rules(today=TODAY, months=1)


def edit(rule: OpeningRule, **fields: Any) -> Expansion:
    """Save the edit and expand the rule again."""
    if fields.get("practitioner") == "another":
        fields["practitioner"] = make_practitioner()
    if fields.get("site") == "another":
        fields["site"] = make_site(rule.site.centre)
    for name, value in fields.items():
        setattr(rule, name, value)
    rule.save()
    return expand()


def is_outside(one: Appointment) -> bool:
    """Whether its half-day no longer receives it: gone, elsewhere, another's, or too short."""
    shift = one.shift
    fits = shift.starts_at <= one.busy_from and one.busy_until <= shift.ends_at
    if shift.seats > 1:
        fits = (shift.starts_at, shift.ends_at) == (one.busy_from, one.busy_until)
    return not (
        fits
        and shift.status == Shift.Status.OPEN
        and (shift.practitioner_id, shift.site_id) == (one.practitioner_id, one.site_id)
    )


def fill(rule: OpeningRule, booked: list[tuple[int, int, str]]) -> None:
    shifts = list(rule.shifts.order_by("occurs_on"))
    taken: set[tuple[int, int]] = set()
    for which, quarter, state in booked:
        shift = shifts[which]
        half_hour = 0 if shift.seats > 1 else quarter // 2
        if (which, half_hour) in taken:
            continue
        taken.add((which, half_hour))
        starts_at = shift.starts_at + timedelta(minutes=30 * half_hour)
        expires_at = starts_at if state == "held" else None
        make_appointment(shift, starts_at=starts_at, state=state, expires_at=expires_at)


@settings(FEW, max_examples=25)
@given(seats=st.sampled_from([1, 1, 3]), booked=BOOKED, first=EDITS, second=EDITS)
def test_no_edit_loses_an_appointment(
    seats: int, booked: list[tuple], first: dict[str, Any], second: dict[str, Any]
) -> None:
    with undone():
        rule = mondays(seats=seats)
        expand()
        fill(rule, booked)
        before = list(Appointment.objects.order_by("pk").values())
        listed: set[int] = set()
        for fields in (first, second):
            listed |= set(edit(rule, **fields).outside)
            left = list(Appointment.objects.order_by("pk").values())
            assert left == before, "not one is gone or changed"
            firm = Appointment.objects.filter(state__in=FIRM).select_related("shift")
            outside = {one.shift_id for one in firm if is_outside(one)}
            assert outside <= listed
        again = expand()
        assert again[:4] == (0, 0, 0, []), "and again nothing to do"


def test_a_day_dropped_is_cancelled_if_booked_and_removed_if_not() -> None:
    rule = mondays()
    expand()
    booked = make_appointment(rule.shifts.get(occurs_on=date(2027, 3, 8)))
    done = edit(rule, rrule="FREQ=WEEKLY;BYDAY=TU")
    assert (done.made, done.removed, done.outside) == (5, 4, [booked.shift_id])
    booked.shift.refresh_from_db()
    assert booked.shift.status == Shift.Status.CANCELLED
    assert edit(rule).outside == [], "listed once, when it happens"


def test_a_day_taken_up_again_is_open_again() -> None:
    rule = mondays()
    expand()
    booked = make_appointment(rule.shifts.get(occurs_on=date(2027, 3, 8)))
    edit(rule, rrule="FREQ=WEEKLY;BYDAY=TU")
    edit(rule, rrule="FREQ=WEEKLY;BYDAY=MO")
    booked.shift.refresh_from_db()
    assert booked.shift.status == Shift.Status.OPEN
    assert len(booked.shift.busy) == 2


@pytest.mark.parametrize(
    ("at", "fields", "is_listed"),
    [
        (time(9), {"opens": time(10)}, True),
        (time(10), {"opens": time(10)}, False),
        (time(11, 30), {"closes": time(11, 45)}, True),  # it would end too late
        (time(11, 30), {"closes": time(13)}, False),
        (time(9), {"practitioner": "another"}, True),
        (time(9), {"site": "another"}, True),  # the family was told another address
        (time(9), {"agent_reserve": 2}, False),
    ],
)
def test_an_appointment_the_new_hours_leave_outside_is_listed(
    at: time, fields: dict, is_listed: bool
) -> None:
    rule = mondays()
    expand()
    shift = rule.shifts.get(occurs_on=date(2027, 3, 8))
    make_appointment(shift, starts_at=datetime.combine(shift.occurs_on, at, PARIS))
    assert edit(rule, **fields).outside == ([shift.pk] if is_listed else [])


def test_a_session_with_families_that_changes_its_hours_is_listed() -> None:
    rule = mondays(seats=3)
    expand()
    booked = make_appointment(rule.shifts.get(occurs_on=date(2027, 3, 8)))
    assert edit(rule, opens=time(10)).outside == [booked.shift_id]


def test_a_session_keeps_the_seats_families_have() -> None:
    rule = mondays(seats=3)
    expand()
    booked = make_appointment(rule.shifts.get(occurs_on=date(2027, 3, 8)), seat=3)
    edit(rule, seats=2)
    booked.shift.refresh_from_db()
    assert (booked.shift.seats, booked.shift.taken) == (3, 1)
    assert set(rule.shifts.exclude(pk=booked.shift_id).values_list("seats", flat=True)) == {2}


def test_what_is_past_is_left_alone() -> None:
    rule = mondays()
    expand()
    edit(rule, opens=time(8))
    expand_rules(today=date(2027, 3, 15), months=1)
    rule.opens = time(10)
    rule.save()
    expand_rules(today=date(2027, 3, 15), months=1)
    opens = rule.shifts.order_by("occurs_on").values_list("starts_at", flat=True)
    assert [one.astimezone(PARIS).hour for one in opens][:4] == [8, 8, 10, 10]
