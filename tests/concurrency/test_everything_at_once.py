"""Fifty clients on ten times: holds, confirmations, moves and cancellations mixed."""

import random
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from booking import actions
from booking.errors import Refusal
from booking.models import Appointment, AppointmentEvent
from centres.actions import declare_absence, withdraw
from centres.models import Absence, Centre, Shift
from notifications.models import OutboxMessage
from tests.booking.scene import AGENT, Scene, after, clock, open_morning, open_session, parent
from tests.booking.test_shift_bookkeeping import check_books
from tests.concurrency.race import OVER_FULL, OVERLAPS, at_once, count

pytestmark = pytest.mark.django_db(transaction=True)
CLIENTS = 50
TIMES = ["09:00", "09:30", "10:00", "10:30", "11:00"]  # with two doctors each
# Who is booked at a time already and asks for it with the other doctor, or for a second seat of
# the same session, is told so: the last of these.
REFUSED = {"slot_taken", "hold_expired", "wrong_state", "already_booked_then"}


class Client:
    """One family with its own clock, a few minutes off, that tries what it likes."""

    def __init__(self, scene: Scene, number: int, times: list[str]) -> None:
        self.scene, self.who, self.times = scene, parent(number), times
        self.chance = random.Random(number)
        self.answers: Counter[str] = Counter()

    def live(self) -> Counter[str]:
        for _ in range(2):
            booked = self.attempt(self.book)
            if booked is not None:
                self.attempt(
                    partial(self.chance.choice([self.move, self.cancel, self.keep]), booked)
                )
        return self.answers

    def attempt(self, action: Callable[[], Any]) -> Any:
        try:
            done = action()
        except Refusal as refusal:
            self.answers[refusal.code] += 1
            return None
        self.answers["done"] += 1
        return done

    def book(self) -> Appointment:
        now = after(self.chance.randrange(0, 20))
        held = self.scene.hold(self.chance.choice(self.times), now=now)
        if self.chance.random() < 0.2:
            held = actions.extend_hold(uid=held.uid, now=now)
        return actions.confirm(uid=held.uid, who=self.who, now=now)

    def move(self, booked: Appointment) -> Appointment:
        now = after(self.chance.randrange(0, 20))
        return self.scene.move(booked.uid, self.chance.choice(self.times), now=now)

    def cancel(self, booked: Appointment) -> Appointment:
        return actions.cancel(uid=booked.uid, now=after(self.chance.randrange(0, 20)))

    def keep(self, booked: Appointment) -> Appointment:
        return booked


def run(scene: Scene, times: list[str]) -> Counter[str]:
    """Every client's answers together; a deadlock or any other error would be raised here."""
    Centre.objects.update(reoffer_delay_min=0)
    clients = [Client(scene, number, times) for number in range(CLIENTS)]
    return sum(at_once([client.live for client in clients]), Counter())


def check_everything() -> None:
    assert count(OVERLAPS) == 0
    assert count(OVER_FULL) == 0
    check_books()
    booked = Appointment.objects.filter(state="booked")
    assert booked.exists()
    for one in booked:
        last = AppointmentEvent.objects.filter(appointment=one).latest("id")
        assert (last.starts_at, last.sequence) == (one.starts_at, one.sequence)
        assert OutboxMessage.objects.filter(subject_ref=str(one.uid), state="planned").count() == 1


def test_two_doctors_ten_times_fifty_families() -> None:
    scene = open_morning(hours=2.5, step_min=30)
    scene.another_doctor(hours=2.5)
    answers = run(scene, TIMES)
    assert answers["slot_taken"] > 20
    assert set(answers) <= {"done"} | REFUSED
    check_everything()


def test_one_workshop_of_ten_seats_fifty_families() -> None:
    scene = open_session(seats=10)
    scene.another_doctor(starts_at=clock("14:00"), hours=2, seats=3)
    answers = run(scene, ["09:00", "09:00", "14:00"])
    assert set(answers) <= {"done"} | REFUSED
    check_everything()


def test_moves_in_both_directions_never_wait_in_a_ring() -> None:
    scene = open_morning(hours=3)
    other = scene.another_doctor()
    shifts = [scene.shift, other]
    Centre.objects.update(reoffer_delay_min=0)
    tasks = []
    for number, at in enumerate(["09:00", "09:30", "10:00", "10:30", "11:00", "11:30"]):
        here, there = shifts[number % 2], shifts[1 - number % 2]
        booked = scene.book(at, who=parent(number), practitioner_id=here.practitioner_id)
        held = scene.hold(at, moving=booked.uid, practitioner_id=there.practitioner_id)
        tasks.append(partial(actions.move, uid=booked.uid, hold_uid=held.uid, now=after(1)))
    assert {answer.sequence for answer in at_once(tasks)} == {1}
    check_everything()


def test_families_agents_and_absences_on_one_half_day_never_wait_in_a_ring() -> None:
    """Some stand on a half-day that was cancelled, under a new one of the same practitioner."""
    scene = open_morning(cancel_notice_min=0)
    left = [scene.book(at, who=parent(at)) for at in ("09:00", "10:00", "11:00")]
    Shift.objects.filter(pk=scene.shift.pk).update(status=Shift.Status.CANCELLED)
    new = scene.another_doctor()
    Shift.objects.filter(pk=new.pk).update(practitioner=scene.shift.practitioner)
    held = [scene.hold(at) for at in ("09:30", "10:30", "11:30")]
    away = [
        Absence(practitioner=scene.shift.practitioner, starts_at=clock(a), ends_at=clock(b))
        for a, b in [("08:00", "08:30"), ("12:00", "13:00"), ("11:50", "12:30")]
    ]
    overbook = partial(
        actions.overbook, type_id=scene.kind.pk, reason="Urgence", now=after(1), actor=AGENT
    )
    minute = int(clock("09:00").timestamp()) // 60
    at_once(
        [partial(actions.cancel, uid=one.uid, now=after(1)) for one in left]
        + [partial(overbook, shift_id=new.pk, start=minute, who=parent(f"a{k}")) for k in range(2)]
        + [partial(actions.confirm, uid=one.uid, who=parent(one.pk), now=after(1)) for one in held]
        + [partial(declare_absence, absence=one) for one in away]
    )
    withdraw(period=away[2])
    check_books()
