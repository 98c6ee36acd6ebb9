"""Confirming a hold: the family, the child, the limit, and every rule checked again."""

from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest

from booking import actions
from booking.actors import FAMILY, Actor
from booking.errors import (
    AgeNotAllowed,
    AlreadyBookedThen,
    CentreNotOpen,
    ChildRequired,
    DueDateRequired,
    HoldExpired,
    LimitReached,
    NotOffered,
    TooSoon,
    WeeksNotAllowed,
    WrongState,
)
from booking.models import Child, Guardian, Guardianship, Household
from centres.models import AppointmentType, Centre, Shift
from notifications.models import OutboxMessage
from tests.booking.scene import AGENT, NADIA, NOW, Scene, after, clock, open_morning, parent
from tests.factories import make_practitioner, make_site

pytestmark = pytest.mark.django_db
PREGNANCY = AppointmentType.Audience.PREGNANCY


def test_a_hold_becomes_the_familys_appointment() -> None:
    booked = open_morning().book()
    booked.refresh_from_db()
    assert (booked.state, booked.expires_at, booked.last_action) == ("booked", None, "book")
    assert booked.guardian is not None
    assert booked.child is not None
    assert (booked.guardian.email, booked.child.first_name) == ("nadia@example.org", "Ilyès")
    assert booked.guardian.email_verified_at == NOW
    assert booked.household == booked.guardian.household == booked.child.household
    assert Guardianship.objects.filter(guardian=booked.guardian, child=booked.child).exists()


def test_its_confirmation_is_written_in_the_same_transaction() -> None:
    booked = open_morning().book()
    message = OutboxMessage.objects.get()
    assert (message.kind, message.recipient) == ("confirmation", NADIA.email)
    assert message.subject_ref == str(booked.uid)


def test_confirming_twice_is_one_appointment_and_one_message() -> None:
    scene = open_morning()
    booked = scene.book()
    again = actions.confirm(uid=booked.uid, who=NADIA, now=after(1))
    assert (again.pk, again.sequence) == (booked.pk, 0)
    assert OutboxMessage.objects.count() == 1


def test_somebody_else_cannot_confirm_what_is_taken() -> None:
    booked = open_morning().book()
    with pytest.raises(WrongState):
        actions.confirm(uid=booked.uid, who=parent(2), now=NOW)


def test_an_expired_hold_is_not_confirmed_even_if_nobody_took_it() -> None:
    held = open_morning().hold()
    with pytest.raises(HoldExpired):
        actions.confirm(uid=held.uid, who=NADIA, now=after(15))
    assert not Guardian.objects.exists()


def test_what_is_given_back_or_unknown_is_not_confirmed() -> None:
    held = open_morning().hold()
    actions.release_hold(uid=held.uid, now=NOW)
    for uid in (held.uid, uuid4()):
        with pytest.raises(HoldExpired):
            actions.confirm(uid=uid, who=NADIA, now=NOW)


def test_a_hold_made_to_move_is_not_confirmed() -> None:
    scene = open_morning()
    held = scene.hold("10:00", moving=scene.book().uid)
    with pytest.raises(WrongState):
        actions.confirm(uid=held.uid, who=NADIA, now=NOW)


def test_a_centre_paused_meanwhile_refuses_families_not_agents() -> None:
    scene = open_morning()
    held, by_agent = scene.hold("09:00"), scene.hold("10:00", actor=AGENT)
    Centre.objects.update(stage="paused")
    with pytest.raises(CentreNotOpen):
        actions.confirm(uid=held.uid, who=NADIA, now=NOW)
    assert actions.confirm(uid=by_agent.uid, who=NADIA, now=NOW, actor=AGENT).state == "booked"


@pytest.mark.parametrize(
    "change",
    [
        {"status": Shift.Status.CANCELLED},
        {"closed": [0, 10**9]},
        {"starts_at": clock("09:15")},
        {"ends_at": clock("09:15")},
        {"practitioner": "another"},
        {"site": "another"},
    ],
)
def test_a_half_day_that_changed_meanwhile_refuses_instead_of_sending_to_a_closed_door(
    change: dict,
) -> None:
    scene = open_morning()
    booked, held = scene.book("11:00", who=parent(2)), scene.hold("09:00")
    moving = scene.hold("09:30", moving=booked.uid)
    another = {"practitioner": make_practitioner, "site": lambda: make_site(scene.centre)}
    fields = {name: another[name]() if to == "another" else to for name, to in change.items()}
    Shift.objects.update(**fields)
    with pytest.raises(NotOffered):
        actions.confirm(uid=held.uid, who=NADIA, now=NOW)
    if change != {"starts_at": clock("09:15")}:
        with pytest.raises(NotOffered):
            actions.move(uid=booked.uid, hold_uid=moving.uid, now=NOW)


@pytest.mark.parametrize("born", [date(2027, 3, 3), date(2020, 1, 1)])
def test_a_child_too_old_or_not_born_yet_is_refused(born: date) -> None:
    held = open_morning(age_max_months=71).hold()
    with pytest.raises(AgeNotAllowed):
        actions.confirm(uid=held.uid, who=replace(NADIA, child_born_on=born), now=NOW)
    assert not Household.objects.exists()


def test_the_age_that_counts_is_that_of_the_day() -> None:
    """Born on 3 March: eleven months today and on Tuesday, twelve only on Wednesday."""
    held = open_morning(age_min_months=12).hold()
    with pytest.raises(AgeNotAllowed):
        actions.confirm(uid=held.uid, who=replace(NADIA, child_born_on=date(2026, 3, 3)), now=NOW)
    who = replace(NADIA, child_born_on=date(2026, 3, 2))
    assert actions.confirm(uid=held.uid, who=who, now=NOW).state == "booked"


def test_a_pregnancy_outside_the_weeks_is_refused() -> None:
    held = open_morning(audience=PREGNANCY, week_min=14, week_max=40).hold()
    mother = replace(parent(1), child_first_name="", child_born_on=None)
    with pytest.raises(WeeksNotAllowed):
        actions.confirm(uid=held.uid, who=replace(mother, due_on=date(2027, 11, 1)), now=NOW)
    fit = replace(mother, due_on=date(2027, 6, 1))
    assert actions.confirm(uid=held.uid, who=fit, now=NOW).child is None


@pytest.mark.parametrize("missing", [{"child_born_on": None}, {"child_first_name": ""}])
@pytest.mark.parametrize("actor", [FAMILY, AGENT])
def test_a_childs_appointment_needs_the_child(missing: dict[str, None], actor: Actor) -> None:
    """Without the birth date no rule on ages could ever say no."""
    held = open_morning(age_max_months=2).hold()
    with pytest.raises(ChildRequired):
        actions.confirm(uid=held.uid, who=replace(NADIA, **missing), now=NOW, actor=actor)
    assert not Household.objects.exists()


@pytest.mark.parametrize("actor", [FAMILY, AGENT])
def test_a_pregnancys_appointment_needs_its_due_date(actor: Actor) -> None:
    held = open_morning(audience=PREGNANCY, week_min=14, week_max=40).hold()
    with pytest.raises(DueDateRequired):
        actions.confirm(uid=held.uid, who=NADIA, now=NOW, actor=actor)
    assert not Household.objects.exists()


def test_a_due_date_is_kept_with_the_appointment_it_was_asked_for_only() -> None:
    who = replace(NADIA, due_on=date(2027, 6, 1))
    booked = open_morning(audience=PREGNANCY).book(who=who)
    booked.refresh_from_db()
    assert booked.due_on == who.due_on
    other = open_morning().book("11:00", who=who)
    other.refresh_from_db()
    assert other.due_on is None


def test_a_contact_has_so_many_open_appointments_at_most() -> None:
    scene = limited_to(2)
    scene.book("09:00")
    scene.book("09:30", who=replace(NADIA, child_first_name="Aya"))
    held = scene.hold("10:00")
    with pytest.raises(LimitReached) as refusal:
        actions.confirm(uid=held.uid, who=NADIA, now=NOW)
    assert refusal.value.details == {"limit": 2}
    # The other parent at the same address is the same contact; agents are not bound.
    with pytest.raises(LimitReached):
        actions.confirm(uid=held.uid, who=replace(NADIA, first_name="Karim"), now=NOW)
    assert actions.confirm(uid=held.uid, who=NADIA, now=NOW, actor=AGENT).state == "booked"


def test_past_and_cancelled_appointments_do_not_count() -> None:
    scene = limited_to(1)
    actions.cancel(uid=scene.book("09:00").uid, now=NOW)
    scene.book("10:00")
    assert scene.book("11:00", now=after(days=1, minutes=90)).state == "booked"


def test_a_child_is_not_in_two_places_at_once() -> None:
    scene = open_morning()
    scene.another_doctor()
    scene.book("09:00")
    held = scene.hold("09:15")
    with pytest.raises(AlreadyBookedThen):
        actions.confirm(uid=held.uid, who=NADIA, now=NOW)
    sister = replace(NADIA, child_first_name="Aya")
    assert actions.confirm(uid=held.uid, who=sister, now=NOW).state == "booked"


def test_a_family_is_known_again_by_its_address() -> None:
    scene = open_morning()
    scene.book("09:00")
    scene.book("09:30", who=replace(NADIA, first_name="NADIA", child_first_name="ilyès"))
    father = replace(NADIA, first_name="Karim", child_first_name="Aya")
    scene.book("10:00", who=father)
    assert Household.objects.count() == 1
    assert sorted(Guardian.objects.values_list("first_name", flat=True)) == ["Karim", "Nadia"]
    assert sorted(Child.objects.values_list("first_name", flat=True)) == ["Aya", "Ilyès"]


@pytest.mark.parametrize("again", ["İSMAİL", "ismail", "ISMAIL", "İsmail"])
def test_capitals_of_any_alphabet_are_known_again_or_make_a_new_guardian(again: str) -> None:
    """What counts as the same name is the database's to say: it never ends in an error."""
    scene = open_morning()
    scene.book("09:00", who=replace(NADIA, first_name="İsmail"))
    scene.book("10:00", who=replace(NADIA, first_name=again))
    assert Guardian.objects.count() in (1, 2)


def test_both_parents_may_follow_one_child() -> None:
    scene = open_morning()
    scene.book("09:00")
    scene.book("10:00", who=replace(NADIA, first_name="Karim"))
    assert Child.objects.get().guardians.count() == 2


def limited_to(open_appointments: int) -> Scene:
    scene = open_morning()
    Centre.objects.update(max_open_per_contact=open_appointments)
    return scene


def test_a_family_that_took_its_time_is_not_told_to_come_to_what_has_begun() -> None:
    scene = open_morning(notice_min=0)
    held = scene.hold("09:00", now=clock("08:50"))
    with pytest.raises(TooSoon):
        actions.confirm(uid=held.uid, who=parent(3), now=clock("09:00"))
    assert actions.confirm(uid=held.uid, who=parent(3), now=clock("08:59")).state == "booked"


def test_nor_is_an_appointment_moved_to_what_has_begun() -> None:
    scene = open_morning(notice_min=0, cancel_notice_min=0)
    booked = scene.book("11:30")
    held = scene.hold("11:00", moving=booked.uid, now=clock("10:50"))
    with pytest.raises(TooSoon):
        actions.move(uid=booked.uid, hold_uid=held.uid, now=clock("11:00"))
    assert actions.move(uid=booked.uid, hold_uid=held.uid, now=clock("10:59")).sequence == 1
