"""A family puts itself on the waiting list while it is booked for, moves or cancels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from threading import Event
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from booking import actions, locking, replies
from booking.actions import waiting
from booking.actions.waiting import Wishes
from booking.actors import Who
from booking.locking import lock_address
from booking.models import Appointment, Child, Guardian, WaitingListEntry
from centres.calendar import to_minute
from tests.booking.scene import AGENT, NADIA, NOW, Scene, clock, open_morning
from tests.concurrency.race import at_once, until_somebody_waits
from tests.concurrency.test_joined_while_booked import once_held
from tests.factories import make_child, make_guardian

pytestmark = pytest.mark.django_db(transaction=True)
BY_SMS = replace(NADIA, contact_channel="sms")


@pytest.fixture
def scene() -> Scene:
    return open_morning(age_max_months=72)


@pytest.fixture
def nadia() -> Guardian:
    """Known by both her address and her number."""
    return make_guardian(
        first_name=NADIA.first_name, last_name=NADIA.last_name, email=NADIA.email,
        phone=NADIA.phone, phone_verified_at=NOW,
    )  # fmt: skip


@pytest.fixture
def child(nadia: Guardian) -> Child:
    return make_child(nadia, first_name=NADIA.child_first_name, born_on=NADIA.child_born_on)


def join(scene: Scene, who: Who) -> WaitingListEntry:
    """With another language than it had: its household is written."""
    return actions.join_waiting_list(
        who=replace(who, language="ar"), kind=scene.kind, centre=scene.centre,
        wishes=Wishes(sites=(scene.shift.site_id,)), now=NOW,
    )  # fmt: skip


def book_for(scene: Scene, nadia: Guardian, child: Child, at: str = "09:00") -> Appointment:
    return actions.book_for(
        guardian=nadia, child=child, kind=scene.kind, centre=scene.centre,
        start=to_minute(clock(at)), now=NOW, actor=AGENT,
    )  # fmt: skip


def by_an_agent(scene: Scene, nadia: Guardian, child: Child) -> tuple[Who, Callable[[], Any]]:
    """Under the address of a parent who joins by its number."""
    return BY_SMS, partial(book_for, scene, nadia, child)


def elsewhere(scene: Scene, nadia: Guardian, child: Child) -> tuple[Who, Callable[[], Any]]:
    """By its number, with another address, as it joins by the one that is known."""
    who = replace(BY_SMS, email="nadia.benali@example.org")
    return NADIA, partial(actions.confirm, uid=scene.hold().uid, who=who, now=NOW)


def cancelled(scene: Scene, nadia: Guardian, child: Child) -> tuple[Who, Callable[[], Any]]:
    """By the link in its message, as it asks for an earlier time than that."""
    return NADIA, partial(actions.cancel, uid=scene.book().uid, now=NOW)


def moved(scene: Scene, nadia: Guardian, child: Child) -> tuple[Who, Callable[[], Any]]:
    return BY_SMS, partial(scene.move, scene.book().uid, "10:00")


OTHERS = pytest.mark.parametrize("other", [by_an_agent, elsewhere, cancelled, moved])


def joined_while(
    monkeypatch: pytest.MonkeyPatch,
    scene: Scene,
    who: Who,
    act: Callable[[], Any],
    step: tuple[Any, str] = (waiting, "family_of"),
) -> list[Any]:
    """Once this step of joining is done (a family is written, unless told otherwise), somebody
    acts; joining goes on when that one waits."""
    is_done, do = Event(), getattr(*step)

    def do_and_meet(*given: Any, **named: Any) -> Any:
        done = do(*given, **named)
        is_done.set()
        until_somebody_waits()
        return done

    def act_then() -> Any:
        assert is_done.wait(20)
        return act()

    monkeypatch.setattr(*step, do_and_meet)
    return at_once([partial(join, scene, who), act_then])


def lock_the_contact_only(who: Who, kind: Any, *, now: datetime) -> list[int]:
    lock_address(who.contact)
    booked = Appointment.objects.filter(guardian__email=who.email, state="booked")
    return list(booked.values_list("pk", flat=True))


@OTHERS
def test_whatever_else_is_done_for_a_family_as_it_joins_both_are_done(
    scene: Scene, nadia: Guardian, child: Child, monkeypatch: pytest.MonkeyPatch, other: Any
) -> None:
    who, act = other(scene, nadia, child)
    entry, changed = joined_while(monkeypatch, scene, who, act)
    assert (entry.guardian, entry.child, changed.guardian) == (nadia, child, nadia)
    had_one = other in (cancelled, moved)
    assert entry.appointment == (changed if had_one else None)
    assert changed.state == ("cancelled" if other is cancelled else "booked")


@OTHERS
def test_locked_after_the_family_is_written_each_would_wait_for_the_other(
    scene: Scene, nadia: Guardian, child: Child, monkeypatch: pytest.MonkeyPatch, other: Any
) -> None:
    who, act = other(scene, nadia, child)
    monkeypatch.setattr(waiting, "_lock_who_joins", lock_the_contact_only)
    with pytest.raises(OperationalError, match="deadlock"):
        joined_while(monkeypatch, scene, who, act)


def test_who_joins_in_the_middle_of_a_booking_waits_and_then_asks_for_an_earlier_time(
    scene: Scene, nadia: Guardian, child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    def join_beside() -> WaitingListEntry:
        try:
            return join(scene, BY_SMS)
        finally:
            connection.close()

    others = once_held(monkeypatch, join_beside)
    booked = book_for(scene, nadia, child)
    entry = others[0].result(30)
    assert (entry.appointment, entry.guardian) == (booked, nadia)


def corrected_as_it_joins(
    monkeypatch: pytest.MonkeyPatch, scene: Scene, nadia: Guardian
) -> list[Any]:
    """A parent whose address comes before its number where letters are compared."""
    Guardian.objects.filter(pk=nadia.pk).update(email="!nadia@example.org")
    add = partial(
        actions.add_child, guardian_id=nadia.pk, first_name="Malo", born_on=NOW.date(),
        now=NOW, actor=AGENT,
    )  # fmt: skip
    who = replace(BY_SMS, email="")
    return joined_while(monkeypatch, scene, who, add, (locking, "load_guardians"))


def test_a_number_is_locked_before_an_address_whichever_letters_they_begin_with(
    scene: Scene, nadia: Guardian, child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry, (added, is_new) = corrected_as_it_joins(monkeypatch, scene, nadia)
    assert (entry.guardian, added.household, is_new) == (nadia, nadia.household, True)


def test_in_the_order_of_letters_each_would_wait_for_the_other(
    scene: Scene, nadia: Guardian, child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locking, "channel_of", lambda _: "")
    with pytest.raises(OperationalError, match="deadlock"):
        corrected_as_it_joins(monkeypatch, scene, nadia)


def both_cancelled_as_it_joins(
    monkeypatch: pytest.MonkeyPatch, scene: Scene, nadia: Guardian, child: Child
) -> list[Any]:
    """By one SMS, the earlier of the two having been booked last; between them the parent joins."""
    malo = make_child(nadia, first_name="Malo", born_on=NADIA.child_born_on)
    later, earlier = book_for(scene, nadia, child, "10:00"), book_for(scene, nadia, malo)
    is_begun, cancel = Event(), replies._is_cancelled

    def cancel_and_meet(visit: Appointment, *, now: datetime) -> bool:
        done = cancel(visit, now=now)
        if not is_begun.is_set():
            is_begun.set()
            until_somebody_waits()
        return done

    def answer() -> set[int]:
        with transaction.atomic():
            return replies._cancel_each([earlier, later], now=NOW)

    def join_then() -> WaitingListEntry:
        assert is_begun.wait(20)
        return join(scene, NADIA)

    monkeypatch.setattr(replies, "_is_cancelled", cancel_and_meet)
    return at_once([answer, join_then])


def test_two_visits_cancelled_by_one_sms_as_their_parent_joins_are_and_it_does(
    scene: Scene, nadia: Guardian, child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, entry = both_cancelled_as_it_joins(monkeypatch, scene, nadia, child)
    assert len(gone) == 2
    assert (entry.guardian, entry.child, entry.appointment) == (nadia, child, None)


def test_cancelled_in_the_order_of_time_each_would_wait_for_the_other(
    scene: Scene, nadia: Guardian, child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replies, "sorted", lambda visits, key: visits, raising=False)
    with pytest.raises(OperationalError, match="deadlock"):
        both_cancelled_as_it_joins(monkeypatch, scene, nadia, child)
