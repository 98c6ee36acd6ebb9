"""Two records of one parent, or of one child, become one: nothing of theirs is lost."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError
from django.utils import timezone

from booking import actions
from booking.access import appointments_of_contact
from booking.actions.waiting import Wishes
from booking.actors import FAMILY, Actor
from booking.errors import AgentsOnly, SamePerson, WrongState
from booking.models import (
    Appointment,
    AppointmentEvent,
    Child,
    ChildAdded,
    FamilyCorrection,
    Guardian,
    Guardianship,
    NextVisit,
    WaitingListEntry,
)
from booking.policy import forget
from centres.directory import is_received
from notifications.models import OutboxMessage
from tests.booking.scene import AGENT
from tests.booking.test_desk import day_ref, lost, visit
from tests.factories import (
    make_centre,
    make_child,
    make_guardian,
    make_household,
    make_shift,
    make_type,
)

pytestmark = pytest.mark.django_db
PROVED = datetime(2026, 1, 5, 9, tzinfo=UTC)


@pytest.fixture
def kept() -> Guardian:
    return make_guardian(
        first_name="Nour", last_name="Haddad", email="nour@example.org", email_verified_at=PROVED
    )


@pytest.fixture
def other(kept: Guardian) -> Guardian:
    """The same person, known by her number."""
    return make_guardian(
        kept.household, first_name="NOUR", last_name="Haddad", email="", email_verified_at=None,
        phone="+33639981234", phone_verified_at=PROVED,
    )  # fmt: skip


def join(
    kept: Guardian, other: Guardian, takes: Collection[str] = (), actor: Actor = AGENT
) -> Guardian:
    actions.join_guardians(
        household_id=kept.household_id, kept_id=kept.pk, joined_id=other.pk, takes=takes,
        now=timezone.now(), actor=actor,
    )  # fmt: skip
    kept.refresh_from_db()
    return kept


def join_children(kept: Child, other: Child, actor: Actor = AGENT) -> list[Appointment]:
    done = actions.join_children(
        household_id=kept.household_id, kept_id=kept.pk, joined_id=other.pk,
        now=timezone.now(), actor=actor,
    )  # fmt: skip
    kept.refresh_from_db()
    return done.unfit


def wait(guardian: Guardian, child: Child | None, kind: Any, centre: Any) -> WaitingListEntry:
    now = timezone.now()
    if not is_received(kind, centre, now=now):
        make_shift(site=centre.sites.all()[0], types=[kind], starts_at=now + timedelta(days=3))
    return actions.ask_for_any(
        guardian=guardian, child=child, kind=kind, centre=centre,
        wishes=Wishes(sites=(centre.sites.all()[0].pk,)), now=now, actor=AGENT,
    )  # fmt: skip


# A parent


def test_all_that_was_one_parent_s_is_the_other_s_and_it_is_written_down(
    kept: Guardian, other: Guardian
) -> None:
    shared, own = make_child(kept), make_child(other, first_name="Sami")
    Guardianship.objects.create(guardian=other, child=shared)
    booked = visit(make_centre(), guardian=other)
    entry = wait(other, own, make_type(), booked.centre)
    FamilyCorrection.objects.create(guardian=other, at=PROVED, by="x", what=["name"])
    events = AppointmentEvent.objects.count()
    join(kept, other)
    booked.refresh_from_db()
    entry.refresh_from_db()
    assert (booked.guardian, entry.guardian) == (kept, kept)
    assert set(kept.children.all()) == {shared, own}
    assert not Guardian.objects.filter(pk=other.pk).exists()
    assert [each.what for each in kept.corrections.order_by("pk")] == [["name"], ["joined"]]
    assert kept.corrections.latest("pk").by == AGENT.label
    assert AppointmentEvent.objects.count() == events  # nothing became of the appointment itself


def test_what_the_kept_record_lacks_comes_along_with_its_proof(
    kept: Guardian, other: Guardian
) -> None:
    booked = visit(make_centre(), guardian=other)
    join(kept, other)
    assert (kept.email, kept.number) == ("nour@example.org", "+33639981234")
    assert (kept.email_verified_at, kept.phone_verified_at) == (PROVED, PROVED)
    for contact in (kept.email, kept.number):
        ahead, _ = appointments_of_contact(contact, now=timezone.now())
        assert ahead == [booked]


def test_under_another_name_what_comes_along_has_to_be_proved_anew(
    kept: Guardian, other: Guardian
) -> None:
    """Else a wrong press would open the mother's appointments to the father's telephone."""
    Guardian.objects.filter(pk=other.pk).update(first_name="Karim")
    visit(make_centre(), guardian=kept)
    join(kept, other)
    assert (kept.number, kept.phone_verified_at) == ("+33639981234", None)
    assert appointments_of_contact(kept.number, now=timezone.now()) == ([], [])


def contact_of(other: Guardian) -> None:
    """It has proved its number as it is."""


def appointment_of(other: Guardian) -> None:
    unproved(other)
    visit(make_centre(), guardian=other)


def waiting_of(other: Guardian) -> None:
    unproved(other)
    wait(other, make_child(other), make_type(), visit(make_centre()).centre)


def unproved(other: Guardian) -> None:
    Guardian.objects.filter(pk=other.pk).update(phone_verified_at=None)


@pytest.mark.parametrize("brings", [contact_of, appointment_of, waiting_of])
def test_under_another_name_what_stays_has_to_be_proved_anew_too(
    kept: Guardian, other: Guardian, brings: Callable[[Guardian], None]
) -> None:
    """Else a wrong press would open the father's appointments to the mother's address."""
    Guardian.objects.filter(pk=other.pk).update(first_name="Karim")
    brings(other)
    join(kept, other)
    assert (kept.email, kept.email_verified_at) == ("nour@example.org", None)
    assert appointments_of_contact(kept.email, now=timezone.now()) == ([], [])


def test_a_discreet_appointment_of_another_name_reminds_nobody_by_the_kept_contact(
    kept: Guardian, other: Guardian
) -> None:
    actions.load_default_rules(now=timezone.now())
    forget()
    Guardian.objects.filter(pk=other.pk).update(first_name="Karim")
    booked = visit(make_centre(), guardian=other, days=9)
    type(booked.type).objects.filter(pk=booked.type_id).update(is_discreet=True)
    actions.replan_household(household_id=kept.household_id, now=timezone.now())
    planned = OutboxMessage.objects.filter(kind="reminder", state="planned")
    assert planned.filter(recipient="+33639981234").exists()
    join(kept, other)
    assert not planned.exists()


def test_under_another_name_nothing_that_comes_leaves_the_proof_as_it_was(
    kept: Guardian, other: Guardian
) -> None:
    unproved(other)
    Guardian.objects.filter(pk=other.pk).update(first_name="Karim")
    join(kept, other)
    assert (kept.email_verified_at, kept.phone_verified_at) == (PROVED, None)


def test_what_both_names_have_proved_stays_proved(kept: Guardian, other: Guardian) -> None:
    Guardian.objects.filter(pk=kept.pk).update(phone=other.phone, phone_verified_at=PROVED)
    Guardian.objects.filter(pk=other.pk).update(first_name="Karim")
    booked = visit(make_centre(), guardian=other)
    join(kept, other)
    assert (kept.email_verified_at, kept.phone_verified_at) == (None, PROVED)
    assert appointments_of_contact(kept.number, now=timezone.now()) == ([booked], [])


@pytest.mark.parametrize(
    ("takes", "email"), [((), "nour@example.org"), (("email",), "autre@example.org")]
)
def test_of_two_addresses_the_agent_says_which_is_right(
    kept: Guardian, other: Guardian, takes: tuple[str, ...], email: str
) -> None:
    Guardian.objects.filter(pk=other.pk).update(email="autre@example.org")
    join(kept, other, takes)
    assert kept.email == email
    assert (kept.email_verified_at is None) is bool(takes)  # nobody had proved that one


def test_the_same_contact_is_proved_if_one_of_them_proved_it(
    kept: Guardian, other: Guardian
) -> None:
    Guardian.objects.filter(pk=kept.pk).update(phone=other.phone)
    join(kept, other)
    assert kept.phone_verified_at == PROVED


def test_what_is_still_to_leave_goes_to_where_they_are_now(kept: Guardian, other: Guardian) -> None:
    Guardian.objects.filter(pk=other.pk).update(email="autre@example.org")
    booked = visit(make_centre(), guardian=other)
    waiting = lost(booked, state="planned", recipient="autre@example.org", channel="email")
    sent = lost(booked, state="sent", recipient="autre@example.org", kind="moved")
    day = lost(booked, subject_ref=day_ref(booked), kind="reminder", state="sent")
    join(kept, other)
    for message in (waiting, sent, day):
        message.refresh_from_db()
        assert message.person_ref == f"guardian:{kept.pk}"
    assert waiting.recipient == "nour@example.org"
    assert sent.recipient == "autre@example.org"  # where it went


def test_reminders_are_planned_for_the_one_that_is_left(kept: Guardian, other: Guardian) -> None:
    actions.load_default_rules(now=timezone.now())
    forget()
    visit(make_centre(), guardian=other, days=9)
    actions.replan_household(household_id=kept.household_id, now=timezone.now())

    def recipients() -> set[str]:
        rows = OutboxMessage.objects.filter(kind="reminder", state="planned")
        return set(rows.values_list("recipient", flat=True))

    assert "nour@example.org" not in recipients()
    join(kept, other)
    assert "nour@example.org" in recipients()


def test_of_two_requests_for_the_same_the_first_one_waits_on(
    kept: Guardian, other: Guardian
) -> None:
    child, kind = make_child(kept), make_type()
    centre = visit(make_centre()).centre
    later, first = wait(kept, child, kind, centre), wait(other, child, kind, centre)
    ago = timezone.now() - timedelta(days=3)
    WaitingListEntry.objects.filter(pk=first.pk).update(asked_at=ago)
    join(kept, other)
    later.refresh_from_db()
    first.refresh_from_db()
    assert (first.is_open, first.guardian) == (True, kept)
    assert (later.is_open, later.ending, later.closed_by) == (False, "useless", AGENT.label)


def test_without_closing_one_the_database_refuses_two_of_the_same(
    kept: Guardian, other: Guardian
) -> None:
    child, kind, centre = make_child(kept), make_type(), visit(make_centre()).centre
    wait(kept, child, kind, centre)
    wait(other, child, kind, centre)
    with pytest.raises(IntegrityError, match="waiting_once_without_appointment"):
        WaitingListEntry.objects.filter(guardian=other).update(guardian=kept)


def test_a_namesake_elsewhere_who_proved_that_contact_is_said_and_nothing_changes(
    kept: Guardian, other: Guardian
) -> None:
    Guardian.objects.filter(pk=other.pk).update(
        first_name="Noor", email="x@example.org", email_verified_at=PROVED
    )
    Guardian.objects.filter(pk=kept.pk).update(first_name="Haddad", last_name="Noor")
    make_guardian(
        first_name="haddad", last_name="noor", email="x@example.org", email_verified_at=PROVED
    )
    with pytest.raises(SamePerson):
        join(kept, other, ["email"])
    assert Guardian.objects.filter(pk=other.pk).exists()


def test_it_is_an_agent_s_and_of_two_of_one_family(kept: Guardian, other: Guardian) -> None:
    stranger = make_guardian()
    with pytest.raises(AgentsOnly):
        join(kept, other, actor=FAMILY)
    with pytest.raises(WrongState):
        join(kept, stranger)
    with pytest.raises(WrongState):
        join(kept, kept)
    join(kept, other)
    with pytest.raises(WrongState):  # a second press
        join(kept, other)


# A child


def test_all_that_was_one_child_s_is_the_other_s(kept: Guardian, other: Guardian) -> None:
    child, same = make_child(kept, first_name="Sami"), make_child(other, first_name="Sammy")
    booked = visit(make_centre(), guardian=other)
    assert booked.child == same
    now, today = timezone.now(), timezone.localdate()
    ChildAdded.objects.create(child=same, at=now, by="x")
    for each, weeks in ((child, 4), (same, 9)):
        actions.decide_next(
            child_id=each.pk, on=today + timedelta(weeks=weeks), today=today, now=timezone.now(),
            actor=AGENT,
        )  # fmt: skip
    join_children(child, same)
    booked.refresh_from_db()
    assert booked.child == child
    assert set(child.guardians.all()) == {kept, other}
    assert not Child.objects.filter(pk=same.pk).exists()
    assert child.added.by == "x"
    assert NextVisit.objects.get().on == today + timedelta(weeks=9)  # decided last
    assert sorted(each.what[0] for each in child.corrections.all()) == [
        "joined", "next_visit", "next_visit",
    ]  # fmt: skip


def test_which_appointments_do_not_fit_the_age_is_said(kept: Guardian) -> None:
    baby = make_child(kept, first_name="Sami", born_on=date(2015, 1, 1))
    booked = visit(make_centre(), guardian=make_guardian(kept.household))
    kind = booked.type
    kind.audience, kind.age_min_months, kind.age_max_months = "child", 0, 36
    kind.save()
    twice = make_child(kept, first_name="Sami")
    Appointment.objects.filter(pk=booked.pk).update(child=twice)
    assert join_children(baby, twice) == [booked]


def test_two_families_that_wait_for_the_same_child_become_one(kept: Guardian) -> None:
    """Once, this was an error of the database."""
    twin = make_guardian(make_household(), first_name="Ali")
    born = date(2025, 3, 4)
    children = [make_child(each, first_name="Sami", born_on=born) for each in (kept, twin)]
    kind, centre = make_type(), visit(make_centre()).centre
    wait(kept, children[0], kind, centre)
    Guardian.objects.filter(pk=twin.pk).update(household=kept.household)
    children[1].household = kept.household
    children[1].save()
    entry = wait(kept, children[1], kind, centre)
    join_children(*children)
    entry.refresh_from_db()
    assert (entry.is_open, entry.child) == (False, children[0])
    assert WaitingListEntry.objects.filter(state="open").count() == 1
