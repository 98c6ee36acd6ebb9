"""Two records of a parent become one while a colleague books for it, or puts it on the list."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from functools import partial
from threading import Event
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connection

from booking import actions, locking
from booking.actions import joining, merging, talking
from booking.actions.waiting import Wishes
from booking.locking import FamilyChanged
from booking.models import Appointment, Child, Guardian, WaitingListEntry
from centres.calendar import to_minute
from tests.booking.scene import AGENT, NOW, Scene, clock, open_morning
from tests.concurrency.race import at_once, until_somebody_waits
from tests.factories import make_child, make_guardian, make_household

pytestmark = pytest.mark.django_db(transaction=True)
# A parent without any contact, who shares no lock with anybody else.
UNREACHED = {"email": "", "email_verified_at": None}


@pytest.fixture
def scene() -> Scene:
    return open_morning(age_max_months=72)


@pytest.fixture
def kept() -> Guardian:
    return make_guardian(make_household(), **UNREACHED)


@pytest.fixture
def joined(kept: Guardian) -> Guardian:
    return make_guardian(kept.household, **UNREACHED)


@pytest.fixture
def child(joined: Guardian) -> Child:
    return make_child(joined, born_on=date(2026, 2, 10))


def join(kept: Guardian, joined: Guardian) -> Guardian:
    try:
        return actions.join_guardians(
            household_id=kept.household_id, kept_id=kept.pk, joined_id=joined.pk, takes=(),
            now=NOW, actor=AGENT,
        )  # fmt: skip
    finally:
        connection.close()


def book(scene: Scene, guardian: Guardian, child: Child) -> Appointment:
    return actions.book_for(
        guardian=guardian, child=child, kind=scene.kind, centre=scene.centre,
        start=to_minute(clock("09:00")), now=NOW, actor=AGENT,
    )  # fmt: skip


def wait(scene: Scene, guardian: Guardian, child: Child) -> WaitingListEntry:
    return actions.ask_for_any(
        guardian=guardian, child=child, kind=scene.kind, centre=scene.centre,
        wishes=Wishes(sites=(scene.shift.site_id,)), now=NOW, actor=AGENT,
    )  # fmt: skip


def once_held(monkeypatch: pytest.MonkeyPatch, act: Callable[[], Any]) -> list[Future[Any]]:
    """In the middle of a booking somebody acts, and is done or waits before it goes on."""
    started, hold = list[Future[Any]](), talking.hold

    def hold_and_meet(**wanted: Any) -> Appointment:
        held = hold(**wanted)
        pool = ThreadPoolExecutor(1)
        started.append(pool.submit(act))
        pool.shutdown(wait=False)
        until_somebody_waits(unless=started[0].done)
        return held

    monkeypatch.setattr(talking, "hold", hold_and_meet)
    return started


def test_who_joins_waits_for_a_booking_of_a_parent_without_any_contact(
    scene: Scene, kept: Guardian, joined: Guardian, child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = once_held(monkeypatch, partial(join, kept, joined))
    booked = book(scene, joined, child)
    assert [other.result(30) for other in others] == [kept]
    booked.refresh_from_db()
    assert (booked.state, booked.guardian) == ("booked", kept)


def test_without_a_key_of_its_own_the_booking_would_break_as_it_is_written(
    scene: Scene, kept: Guardian, joined: Guardian, child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merging, "lock_people", lambda _: None)
    once_held(monkeypatch, partial(join, kept, joined))
    with pytest.raises(IntegrityError):
        book(scene, joined, child)


def joined_and_waiting(
    scene: Scene, kept: Guardian, joined: Guardian, child: Child, monkeypatch: pytest.MonkeyPatch
) -> list[Any]:
    """Put on the list by one as another has locked the household and not yet its parents."""
    has_household, lock = Event(), joining.lock_households

    def lock_and_meet(*ids: int) -> Any:
        found = lock(*ids)
        has_household.set()
        until_somebody_waits()
        return found

    def put_on_list() -> WaitingListEntry:
        assert has_household.wait(20)
        return wait(scene, joined, child)

    monkeypatch.setattr(joining, "lock_households", lock_and_meet)
    return at_once([partial(join, kept, joined), put_on_list])


def test_joined_and_put_on_the_list_at_once_one_waits_for_the_other(
    scene: Scene, kept: Guardian, joined: Guardian, child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, refused = joined_and_waiting(scene, kept, joined, child, monkeypatch)
    assert (whole, type(refused)) == (kept, FamilyChanged)
    assert wait(scene, kept, child).guardian == kept


def test_without_the_lock_of_who_books_they_would_wait_for_each_other(
    scene: Scene, kept: Guardian, joined: Guardian, child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locking, "lock_address", lambda _: None)
    with pytest.raises(OperationalError, match="deadlock"):
        joined_and_waiting(scene, kept, joined, child, monkeypatch)


def test_a_family_that_asks_for_an_earlier_time_as_it_becomes_another_s_waits_there(
    scene: Scene, kept: Guardian, monkeypatch: pytest.MonkeyPatch
) -> None:
    booked, has_all, lock = scene.book(), Event(), merging.lock_households

    def lock_and_meet(*ids: int) -> Any:
        found = lock(*ids)
        has_all.set()
        until_somebody_waits()
        return found

    def merge() -> Any:
        return actions.merge_households(
            kept_id=kept.household_id, merged_id=booked.household_id, now=NOW, actor=AGENT
        )

    def ask() -> WaitingListEntry:
        assert has_all.wait(20)
        wishes = Wishes(sites=(scene.shift.site_id,))
        return actions.ask_for_earlier(uid=booked.uid, wishes=wishes, now=NOW)

    monkeypatch.setattr(merging, "lock_households", lock_and_meet)
    _, entry = at_once([merge, ask])
    entry.refresh_from_db()
    assert (entry.household, entry.guardian) == (kept.household, booked.guardian)
