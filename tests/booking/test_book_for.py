"""An agent books while talking: one press, for a family that is known, by the same rules."""

from datetime import date, timedelta

import pytest

from booking import actions
from booking.actors import FAMILY, Actor
from booking.errors import (
    AgeNotAllowed,
    AgentsOnly,
    AlreadyBookedThen,
    ChildRequired,
    PersonBookedThen,
    SlotTaken,
)
from booking.models import Appointment, AppointmentEvent, Child, Guardian, Household
from centres.calendar import to_minute
from centres.models import AppointmentType
from notifications.models import OutboxMessage
from tests.booking.scene import AGENT, NOW, TUESDAY, Scene, clock, open_morning, parent
from tests.factories import make_appointment, make_child, make_guardian, make_shift

pytestmark = pytest.mark.django_db
COLLEAGUE = Actor("agent", "marc@example.org")


@pytest.fixture
def scene() -> Scene:
    return open_morning(age_max_months=72)


def a_family(**fields: object) -> tuple[Guardian, Child]:
    guardian = make_guardian(**fields)
    return guardian, make_child(guardian, born_on=date(2026, 2, 10))


def book(
    scene: Scene, guardian: Guardian, child: Child | None, at: str = "09:00", **wishes: object
) -> Appointment:
    return actions.book_for(
        guardian=guardian,
        child=child,
        kind=scene.kind,
        centre=scene.centre,
        start=to_minute(clock(at)),
        now=NOW,
        **{"actor": AGENT, **wishes},
    )


def test_it_is_booked_for_that_very_family_and_its_messages_are_written(scene: Scene) -> None:
    guardian, child = a_family()
    booked = Appointment.objects.get(pk=book(scene, guardian, child).pk)
    assert (booked.state, booked.booked_via) == ("booked", "agent")
    assert (booked.guardian, booked.child, booked.household) == (
        guardian,
        child,
        guardian.household,
    )
    assert Household.objects.count() == 1
    told = OutboxMessage.objects.filter(subject_ref=str(booked.uid), kind="confirmation")
    assert told.exists()
    (event,) = AppointmentEvent.objects.filter(appointment=booked)
    assert (event.action, event.actor) == ("book", AGENT.label)


def test_a_family_without_any_contact_is_booked_for_too(scene: Scene) -> None:
    guardian, child = a_family(email="", phone="")
    assert book(scene, guardian, child).guardian == guardian


def test_two_families_of_one_contact_are_not_mixed_up(scene: Scene) -> None:
    scene.book("10:00", who=parent(1))
    guardian, child = a_family(email="parent1@example.org")
    assert book(scene, guardian, child).guardian == guardian


def test_a_taken_time_is_refused_and_nothing_is_left_held(scene: Scene) -> None:
    scene.book("09:00")
    guardian, child = a_family()
    with pytest.raises(SlotTaken):
        book(scene, guardian, child)
    assert not Appointment.objects.filter(state="held").exists()


def test_the_rules_of_the_type_hold_and_a_refusal_gives_the_time_back(scene: Scene) -> None:
    guardian, child = a_family()
    child.born_on = date(2010, 1, 1)
    child.save()
    with pytest.raises(AgeNotAllowed):
        book(scene, guardian, child)
    with pytest.raises(ChildRequired):
        book(scene, guardian, None)
    assert not Appointment.objects.exists()


def test_a_child_cannot_be_in_two_places(scene: Scene) -> None:
    guardian, child = a_family()
    scene.another_doctor()
    book(scene, guardian, child)
    with pytest.raises(AlreadyBookedThen):
        book(scene, guardian, child, actor=COLLEAGUE)
    assert Appointment.objects.count() == 1


def test_a_press_whose_answer_was_lost_is_pressed_again_and_books_once(scene: Scene) -> None:
    AppointmentType.objects.update(audience="adult", overbook_max=2)
    scene.kind.refresh_from_db()
    scene.another_doctor()
    guardian, _child = a_family()
    first = book(scene, guardian, None)
    assert book(scene, guardian, None) == first
    with pytest.raises(PersonBookedThen):
        book(scene, guardian, None, actor=COLLEAGUE)
    with pytest.raises(PersonBookedThen):
        book(scene, guardian, None, at="09:05")
    assert Appointment.objects.get() == first
    assert OutboxMessage.objects.filter(kind="confirmation").count() == 1
    assert book(scene, guardian, None, at="10:00") != first


def overbooked(scene: Scene, at: str = "09:00", **whom: object) -> Appointment:
    act = actions.overbook_newcomer if "who" in whom else actions.overbook_for
    given = {"kind": scene.kind, "shift_id": scene.shift.pk, "start": to_minute(clock(at))}
    return act(reason="Fièvre", now=NOW, **{"actor": AGENT, **given, **whom})  # type: ignore[operator]


def test_an_overbooking_pressed_again_is_one(scene: Scene) -> None:
    AppointmentType.objects.update(audience="adult", overbook_max=5)
    scene.kind.refresh_from_db()
    guardian, _child = a_family()
    known = {"guardian": guardian, "child": None}
    first = overbooked(scene, **known)
    assert overbooked(scene, **known) == first
    with pytest.raises(PersonBookedThen):
        overbooked(scene, actor=COLLEAGUE, **known)
    households = Household.objects.count()
    new = overbooked(scene, "10:00", who=parent(7))
    assert overbooked(scene, "10:00", who=parent(7)) == new
    assert (Appointment.objects.count(), Household.objects.count()) == (2, households + 1)


def test_the_wished_practitioner_is_the_one_met(scene: Scene) -> None:
    other = scene.another_doctor()
    guardian, child = a_family()
    booked = book(scene, guardian, child, practitioner_id=other.practitioner_id)
    assert booked.practitioner_id == other.practitioner_id


def test_a_family_cannot_book_this_way_nor_another_households_child(scene: Scene) -> None:
    guardian, child = a_family()
    with pytest.raises(AgentsOnly):
        book(scene, guardian, child, actor=FAMILY)
    stranger = make_child()
    with pytest.raises(ValueError, match="another household"):
        book(scene, guardian, stranger)


def met(scene: Scene, guardian: Guardian, child: Child, *, state: str = "fulfilled") -> int:
    """The busier of two doctors received this family a week ago."""
    other = scene.another_doctor()
    scene.book("11:30", who=parent(7), practitioner_id=other.practitioner_id)
    before = make_shift(
        starts_at=clock("09:00", TUESDAY - timedelta(days=7)), practitioner=other.practitioner
    )
    make_appointment(before, guardian=guardian, child=child, state=state)
    return other.practitioner_id


def test_whom_the_family_has_met_goes_first_when_anybody_will_do(scene: Scene) -> None:
    guardian, child = a_family()
    known = met(scene, guardian, child)
    assert book(scene, guardian, child, "10:00").practitioner_id == known


def test_whom_it_missed_does_not_and_who_was_asked_for_does(scene: Scene) -> None:
    guardian, child = a_family()
    known = met(scene, guardian, child, state="noshow")
    assert book(scene, guardian, child, "10:00").practitioner_id == scene.shift.practitioner_id
    other, sibling = a_family()
    booked = book(scene, other, sibling, "10:30", practitioner_id=known)
    assert booked.practitioner_id == known


def test_whom_it_has_met_is_no_demand(scene: Scene) -> None:
    guardian, child = a_family()
    known = met(scene, guardian, child)
    scene.book("10:00", who=parent(8), practitioner_id=known)
    assert book(scene, guardian, child, "10:00").practitioner_id == scene.shift.practitioner_id
