"""A family nobody knows is put on the waiting list: all of it or nothing, once however pressed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from booking import actions
from booking.actions.waiting import Wishes
from booking.actors import FAMILY, Actor, Who
from booking.errors import (
    AgeNotAllowed,
    AgentsOnly,
    ChildRequired,
    ContactRequired,
    DueDateRequired,
    Refusal,
    TypeNotAtCentre,
    WeeksNotAllowed,
)
from booking.models import Child, Guardian, Household, WaitingListEntry
from centres.directory import RECEIVED_LATELY, is_received
from centres.models import AppointmentType, OpeningRule, Shift
from notifications.models import OutboxMessage
from tests.booking.scene import AGENT, NOW, after, parent
from tests.booking.waiting_room import Centre, give_back, tend, waiting_centre
from tests.factories import (
    make_centre,
    make_child,
    make_guardian,
    make_rule,
    make_shift,
    make_site,
    make_type,
)

pytestmark = pytest.mark.django_db
NOUR = Who(
    first_name="Nour",
    last_name="Haddad",
    phone="+33639981234",
    contact_channel="sms",
    language="ar",
    needs_interpreter=True,
    child_first_name="Lila",
    child_born_on=date(2026, 2, 10),
)


@pytest.fixture
def centre() -> Centre:
    return waiting_centre()


def wait(centre: Centre, who: Who = NOUR, /, **changes: Any) -> WaitingListEntry:
    asked = {
        "kind": centre.near.kind,
        "centre": centre.near.centre,
        "wishes": Wishes(sites=(centre.near.shift.site_id,)),
        "now": NOW,
        "actor": AGENT,
    }
    return actions.wait_for_newcomer(who=who, **asked | changes)


def test_a_family_its_child_and_its_request_are_written_at_once(centre: Centre) -> None:
    entry = wait(centre)
    household, guardian = entry.household, entry.guardian
    assert (household.language, household.needs_interpreter) == ("ar", True)
    assert (str(guardian), guardian.number) == ("Nour Haddad", "+33639981234")
    assert (guardian.phone_verified_at, guardian.email_verified_at) == (None, None)
    assert entry.child == Child.objects.get(first_name="Lila")
    assert list(guardian.children.all()) == [entry.child]
    assert (entry.asked_by, entry.asked_at, entry.state) == (AGENT.label, NOW, "open")
    told = OutboxMessage.objects.get(kind="waiting")
    assert (told.channel, told.recipient, told.language) == ("sms", "+33639981234", "ar")


def test_then_a_time_given_back_is_offered_to_it(centre: Centre) -> None:
    entry = wait(centre)
    give_back(centre, now=after(1))
    (offer,) = tend(after(5))
    assert offer.entry == entry


def test_a_second_press_is_the_first_with_the_wishes_of_the_second(centre: Centre) -> None:
    first = wait(centre)
    second = wait(
        centre, wishes=Wishes(sites=(centre.near.shift.site_id,), days=(3,)), now=after(1)
    )
    assert (second.pk, second.asked_at, second.days) == (first.pk, NOW, [3])
    assert Household.objects.count() == 1
    assert OutboxMessage.objects.filter(kind="waiting").count() == 1


def test_a_second_press_at_another_centre_waits_there(centre: Centre) -> None:
    first, other = wait(centre), make_shift(types=[centre.near.kind], starts_at=after(days=3))
    second = wait(centre, centre=other.centre, wishes=Wishes(sites=(other.site_id,)), now=after(1))
    assert Guardian.objects.count() == 1
    entry = WaitingListEntry.objects.get()
    assert (entry.pk, second.pk, entry.asked_at) == (first.pk, first.pk, NOW)
    assert (entry.centre, entry.sites) == (other.centre, [other.site_id])


def test_a_second_press_with_another_due_date_is_kept_as_it_was_judged(centre: Centre) -> None:
    AppointmentType.objects.update(audience="pregnancy", week_max=20)
    centre.near.kind.refresh_from_db()
    typed, meant, over = (NOW.date() + timedelta(weeks=many) for many in (25, 30, 2))
    wait(centre, replace(NOUR, due_on=typed))
    wait(centre, replace(NOUR, due_on=meant), now=after(1))
    assert WaitingListEntry.objects.get().due_on == meant
    with pytest.raises(WeeksNotAllowed):
        wait(centre, replace(NOUR, due_on=over), now=after(2))
    assert WaitingListEntry.objects.get().due_on == meant
    assert Guardian.objects.count() == 1


def test_who_asks_again_without_a_due_date_keeps_the_one_that_is_known(centre: Centre) -> None:
    AppointmentType.objects.update(audience="pregnancy")
    centre.near.kind.refresh_from_db()
    due_on = NOW.date() + timedelta(weeks=25)
    first = wait(centre, replace(NOUR, due_on=due_on))
    again = actions.ask_for_any(
        guardian=first.guardian, child=None, kind=centre.near.kind, centre=centre.near.centre,
        wishes=Wishes(sites=(centre.near.shift.site_id,)), now=after(1), actor=AGENT,
    )  # fmt: skip
    assert (again.pk, again.due_on) == (first.pk, due_on)


@pytest.mark.parametrize(
    "change",
    [
        {"child_first_name": "Sami"},
        {"child_born_on": date(2026, 2, 11)},
        {"last_name": "Hadad"},
        {"phone": "+33639981235"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_child_or_person_is_another_family(centre: Centre, change: dict[str, Any]) -> None:
    wait(centre)
    wait(centre, replace(NOUR, **change))
    assert Household.objects.count() == 2


def test_what_another_agent_noted_is_no_press_of_mine(centre: Centre) -> None:
    wait(centre)
    wait(centre, actor=Actor("agent", "marc@example.org"))
    assert Household.objects.count() == 2


def test_an_adult_waits_without_the_child_that_was_typed(centre: Centre) -> None:
    AppointmentType.objects.update(audience="adult")
    centre.near.kind.refresh_from_db()
    assert wait(centre).child is None
    assert wait(centre).child is None
    assert Household.objects.count() == 1


@pytest.mark.parametrize(
    ("kind", "who", "refusal"),
    [
        ({}, {"phone": "", "contact_channel": ""}, ContactRequired),
        ({}, {"child_first_name": ""}, ChildRequired),
        ({}, {"child_born_on": None}, ChildRequired),
        ({"age_max_months": 3}, {}, AgeNotAllowed),
        ({"audience": "pregnancy"}, {}, DueDateRequired),
        ({"audience": "pregnancy", "week_max": 20}, {"due_on": NOW.date()}, WeeksNotAllowed),
        ({"is_active": False}, {}, TypeNotAtCentre),
        ({"booking": "walk_in"}, {}, TypeNotAtCentre),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_no_family_behind(
    centre: Centre, kind: dict[str, Any], who: dict[str, Any], refusal: type[Refusal]
) -> None:
    AppointmentType.objects.update(**kind)
    centre.near.kind.refresh_from_db()
    with pytest.raises(refusal):
        wait(centre, replace(NOUR, **who))
    assert not Guardian.objects.exists()


def test_families_do_not_write_themselves_down_as_known_to_nobody(centre: Centre) -> None:
    with pytest.raises(AgentsOnly):
        wait(centre, actor=FAMILY)


def test_a_type_that_a_centre_never_receives_is_waited_for_by_nobody_there(centre: Centre) -> None:
    elsewhere = make_site(make_centre())
    place = {"centre": elsewhere.centre, "wishes": Wishes(sites=(elsewhere.pk,)), "now": NOW}
    with pytest.raises(TypeNotAtCentre):
        actions.wait_for_newcomer(who=NOUR, kind=centre.near.kind, actor=AGENT, **place)
    with pytest.raises(TypeNotAtCentre):
        actions.join_waiting_list(who=parent(1), kind=centre.near.kind, **place)
    guardian = make_guardian()
    with pytest.raises(TypeNotAtCentre):
        actions.ask_for_any(
            guardian=guardian, child=make_child(guardian), kind=centre.near.kind, **place
        )
    assert not WaitingListEntry.objects.exists()


def test_one_child_too_old_keeps_its_sister_off_the_list_too(centre: Centre) -> None:
    guardian = make_guardian()
    children = [
        make_child(guardian, first_name=name, born_on=NOW.date() - timedelta(days=days))
        for name, days in (("Lila", 200), ("Sami", 6000))
    ]
    with pytest.raises(AgeNotAllowed):
        actions.ask_for_each(
            guardian=guardian,
            children=children,
            kind=centre.near.kind,
            centre=centre.near.centre,
            wishes=Wishes(sites=(centre.near.shift.site_id,)),
            now=NOW,
            actor=AGENT,
        )
    assert not WaitingListEntry.objects.exists()


def test_a_type_is_received_by_its_half_days_even_cancelled_of_late_or_to_come(
    centre: Centre,
) -> None:
    kind, place = centre.near.kind, centre.near.centre
    Shift.objects.update(status="cancelled")
    assert is_received(kind, place, now=NOW)
    assert is_received(kind, place, now=centre.far.starts_at + RECEIVED_LATELY / 2)
    assert not is_received(kind, place, now=centre.far.starts_at + RECEIVED_LATELY)


def test_a_type_is_received_by_a_rule_before_its_first_half_day() -> None:
    kind, other, site = make_type(), make_type(), make_site()
    rule = make_rule(site=site, types=[kind])
    assert is_received(kind, site.centre, now=NOW)
    assert not is_received(other, site.centre, now=NOW)
    assert not is_received(kind, make_centre(), now=NOW)
    for over in ({"valid_until": NOW.date() - timedelta(days=1)}, {"is_active": False}):
        OpeningRule.objects.filter(pk=rule.pk).update(valid_until=None, is_active=True)
        OpeningRule.objects.filter(pk=rule.pk).update(**over)
        assert not is_received(kind, site.centre, now=NOW)
