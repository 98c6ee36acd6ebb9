"""A family's records become one while it is asked about a time, says yes, or the time goes on."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from functools import partial
from threading import Event
from typing import Any

import pytest
from django.db import OperationalError, connection

from booking import actions
from booking.actions import joining, merging, offering
from booking.actions.waiting import Wishes
from booking.errors import OfferOver
from booking.models import Child, Guardian, Household, WaitingListEntry, WaitingListOffer
from tests.booking.scene import AGENT, NOW, after
from tests.booking.waiting_room import Centre, give_back, tend, waiting_centre
from tests.concurrency.race import at_once, until_somebody_waits
from tests.factories import make_child, make_guardian, make_household

pytestmark = pytest.mark.django_db(transaction=True)
# A parent without any contact, who shares no lock with anybody else.
UNREACHED = {"email": "", "email_verified_at": None}
BORN = date(2026, 2, 10)


@pytest.fixture
def centre() -> Centre:
    return waiting_centre()


def wait(centre: Centre, guardian: Guardian, child: Child, **more: Any) -> WaitingListEntry:
    """For any time, without an appointment."""
    return actions.ask_for_any(
        guardian=guardian, child=child, kind=centre.near.kind, centre=centre.near.centre,
        wishes=Wishes(sites=(centre.near.shift.site_id,)), **{"now": NOW, "actor": AGENT} | more,
    )  # fmt: skip


def offered(centre: Centre) -> WaitingListOffer:
    give_back(centre)
    (offer,) = tend(after(1))
    return offer


def join_parents(kept: Guardian, joined: Guardian) -> Any:
    return actions.join_guardians(
        household_id=kept.household_id, kept_id=kept.pk, joined_id=joined.pk, takes=(),
        now=NOW, actor=AGENT,
    )  # fmt: skip


def join_children(kept: Child, joined: Child) -> Any:
    return actions.join_children(
        household_id=kept.household_id, kept_id=kept.pk, joined_id=joined.pk, now=NOW, actor=AGENT
    )


def merge(kept: Household, merged: Household) -> Any:
    return actions.merge_households(kept_id=kept.pk, merged_id=merged.pk, now=NOW, actor=AGENT)


def meanwhile(
    monkeypatch: pytest.MonkeyPatch, name: str, act: Callable[[], Any], *, is_before: bool = False
) -> list[Future[Any]]:
    """Once that step of an offer is done (or before it begins), somebody acts, and has done so or
    waits before the offer goes on."""
    started, step = list[Future[Any]](), getattr(offering, name)

    def on_a_connection_of_its_own() -> Any:
        try:
            return act()
        finally:
            connection.close()

    def meet() -> None:
        if started:
            return
        pool = ThreadPoolExecutor(1)
        started.append(pool.submit(on_a_connection_of_its_own))
        pool.shutdown(wait=False)
        until_somebody_waits(unless=started[0].done)

    def step_and_meet(*given: Any, **named: Any) -> Any:
        if is_before:
            meet()
        done = step(*given, **named)
        meet()
        return done

    monkeypatch.setattr(offering, name, step_and_meet)
    return started


def accept(offer: WaitingListOffer) -> Any:
    return actions.accept_offer(uid=offer.uid, now=after(5))


@pytest.mark.parametrize("contact", [{}, UNREACHED], ids=["known", "unreached"])
def test_yes_of_a_parent_that_has_just_become_another_is_that_one_s(
    centre: Centre, monkeypatch: pytest.MonkeyPatch, contact: dict[str, Any]
) -> None:
    kept = make_guardian(make_household(), **contact)
    joined = make_guardian(kept.household, **UNREACHED)
    entry = wait(centre, joined, make_child(joined, born_on=BORN))
    offer = offered(centre)
    others = meanwhile(monkeypatch, "_named", partial(join_parents, kept, joined))
    booked = accept(offer)
    assert others[0].result(30) == kept
    booked.refresh_from_db()
    entry.refresh_from_db()
    assert (booked.state, booked.guardian, entry.ending) == ("booked", kept, "served")


def test_yes_for_a_child_that_has_just_become_another_is_for_that_one(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = make_guardian(**UNREACHED)
    kept, joined = (make_child(parent, first_name=name, born_on=BORN) for name in ("Lila", "Leila"))
    wait(centre, parent, joined)
    offer = offered(centre)
    others = meanwhile(monkeypatch, "_named", partial(join_children, kept, joined))
    booked = accept(offer)
    others[0].result(30)
    booked.refresh_from_db()
    assert (booked.state, booked.child) == ("booked", kept)


@pytest.mark.parametrize("contact", [{}, UNREACHED], ids=["known", "unreached"])
def test_yes_of_a_household_that_has_just_become_another_s_is_that_one_s(
    centre: Centre, monkeypatch: pytest.MonkeyPatch, contact: dict[str, Any]
) -> None:
    parent, kept = make_guardian(**contact), make_household()
    child = make_child(parent, born_on=BORN)
    wait(centre, parent, child)
    offer = offered(centre)
    others = meanwhile(monkeypatch, "_named", partial(merge, kept, parent.household))
    booked = accept(offer)
    others[0].result(30)
    booked.refresh_from_db()
    assert (booked.household, booked.guardian, booked.child) == (kept, parent, child)


def test_who_joins_waits_for_the_yes_of_a_parent_without_any_contact(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = make_guardian(make_household(), **UNREACHED)
    joined = make_guardian(kept.household, **UNREACHED)
    wait(centre, joined, make_child(joined, born_on=BORN))
    offer = offered(centre)
    others = meanwhile(monkeypatch, "_take", partial(join_parents, kept, joined))
    booked = accept(offer)
    assert others[0].result(30) == kept
    booked.refresh_from_db()
    assert (booked.state, booked.guardian) == ("booked", kept)


def test_a_request_given_up_while_the_family_says_yes_is_over(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = centre.wait(1)
    offer = offered(centre)
    meanwhile(monkeypatch, "_named", partial(actions.stop_waiting, uid=entry.uid, now=after(5)))
    with pytest.raises(OfferOver):
        accept(offer)
    entry.refresh_from_db()
    assert entry.ending == "withdrawn"


def passed_on_while_joined(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """From one child of a family to another, as two records of its parent become one."""
    kept = make_guardian(make_household(), **UNREACHED)
    joined = make_guardian(kept.household, **UNREACHED)
    for number in range(2):
        child = make_child(joined, first_name=f"Enfant {number}", born_on=BORN)
        wait(centre, joined, child, now=after(number))
    offer = offered(centre)
    others = meanwhile(monkeypatch, "_give_up_if_silent", partial(join_parents, kept, joined))
    following = actions.end_offer(uid=offer.uid, now=after(5), is_refused=True)
    return [following, others[0].result(30), kept]


def test_a_time_goes_from_child_to_child_and_then_their_parents_become_one(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    following, joined_to, kept = passed_on_while_joined(centre, monkeypatch)
    assert joined_to == kept
    assert following.entry.child.first_name == "Enfant 1"
    assert {each.guardian for each in WaitingListEntry.objects.all()} == {kept}


def test_a_no_that_waits_until_the_parent_has_become_another_is_a_no(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request is another parent's by the time its row is free."""
    kept = make_guardian(make_household(), **UNREACHED)
    joined = make_guardian(kept.household, **UNREACHED)
    wait(centre, joined, make_child(joined, born_on=BORN))
    offer, has_all, lock = offered(centre), Event(), joining.lock_households

    def lock_and_meet(*ids: int) -> list[Household]:
        found = lock(*ids)
        has_all.set()
        until_somebody_waits()
        return found

    def say_no() -> WaitingListOffer | None:
        assert has_all.wait(20)
        return actions.end_offer(uid=offer.uid, now=after(5), is_refused=True)

    monkeypatch.setattr(joining, "lock_households", lock_and_meet)
    assert at_once([partial(join_parents, kept, joined), say_no]) == [kept, None]
    offer.refresh_from_db()
    assert (offer.state, offer.entry.guardian) == ("refused", kept)


def test_without_the_requests_locked_before_the_household_each_would_wait_for_the_other(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merging, "lock_waiting", lambda _: None)
    with pytest.raises(OperationalError, match="deadlock"):
        passed_on_while_joined(centre, monkeypatch)


def test_a_time_goes_from_one_record_of_a_family_to_the_other_as_they_become_one(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, next_one = (make_guardian(first_name=name) for name in ("Noor", "Nour"))
    for number, parent in enumerate((first, next_one)):
        wait(centre, parent, make_child(parent, born_on=BORN), now=after(number))
    offer = offered(centre)
    merged = partial(merge, next_one.household, first.household)
    others = meanwhile(monkeypatch, "_give_up_if_silent", merged)
    following = actions.end_offer(uid=offer.uid, now=after(5), is_refused=True)
    others[0].result(30)
    assert following is not None
    following.refresh_from_db()
    assert (following.entry.guardian, following.household) == (next_one, next_one.household)
    assert {each.household for each in WaitingListEntry.objects.all()} == {next_one.household}


@pytest.mark.parametrize("is_done", [True, False], ids=["after", "before"])
def test_the_next_one_s_household_that_is_gone_is_not_asked_and_no_press_fails(
    centre: Centre, monkeypatch: pytest.MonkeyPatch, is_done: bool
) -> None:
    first, gone, third = (make_guardian(first_name=name) for name in ("Awa", "Nour", "Léa"))
    for number, parent in enumerate((first, gone, third)):
        wait(centre, parent, make_child(parent, born_on=BORN), now=after(number))
    offer, kept = offered(centre), make_household()
    others = meanwhile(
        monkeypatch, "asked_about", partial(merge, kept, gone.household), is_before=is_done
    )
    following = actions.end_offer(uid=offer.uid, now=after(5), is_refused=True)
    others[0].result(30)
    assert following is not None
    assert following.entry.guardian == third
    assert WaitingListEntry.objects.get(guardian=gone).household == kept
