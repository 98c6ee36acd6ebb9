"""Children of one household come one after the other: all of them or none, and one message."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from functools import partial

import pytest
from django.db import connection

from booking import actions, telling
from booking.actors import FAMILY, Actor
from booking.errors import AgeNotAllowed, AgentsOnly, Refusal, SlotTaken
from booking.models import Appointment, Child, Guardian
from centres.calendar import to_minute
from notifications.models import OutboxMessage
from notifications.rendering import render
from tests.booking.scene import AGENT, NOW, Scene, clock, open_morning, open_session, parent
from tests.factories import make_appointment, make_child, make_guardian, make_shift

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene() -> Scene:
    return open_morning(age_max_months=72, buffer_after_min=5)


def a_family(children: int = 3, **fields: object) -> tuple[Guardian, list[Child]]:
    guardian = make_guardian(**fields)
    born = [date(2024, 2, 10) + timedelta(days=300 * number) for number in range(children)]
    return guardian, [
        make_child(guardian, first_name=f"Enfant {number}", born_on=on)
        for number, on in enumerate(born)
    ]


def book(
    scene: Scene, guardian: Guardian, children: list[Child], at: str = "09:00", **wishes: object
) -> list[Appointment]:
    return actions.book_siblings(
        guardian=guardian,
        children=children,
        kind=scene.kind,
        centre=scene.centre,
        start=to_minute(clock(at)),
        now=NOW,
        **{"actor": AGENT, **wishes},
    )


def test_they_follow_each_other_with_one_practitioner(scene: Scene) -> None:
    other = scene.another_doctor()
    scene.book("09:30", practitioner_id=other.practitioner_id)
    guardian, children = a_family()
    booked = book(scene, guardian, children)
    assert [each.starts_at for each in booked] == [clock("09:00"), clock("09:35"), clock("10:10")]
    assert {each.practitioner_id for each in booked} == {scene.shift.practitioner_id}
    assert [each.child for each in booked] == children
    assert {each.state for each in booked} == {"booked"}


def test_one_message_tells_of_all(scene: Scene) -> None:
    guardian, children = a_family(phone="")
    booked = book(scene, guardian, children)
    (told,) = OutboxMessage.objects.exclude(kind="reminder")
    assert (told.kind, told.recipient) == ("together", guardian.email)
    content = telling.about_together(told)
    assert content is not None
    mail = render(told, content)
    for said in ("9\u00a0h", "9\u00a0h\u00a035", "10\u00a0h\u00a010"):
        assert said in mail.text
    assert mail.text.count("/s/") == mail.html.count("href=") == 3
    assert content.attachments[0]["body"].count("BEGIN:VEVENT") == 3
    actions.cancel(uid=booked[1].uid, now=NOW)
    left = telling.about_together(told)
    assert left is not None
    assert len(left.context["visits"]) == 4, "what is true when it leaves"


def test_without_room_for_all_nothing_is_booked(scene: Scene) -> None:
    scene.book("10:15", who=parent(1))
    guardian, children = a_family()
    with pytest.raises(SlotTaken):
        book(scene, guardian, children)
    assert Appointment.objects.count() == 1
    with pytest.raises(SlotTaken):
        book(scene, guardian, children, "10:50")
    assert len(book(scene, guardian, children[:2], "10:50")) == 2


def test_one_of_the_wrong_age_leaves_nothing_of_the_others(scene: Scene) -> None:
    guardian, children = a_family()
    children[2].born_on = date(2010, 1, 1)
    children[2].save()
    with pytest.raises(AgeNotAllowed):
        book(scene, guardian, children)
    assert not Appointment.objects.exists()
    assert not OutboxMessage.objects.exists()


def test_in_a_session_they_sit_side_by_side() -> None:
    scene = open_session(seats=3, audience="child", age_max_months=72)
    guardian, children = a_family(2)
    booked = book(scene, guardian, children)
    assert {each.starts_at for each in booked} == {clock("09:00")}
    assert {each.seat for each in booked} == {1, 2}
    with pytest.raises(SlotTaken):
        book(scene, *a_family(2, email="autre@example.org"))


@pytest.mark.parametrize("has_contact", [True, False])
def test_a_second_press_is_the_first_one(scene: Scene, has_contact: bool) -> None:
    contact = {} if has_contact else {"phone": "", "email": ""}
    guardian, children = a_family(**contact)
    first = book(scene, guardian, children)
    told = OutboxMessage.objects.count()
    again = book(scene, guardian, children)
    assert [each.pk for each in again] == [each.pk for each in first]
    assert book(scene, guardian, children[::-1]) == first[::-1], "ticked in another order"
    assert Appointment.objects.count() == 3
    assert OutboxMessage.objects.count() == told


def test_a_second_press_for_a_session_takes_no_more_seats() -> None:
    scene = open_session(seats=6, audience="child", age_max_months=72)
    guardian, children = a_family(2)
    assert book(scene, guardian, children) == book(scene, guardian, children)
    assert Appointment.objects.count() == 2


def test_what_is_not_the_same_press_is_judged_as_any(scene: Scene) -> None:
    """Another agent, other children, another start; or one of them cancelled meanwhile."""
    guardian, children = a_family()
    booked = book(scene, guardian, children)
    for other in (
        partial(book, scene, guardian, children, actor=Actor("agent", "paul@example.org")),
        partial(book, scene, guardian, children[:2], "09:35"),
    ):
        with pytest.raises(Refusal):
            other()
    actions.cancel(uid=booked[1].uid, now=NOW)
    with pytest.raises(Refusal):
        book(scene, guardian, children)
    assert Appointment.objects.filter(state="booked").count() == 2


def test_families_do_not_and_children_of_another_household_cannot(scene: Scene) -> None:
    guardian, children = a_family()
    with pytest.raises(AgentsOnly):
        book(scene, guardian, children, actor=FAMILY)
    with pytest.raises(ValueError, match="another household"):
        book(scene, guardian, [*children, make_child()])


@pytest.mark.django_db(transaction=True)
def test_two_agents_press_for_times_that_cross_and_one_of_them_wins() -> None:
    """The second's first child falls on the first's second one: neither waits for ever."""
    scene = open_morning(age_max_months=72)
    families = [a_family(3, email=f"famille{number}@example.org") for number in range(2)]
    outcomes: list[str] = []
    gate = threading.Barrier(2)

    def press(number: int, at: str) -> None:
        try:
            gate.wait(timeout=10)
            book(scene, *families[number], at)
            outcomes.append("booked")
        except SlotTaken:
            outcomes.append("taken")
        finally:
            connection.close()

    threads = [
        threading.Thread(target=press, args=(number, at))
        for number, at in enumerate(("09:00", "09:30"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(outcomes) == ["booked", "taken"]
    assert Appointment.objects.filter(state="booked").count() == 3


def test_whom_the_household_has_met_receives_them_when_anybody_will_do(scene: Scene) -> None:
    other = scene.another_doctor()
    scene.book("11:00", practitioner_id=other.practitioner_id)
    guardian, children = a_family(2)
    before = make_shift(
        starts_at=clock("09:00") - timedelta(days=7), practitioner=other.practitioner
    )
    make_appointment(before, guardian=guardian, child=children[0], state="fulfilled")
    booked = book(scene, guardian, children)
    assert {each.practitioner_id for each in booked} == {other.practitioner_id}
