"""What half-days count of themselves always equals a recount, whatever was done before."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from booking import actions
from booking.errors import Refusal
from booking.intervals import gaps, pairs
from booking.models import Appointment
from centres.actions import declare_absence
from centres.models import Absence, Shift, ShiftType
from tests.booking.scene import AGENT, FEW, NOW, Scene, after, clock, open_morning, parent, undone
from tests.factories import make_practitioner

pytestmark = pytest.mark.django_db
FIRM = ["booked", "arrived", "in_progress", "fulfilled", "noshow"]
CHANGES_OF_SHIFTS = ["absence", "later", "other", "replaced"]
ACTIONS = ["hold", "confirm", "confirm", "move", "cancel", "visit", "overbook", "erase"]
STEPS = st.lists(
    st.tuples(st.sampled_from(ACTIONS + CHANGES_OF_SHIFTS), st.integers(0, 40), st.integers(0, 40)),
    min_size=4,
    max_size=14,
)


def minute(instant) -> int:
    return int(instant.timestamp()) // 60


def check_books() -> None:
    """Count again, by the appointments alone, and compare."""
    firm = list(Appointment.objects.filter(state__in=FIRM))
    for shift in Shift.objects.all():
        starts, ends = minute(shift.starts_at), minute(shift.ends_at)
        if shift.seats > 1:
            taken = sum(1 for one in firm if one.shift_id == shift.pk)
            is_shut = shift.closed or taken >= shift.seats
            assert (shift.taken, shift.busy) == (taken, [])
            assert shift.room == shift.free == (0 if is_shut else ends - starts)
            continue
        busy = sorted(
            (minute(one.busy_from), minute(one.busy_until))
            for one in firm
            if one.practitioner_id == shift.practitioner_id
            and minute(one.busy_from) < ends
            and minute(one.busy_until) > starts
        )
        free = gaps(starts, ends, busy + pairs(shift.closed))
        assert (sorted(pairs(shift.busy)), shift.taken) == (busy, 0)
        assert shift.room == max((b - a for a, b in free), default=0)
        assert shift.free == sum(b - a for a, b in free)


@settings(FEW, max_examples=12)
@given(STEPS)
def test_the_books_are_right_after_anything(steps: list[tuple[str, int, int]]) -> None:
    with undone():
        scene = open_morning(buffer_after_min=5)
        scene.another_doctor()
        scene.another_doctor(starts_at=clock("13:00"), seats=3)
        for what, first, second in steps:
            try:
                with transaction.atomic():
                    take(scene, what, first, second)
            except (Refusal, IntegrityError):
                pass  # refused, so nothing changed: the books must be right all the same
            check_books()


def take(scene: Scene, what: str, first: int, second: int) -> None:
    """One step: `first` and `second` choose among what there is."""
    if what in CHANGES_OF_SHIFTS:
        shifts = list(Shift.objects.order_by("pk"))
        change_shift(what, shifts[first % len(shifts)], second)
        return
    existing = list(Appointment.objects.order_by("pk"))
    if what in ("hold", "overbook") or not existing:
        start_one(scene, what, first, second)
        return
    one = existing[first % len(existing)]
    if what == "confirm":
        actions.confirm(uid=one.uid, who=parent(one.pk), now=NOW, actor=AGENT)
    elif what == "cancel":
        actions.cancel(uid=one.uid, now=NOW, actor=AGENT)
    elif what == "visit":
        step = [actions.arrive, actions.start, actions.fulfil, actions.mark_noshow][second % 4]
        step(uid=one.uid, now=after(days=2), actor=AGENT)
    elif what == "erase":
        one.delete()
    elif what == "move":
        start = minute(clock("09:00")) + 5 * second
        held = actions.hold(
            kind=one.type,
            centre=one.centre,
            start=start,
            now=NOW,
            actor=AGENT,
            moving=one.uid,
        )
        actions.move(uid=one.uid, hold_uid=held.uid, now=NOW, actor=AGENT)


def start_one(scene: Scene, what: str, first: int, second: int) -> None:
    if what == "overbook":
        actions.overbook(
            shift_id=scene.shift.pk,
            type_id=scene.kind.pk,
            start=minute(clock("09:00")) + first * 5,
            who=parent(second),
            reason="Urgence",
            now=NOW,
            actor=AGENT,
        )
    else:
        at = clock("13:00") if second % 4 == 0 else clock("09:00") + timedelta(minutes=15 * first)
        actions.hold(
            kind=scene.kind,
            centre=scene.centre,
            start=minute(at),
            now=NOW,
            actor=AGENT,
        )


def change_shift(what: str, shift: Shift, number: int) -> None:
    mine = Shift.objects.filter(pk=shift.pk)
    later = timedelta(minutes=5 * number - 60)
    if what == "absence":
        starts_at = shift.starts_at + timedelta(minutes=number)
        away = {"starts_at": starts_at, "ends_at": starts_at + timedelta(minutes=25)}
        declare_absence(absence=Absence(practitioner=shift.practitioner, **away))
    elif what == "later":
        mine.update(starts_at=shift.starts_at + later, ends_at=shift.ends_at + later)
    elif what == "other":
        mine.update(practitioner=make_practitioner())
    else:  # cancelled, with a new one made over the same and some other time
        mine.update(status=Shift.Status.CANCELLED)
        types = list(shift.offers.values_list("type_id", flat=True))
        shift.pk, shift.rule, shift.status = None, None, Shift.Status.OPEN
        shift.starts_at, shift.ends_at = shift.starts_at + later, shift.ends_at + later
        shift.save(force_insert=True)
        for kind in types:
            ShiftType.objects.create(
                shift=shift, type_id=kind, centre_id=shift.centre_id, starts_at=shift.starts_at
            )


def test_one_left_outside_its_half_day_frees_the_one_it_stood_in_when_it_moves() -> None:
    """Its own half-day was cancelled and replaced; its time still counts in the new one."""
    scene = open_morning()
    booked = scene.book("09:00")
    Shift.objects.filter(pk=scene.shift.pk).update(status=Shift.Status.CANCELLED)
    new = scene.another_doctor()
    Shift.objects.filter(pk=new.pk).update(practitioner=scene.shift.practitioner)
    check_books()
    later = scene.another_doctor(starts_at=clock("14:00"))
    held = scene.hold("14:00", moving=booked.uid)
    actions.move(uid=booked.uid, hold_uid=held.uid, now=NOW)
    new.refresh_from_db()
    later.refresh_from_db()
    assert (new.busy, len(later.busy)) == ([], 2)
    check_books()
