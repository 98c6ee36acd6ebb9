"""The next day's list goes out in the evening: once, to who asked for it and works there."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest

from booking import actions, paper
from booking.errors import NotAtThisDesk
from booking.models import Appointment, Household, PaperOrder
from centres.actions import declare_absence
from centres.models import Absence, AppointmentType, Membership, Shift, User
from notifications.models import OutboxMessage
from notifications.rendering import render
from tests.booking.scene import NADIA, NOW, Scene, clock, open_morning, parent
from tests.factories import PARIS
from tests.frontend.staff.people import make_user

pytestmark = pytest.mark.django_db
MONDAY = date(2027, 3, 1)


@pytest.fixture
def scene() -> Scene:
    """A morning on Tuesday; NOW is Monday at nine."""
    return open_morning()


@pytest.fixture
def claire(scene: Scene) -> User:
    return make_user("claire@example.org", "reception", scene.centre)


@pytest.fixture
def order(scene: Scene, claire: User) -> PaperOrder:
    made = actions.order_paper(user_id=claire.pk, site_id=scene.shift.site_id)
    PaperOrder.objects.update(ordered_at=NOW - timedelta(days=30))
    made.refresh_from_db()
    return made


def mail(at: str, day: date = MONDAY) -> int:
    return actions.mail_papers(now=clock(at, day))


def said() -> str:
    message = OutboxMessage.objects.get(kind="paper")
    content = paper.about_paper(message)
    assert content is not None
    letter = render(message, content)
    assert "☐" not in letter.subject
    return f"{letter.subject}\n{letter.text}\n{letter.html}"


def test_it_is_due_from_its_hour_on_and_written_once(order: PaperOrder) -> None:
    assert [mail(at) for at in ("09:30", "17:59", "18:00", "18:05", "23:55")] == [0, 0, 1, 0, 0]
    message = OutboxMessage.objects.get(kind="paper")
    assert (message.recipient, message.valid_until) == (
        "claire@example.org",
        clock("00:00", MONDAY + timedelta(days=2)),
    )
    order.at = time(6)
    order.save()
    assert mail("07:00") == 0, "another hour is not another list"


def test_an_evening_that_was_missed_is_made_up_for_until_people_come(order: PaperOrder) -> None:
    tuesday = MONDAY + timedelta(days=1)
    assert mail("09:00", tuesday) == 0
    assert mail("07:30", tuesday) == 1
    assert mail("08:00", tuesday) == 0


def test_who_asks_in_the_morning_gets_the_next_one(order: PaperOrder) -> None:
    tuesday = MONDAY + timedelta(days=1)
    PaperOrder.objects.update(ordered_at=clock("07:00", tuesday))
    assert mail("07:30", tuesday) == 0


@pytest.mark.parametrize("on", [date(2027, 3, 28), date(2027, 10, 31)], ids=["spring", "autumn"])
def test_it_comes_at_the_hour_of_the_clock_on_the_days_when_clocks_change(
    scene: Scene, order: PaperOrder, on: date
) -> None:
    monday = datetime.combine(on + timedelta(days=1), time(9), PARIS)
    Shift.objects.update(starts_at=monday, ends_at=monday + timedelta(hours=3))
    assert [mail("17:59", on), mail("18:00", on), mail("18:00", on)] == [0, 1, 0]
    saturday = on - timedelta(days=1)
    assert mail("18:00", saturday) == 0, "nobody receives on the Sunday"


def test_nothing_is_mailed_of_a_day_that_is_closed(scene: Scene, order: PaperOrder) -> None:
    away = {"starts_at": clock("08:00"), "ends_at": clock("13:00")}
    declare_absence(absence=Absence(practitioner=scene.shift.practitioner, **away))
    assert mail("18:00") == 0
    Absence.objects.all().delete()
    Shift.objects.update(status=Shift.Status.CANCELLED, closed=[])
    assert mail("18:00") == 0
    Shift.objects.update(status=Shift.Status.OPEN)
    assert mail("18:00") == 1


def test_whose_right_has_ended_gets_none_not_even_one_already_written(
    scene: Scene, order: PaperOrder
) -> None:
    Membership.objects.update(suspended_at=NOW)
    assert mail("18:00") == 0
    Membership.objects.update(suspended_at=None)
    assert mail("18:00") == 1
    message = OutboxMessage.objects.get(kind="paper")
    User.objects.update(is_active=False)
    assert paper.about_paper(message) is None
    User.objects.update(is_active=True)
    actions.stop_paper(user_id=order.user_id, site_id=order.site_id)
    assert paper.about_paper(message) is None


def test_it_says_as_much_as_paper_needs_and_no_more(scene: Scene, order: PaperOrder) -> None:
    booked = scene.book("09:30", who=NADIA)
    Household.objects.update(language="ar", needs_interpreter=True)
    mail("18:00")
    letter = said()
    assert "Feuille du mardi 2" in letter
    for shown in ("9\u00a0h\u00a030", "Ilyès B.", booked.spoken_reference, "arabe", "interprète"):
        assert shown in letter
    for hidden in ("Benali", "Nadia B", NADIA.email, "612345678", scene.kind.label, "2026"):
        assert hidden not in letter


def test_what_is_held_given_back_or_added_is_told_and_nobody_named(
    scene: Scene, order: PaperOrder
) -> None:
    added = scene.book("09:00", who=NADIA)
    lost = scene.book("11:30", who=parent(2))
    given = scene.book("10:00", who=parent(3))
    held = scene.book("10:30", who=parent(4))
    rows = Appointment.objects
    rows.filter(pk=added.pk).update(is_overbooked=True, note="Urgence")
    rows.filter(pk=lost.pk).update(busy_until=clock("13:00"))
    rows.filter(pk=given.pk).update(state="cancelled", reoffer_at=clock("09:00"))
    rows.filter(pk=held.pk).update(state="held", expires_at=clock("09:00"))
    mail("18:00")
    letter = said().replace("\u00a0", " ")
    for told in (
        f"{added.spoken_reference}, en plus",
        f"{lost.spoken_reference}, hors demi-journée",
        "10 h – 10 h 30 : annulé, pas encore libre",
        "10 h 30 – 11 h : retenu",
    ):
        assert told in letter
    for gone in (given, held):
        assert gone.spoken_reference not in letter
    assert "11 h – 11 h 30 : libre" in letter
    assert "11 h 30 – 12 h : libre" not in letter


def test_free_time_is_named_so_that_what_is_not_can_be_told(
    scene: Scene, order: PaperOrder
) -> None:
    scene.book("09:30", who=NADIA)
    mail("18:00")
    letter = said().replace("\u00a0", " ")
    assert "9 h – 9 h 30 : libre" in letter
    assert "10 h – 12 h : libre" in letter


def test_of_a_discreet_visit_not_even_the_name(scene: Scene, order: PaperOrder) -> None:
    booked = scene.book("09:30", who=NADIA)
    AppointmentType.objects.update(is_discreet=True)
    mail("18:00")
    letter = said()
    assert "Ilyès" not in letter
    assert booked.spoken_reference in letter


def test_it_is_what_is_true_when_it_leaves(scene: Scene, order: PaperOrder) -> None:
    mail("18:00")
    first = scene.book("09:30", who=NADIA)
    assert first.spoken_reference in said()
    Appointment.objects.filter(pk=first.pk).update(state="cancelled")
    scene.book("10:30", who=parent(2))
    assert first.spoken_reference not in said()


def test_only_who_works_there_can_ask_for_it(scene: Scene) -> None:
    stranger = make_user("paul@example.org", "reception", open_morning().centre)
    with pytest.raises(NotAtThisDesk):
        actions.order_paper(user_id=stranger.pk, site_id=scene.shift.site_id)
    assert not PaperOrder.objects.exists()
