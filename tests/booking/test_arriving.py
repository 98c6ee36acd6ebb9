"""Who comes to an open session: noted as a visit, or counted; what that takes, and from whom."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from booking import actions, daybook, feeds
from booking.actions.arriving import KindClosed
from booking.actors import FAMILY, Actor
from booking.errors import (
    AgentsOnly,
    ChildRequired,
    CountChanged,
    SessionNotOpen,
    VisitTooSoon,
    WrongState,
)
from booking.models import Appointment, AppointmentEvent, CountedArrival, Household, PaperOrder
from booking.overbooking import overbooked_in
from booking.paper import about_paper
from booking.tasks import forget_leftovers
from centres.actions import declare_absence
from centres.calendar import to_minute
from centres.models import Absence, AppointmentType, Shift
from notifications.models import OutboxMessage
from tests.booking.scene import (
    AGENT,
    NADIA,
    NOW,
    TUESDAY,
    Scene,
    after,
    clock,
    open_morning,
    parent,
)
from tests.factories import make_child, make_guardian, make_type
from tests.frontend.staff.people import make_user

pytestmark = pytest.mark.django_db
WALK_IN = AppointmentType.Booking.WALK_IN
COLLEAGUE = Actor("agent", "jean@example.org")


@pytest.fixture
def scene() -> Scene:
    """Weighing without an appointment on Tuesday from 9:00 to 12:00, a quarter of an hour each."""
    return open_morning(booking=WALK_IN, duration_min=15, label="Pesée")


def note(scene: Scene, at: str = "09:40", **given: Any) -> list[Appointment]:
    guardian = given.pop("guardian", None) or make_guardian()
    details: dict[str, Any] = {
        "shift_id": scene.shift.pk,
        "kind_id": scene.kind.pk,
        "guardian": guardian,
        "children": [*guardian.household.children.all()] or [make_child(guardian)],
        "now": clock(at),
        "actor": AGENT,
    }
    return actions.note_arrival(**details | given)


def number(scene: Scene, *, seen: int, at: str = "09:40", **given: Any) -> int:
    details: dict[str, Any] = {"shift_id": scene.shift.pk, "now": clock(at), "actor": AGENT}
    return actions.count_arrival(seen=seen, **details | given)


def less(scene: Scene, *, seen: int, **given: Any) -> int:
    details: dict[str, Any] = {"shift_id": scene.shift.pk, "now": clock("09:40"), "actor": AGENT}
    return actions.uncount_arrival(seen=seen, **details | given)


def test_a_family_that_came_is_a_visit_that_waits_since_then(scene: Scene) -> None:
    (visit,) = note(scene)
    visit.refresh_from_db()
    assert (visit.state, visit.booked_via, visit.type) == ("arrived", "door", scene.kind)
    assert (visit.starts_at, visit.ends_at) == (clock("09:40"), clock("09:55"))
    event = AppointmentEvent.objects.get(appointment=visit)
    assert (event.action, event.actor, event.state) == ("walk_in", AGENT.label, "arrived")
    assert not OutboxMessage.objects.exists(), "who stands there is not written to"


@pytest.mark.parametrize(
    ("at", "starts", "ends"),
    [
        ("08:30", "09:00", "09:15"),  # before the door opens
        ("11:50", "11:50", "12:00"),
        ("11:59", "11:59", "12:00"),
        ("12:30", "11:59", "12:00"),  # noted afterwards
    ],
)
def test_a_visit_lies_in_its_session_whenever_it_is_noted(
    scene: Scene, at: str, starts: str, ends: str
) -> None:
    (visit,) = note(scene, at)
    assert (visit.starts_at, visit.ends_at) == (clock(starts), clock(ends))
    assert visit.is_received


def test_any_number_come_at_once_and_each_child_is_a_visit(scene: Scene) -> None:
    guardian = make_guardian()
    twins = [make_child(guardian, first_name=name) for name in ("Lou", "Noé")]
    visits = note(scene, guardian=guardian, children=twins)
    assert [each.child for each in visits] == twins
    for _ in range(3):
        note(scene)
    assert Appointment.objects.filter(shift=scene.shift, state="arrived").count() == 5


def test_the_database_would_refuse_two_at_once_that_were_booked(scene: Scene) -> None:
    """What makes a visit without appointment possible is that it takes nobody's time."""
    note(scene)
    (second,) = note(scene)
    with pytest.raises(IntegrityError, match="double_booking"), transaction.atomic():
        Appointment.objects.all().update(is_overbooked=False, note="")
    second.refresh_from_db()
    assert second.is_overbooked


def test_pressed_twice_it_is_one_visit_and_the_second_child_is_added(scene: Scene) -> None:
    guardian = make_guardian()
    lou = make_child(guardian, first_name="Lou")
    first = note(scene, guardian=guardian, children=[lou])
    assert note(scene, "09:41", guardian=guardian, children=[lou]) == first
    noe = make_child(guardian, first_name="Noé")
    both = note(scene, "09:42", guardian=guardian, children=[lou, noe])
    assert [each.child for each in both] == [lou, noe]
    assert Appointment.objects.count() == 2


def test_age_is_not_judged_at_the_door_but_a_child_there_must_be(scene: Scene) -> None:
    AppointmentType.objects.update(age_max_months=1)
    assert note(scene)
    with pytest.raises(ChildRequired):
        note(scene, children=[])


def test_what_is_for_adults_is_the_parent_s_visit() -> None:
    scene = open_morning(booking=WALK_IN, audience="adult")
    (visit,) = note(scene)
    assert visit.child is None


def test_at_an_adults_session_the_second_parent_is_a_visit_too() -> None:
    scene = open_morning(booking=WALK_IN, audience="adult")
    first = make_guardian()
    second = make_guardian(first.household, first_name="Nour")
    visits = [note(scene, guardian=each)[0] for each in (first, second, first)]
    assert [each.guardian for each in visits] == [first, second, first]
    assert visits[0] == visits[2]


def test_a_child_is_one_visit_whichever_parent_brings_it(scene: Scene) -> None:
    first = make_guardian()
    child = make_child(first)
    second = make_guardian(first.household, first_name="Nour")
    visits = [note(scene, guardian=each, children=[child]) for each in (first, second)]
    assert visits[0] == visits[1]


def test_a_child_of_another_family_is_nobody_s_to_note(scene: Scene) -> None:
    with pytest.raises(ValueError, match="another household"):
        note(scene, children=[make_child(make_guardian())])


def test_only_agents_note_and_count(scene: Scene) -> None:
    for refused in (note, number, less):
        wanted = {} if refused is note else {"seen": 0}
        with pytest.raises(AgentsOnly):
            refused(scene, actor=FAMILY, **wanted)
    with pytest.raises(AgentsOnly):
        newcomer(scene, actor=FAMILY)


def test_nobody_comes_where_an_appointment_is_needed() -> None:
    scene = open_morning()
    for refused in (lambda: note(scene), lambda: number(scene, seen=0), lambda: newcomer(scene)):
        with pytest.raises(SessionNotOpen):
            refused()
    assert not Appointment.objects.exists()


def test_nor_for_what_the_session_is_not_open_for(scene: Scene) -> None:
    with pytest.raises(KindClosed):
        note(scene, kind_id=make_type(booking=WALK_IN).pk)


def test_nor_to_a_session_that_was_cancelled_or_is_closed_then(scene: Scene) -> None:
    away = {"starts_at": clock("10:00"), "ends_at": clock("12:00")}
    declare_absence(absence=Absence(practitioner=scene.shift.practitioner, **away))
    with pytest.raises(SessionNotOpen):
        note(scene, "10:30")
    assert note(scene, "09:30")
    Shift.objects.update(status=Shift.Status.CANCELLED)
    for refused in (lambda: note(scene), lambda: number(scene, seen=0)):
        with pytest.raises(SessionNotOpen):
            refused()


def test_nor_before_its_day(scene: Scene) -> None:
    eve = clock("23:59", TUESDAY - timedelta(days=1))
    for refused in (lambda: note(scene, now=eve), lambda: number(scene, seen=0, now=eve)):
        with pytest.raises(VisitTooSoon):
            refused()
    assert number(scene, seen=0, now=clock("00:00")) == 1


def test_a_visit_goes_on_as_any_other_and_back_until_it_was_none(scene: Scene) -> None:
    (visit,) = note(scene)
    for step in (actions.start, actions.fulfil, actions.start, actions.arrive):
        step(uid=visit.uid, now=clock("10:00"), actor=AGENT)
    for _ in range(2):
        gone = actions.await_again(uid=visit.uid, now=clock("10:01"), actor=AGENT)
        assert gone.state == "cancelled", "it was never awaited"
    last = AppointmentEvent.objects.filter(appointment=visit).last()
    assert last is not None
    assert (last.action, last.actor) == ("unnote", AGENT.label)
    with pytest.raises(WrongState):
        actions.arrive(uid=visit.uid, now=clock("10:02"), actor=AGENT)
    assert note(scene, guardian=visit.guardian)[0].pk != visit.pk


def test_who_had_an_appointment_is_awaited_again(scene: Scene) -> None:
    booked = open_morning().book()
    actions.arrive(uid=booked.uid, now=clock("09:00"), actor=AGENT)
    assert actions.await_again(uid=booked.uid, now=clock("09:00"), actor=AGENT).state == "booked"


@pytest.mark.parametrize("audience", ["child", "adult"])
def test_who_is_there_can_be_booked_for_at_the_same_time(audience: str) -> None:
    """A baby is weighed, and sees the doctor next door as soon as that is free."""
    weighing = open_morning(booking=WALK_IN, audience=audience)
    doctor = open_morning(audience=audience)
    guardian = make_guardian()
    child = make_child(guardian) if audience == "child" else None
    note(weighing, "09:40", guardian=guardian, children=[child] if child else [])
    booked = actions.book_for(
        guardian=guardian,
        child=child,
        kind=doctor.kind,
        centre=doctor.centre,
        start=to_minute(clock("09:45")),
        now=clock("09:41"),
        actor=AGENT,
    )
    assert booked.state == "booked"


def test_it_is_no_entry_of_its_practitioner_s_calendar(scene: Scene) -> None:
    """The session is there already; twenty babies would hide it."""
    practitioner = scene.shift.practitioner
    practitioner.user = make_user("nurse@example.org", "practitioner", scene.centre)
    practitioner.save()
    token = actions.make_calendar_link(practitioner_id=practitioner.pk, naming="time", now=NOW)
    link = feeds.link_of(token)
    assert link is not None
    note(scene)
    told = [each.uid for each in feeds.entries(link, now=clock("10:00"))]
    assert told == [f"shift-{scene.shift.pk}"]


def test_it_counts_for_no_overbooking(scene: Scene) -> None:
    note(scene)
    assert overbooked_in([scene.shift]) == []


def test_the_board_tells_who_came_and_who_waits_and_forgets_a_mistake(scene: Scene) -> None:
    first, second, third = (note(scene)[0] for _ in range(3))
    number(scene, seen=0)
    actions.fulfil(uid=first.uid, now=clock("09:50"), actor=AGENT)
    actions.await_again(uid=third.uid, now=clock("09:50"), actor=AGENT)
    day = daybook.read_day(scene.centre, on=TUESDAY, now=clock("09:50"))
    (block,) = day.board.columns[0].blocks
    assert (block.came, block.waiting) == (3, 1)
    assert (day.board.counts.arrived, day.board.counts.fulfilled) == (1, 2)
    assert day.board.cancelled == []
    assert {each.visit.id for each in block.entries if each.visit} == {first.pk, second.pk}


def newcomer(scene: Scene, **given: Any) -> Appointment:
    details: dict[str, Any] = {
        "shift_id": scene.shift.pk,
        "kind_id": scene.kind.pk,
        "who": NADIA,
        "now": clock("09:40"),
        "actor": AGENT,
    }
    return actions.note_newcomer(**details | given)


def test_a_family_nobody_knows_is_made_with_its_visit_once(scene: Scene) -> None:
    visit = newcomer(scene)
    assert (visit.state, str(visit.guardian)) == ("arrived", "Nadia Benali")
    assert visit.child is not None
    assert visit.child.born_on == NADIA.child_born_on
    assert newcomer(scene) == visit
    assert newcomer(scene, who=parent(2)) != visit
    assert Household.objects.count() == 2


def test_the_nameless_are_counted_and_a_press_sent_twice_is_one(scene: Scene) -> None:
    assert number(scene, seen=0) == 1
    assert number(scene, seen=0) == 1
    assert number(scene, seen=1) == 2
    assert number(scene, seen=1, actor=COLLEAGUE) == 3, "another family, at another agent's hand"
    assert number(scene, seen=3) == 4


def test_the_last_one_is_taken_back_once_and_not_from_under_a_colleague(scene: Scene) -> None:
    for seen in range(3):
        number(scene, seen=seen)
    assert less(scene, seen=3) == 2
    assert less(scene, seen=3) == 2, "the same press again"
    number(scene, seen=2, actor=COLLEAGUE)
    with pytest.raises(CountChanged):
        less(scene, seen=2)
    assert CountedArrival.objects.count() == 3


def test_below_nobody_nothing_is_taken_back(scene: Scene) -> None:
    with pytest.raises(CountChanged):
        less(scene, seen=0)


def test_a_family_is_never_lost_after_a_colleague_took_one_back(scene: Scene) -> None:
    """The page of the one still shows what the other has taken back since."""
    for seen in range(3):
        number(scene, seen=seen)
    less(scene, seen=3, actor=COLLEAGUE)
    less(scene, seen=2, actor=COLLEAGUE)
    assert number(scene, seen=3) == 2
    assert number(scene, seen=2) == 3


def test_the_database_counts_a_press_once_whoever_writes(scene: Scene) -> None:
    number(scene, seen=0)
    known = CountedArrival.objects.get()
    again = {"shift": known.shift, "centre": known.centre, "at": known.at, "by": known.by}
    with pytest.raises(IntegrityError, match="arrival_counted_once"), transaction.atomic():
        CountedArrival.objects.create(seen=0, **again)


def test_every_count_is_seen_by_the_boards_that_watch(scene: Scene) -> None:
    span = daybook.span_of(scene.centre, TUESDAY)
    versions = [daybook.version(span, now=NOW)]
    for press in (lambda: number(scene, seen=0, at="13:00"), lambda: less(scene, seen=1)):
        press()
        versions.append(daybook.version(span, now=NOW))
    assert len(set(versions)) == 2
    assert versions[0] == versions[2] != versions[1]


def test_what_was_counted_is_forgotten_after_two_years(scene: Scene) -> None:
    number(scene, seen=0)
    CountedArrival.objects.update(at=after(days=-1500))
    forget_leftovers()
    assert not CountedArrival.objects.exists()


def test_a_session_where_somebody_was_counted_is_not_deleted(scene: Scene) -> None:
    number(scene, seen=0)
    with pytest.raises(IntegrityError):
        scene.shift.delete()


def test_an_old_child_is_noted_with_its_age_as_it_is(scene: Scene) -> None:
    guardian = make_guardian()
    old = make_child(guardian, born_on=date(2015, 1, 1))
    assert note(scene, guardian=guardian, children=[old])


def test_the_mailed_list_says_who_came_without_an_appointment(scene: Scene) -> None:
    claire = make_user("claire@example.org", "reception", scene.centre)
    actions.order_paper(user_id=claire.pk, site_id=scene.shift.site_id)
    PaperOrder.objects.update(ordered_at=after(days=-30))
    guardian = make_guardian(last_name="Benali")
    note(scene, "08:30", children=[make_child(guardian, first_name="Inès")], guardian=guardian)
    assert actions.mail_papers(now=clock("08:40")) == 1
    content = about_paper(OutboxMessage.objects.get(kind="paper"))
    assert content is not None
    rows = content.context["rows"]
    assert isinstance(rows, list)
    (row,) = [each for each in rows if "Inès B." in each]
    assert row.endswith("sans rendez-vous")
