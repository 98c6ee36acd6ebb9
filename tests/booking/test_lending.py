"""Half-days lent and swapped: who receives changes, when and where does not, nobody is lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from booking import actions
from booking.actions.lending import CANCEL, EDIT, RESTORE, HalfDays
from booking.actions.trying import tried
from booking.desk import calls
from booking.errors import ColleagueBooked, NotAsSeen
from booking.models import Appointment, AppointmentEvent
from centres.errors import (
    NothingToSwap,
    PractitionerAway,
    PractitionerWorks,
    ShiftCancelled,
    ShiftOver,
)
from centres.models import Absence, Practitioner, Shift, ShiftChange, User
from notifications.handling import tell
from notifications.models import OutboxMessage
from tests.booking.illness import ill
from tests.booking.scene import NOW, Scene, after, clock, open_morning, open_session, parent
from tests.factories import make_appointment, make_practitioner, make_shift

pytestmark = pytest.mark.django_db


@pytest.fixture
def claire() -> User:
    return User.objects.create_user("claire@example.org", first_name="Claire", last_name="Le Bihan")


@pytest.fixture
def scene() -> Scene:
    return open_morning()


@pytest.fixture
def colleague(scene: Scene) -> Practitioner:
    return make_practitioner(scene.centre.department, last_name="Kerboul")


def lend(scene: Scene, claire: User, to: Practitioner, **more: Any) -> HalfDays:
    values: dict[str, Any] = {"follows": True, "now": NOW, **more}
    return actions.change_half_day(
        shift_id=scene.shift.pk,
        do=EDIT,
        wanted={"practitioner_id": to.pk},
        author=claire,
        **values,
    )


def test_lent_its_appointments_go_along_and_no_family_is_written_to(
    scene: Scene, claire: User, colleague: Practitioner
) -> None:
    booked = [scene.book(at, who=parent(at)) for at in ("09:00", "10:00")]
    told = OutboxMessage.objects.count()
    done = lend(scene, claire, colleague)
    assert [each.pk for each in done.followed] == [each.pk for each in booked]
    assert done.left_out == []
    for each, before in zip(done.followed, booked, strict=True):
        assert each.practitioner == colleague
        assert (each.starts_at, each.sequence, each.state) == (before.starts_at, 0, "booked")
    assert OutboxMessage.objects.count() == told
    scene.shift.refresh_from_db()
    assert len(scene.shift.busy) == 4
    last = AppointmentEvent.objects.filter(appointment=booked[0].pk).latest("pk")
    assert (last.action, last.actor, last.practitioner) == ("move", claire.email, colleague)
    assert AppointmentEvent.objects.filter(appointment=booked[0].pk).count() == 2


def test_a_message_not_sent_yet_still_leaves(
    scene: Scene, claire: User, colleague: Practitioner
) -> None:
    """It names nobody, so what it says stays true."""
    booked = scene.book()
    lend(scene, claire, colleague)
    message = OutboxMessage.objects.get(kind="confirmation")
    booked.refresh_from_db()
    assert (message.state, message.version) == ("planned", booked.sequence)


def test_lent_alone_its_appointments_are_left_outside(
    scene: Scene, claire: User, colleague: Practitioner
) -> None:
    booked = scene.book()
    done = lend(scene, claire, colleague, follows=False)
    assert [each.pk for each in done.left_out] == [booked.pk]
    assert done.followed == []


def test_the_time_a_family_holds_just_now_goes_along(
    scene: Scene, claire: User, colleague: Practitioner
) -> None:
    held = scene.hold()
    lend(scene, claire, colleague)
    confirmed = actions.confirm(uid=held.uid, who=parent(1), now=NOW)
    assert confirmed.practitioner_id == colleague.pk


def test_a_whole_session_is_lent_with_its_seats(claire: User) -> None:
    scene = open_session()
    booked = [scene.book(who=parent(number)) for number in (1, 2)]
    colleague = make_practitioner(scene.centre.department)
    done = lend(scene, claire, colleague)
    assert {each.pk for each in done.followed} == {each.pk for each in booked}
    scene.shift.refresh_from_db()
    assert scene.shift.taken == 2


def test_what_has_taken_place_stays_who_s_it_was(
    scene: Scene, claire: User, colleague: Practitioner
) -> None:
    met = make_appointment(scene.shift, state="fulfilled")
    assert lend(scene, claire, colleague, now=clock("10:00")).followed == []
    met.refresh_from_db()
    assert met.practitioner == scene.shift.practitioner


def test_a_colleague_who_receives_elsewhere_is_named(
    scene: Scene, claire: User, colleague: Practitioner
) -> None:
    make_shift(practitioner=colleague, starts_at=clock("11:00"))
    with pytest.raises(PractitionerWorks, match="Kerboul reçoit déjà le mardi 2"):
        lend(scene, claire, colleague)


def test_a_colleague_who_is_away_is_named(
    scene: Scene, claire: User, colleague: Practitioner
) -> None:
    Absence.objects.create(practitioner=colleague, starts_at=clock("11:00"), ends_at=clock("18:00"))
    with pytest.raises(PractitionerAway, match="Kerboul a une absence le mardi 2"):
        lend(scene, claire, colleague)


def test_an_appointment_of_the_colleague_s_at_that_time_is_named(
    scene: Scene, claire: User, colleague: Practitioner
) -> None:
    """It stands alone: its half-day was cancelled, and the family not told yet."""
    scene.book("10:00")
    other = make_shift(
        practitioner=colleague, starts_at=clock("10:00"), types=[scene.kind], status="cancelled"
    )
    make_appointment(other)
    with pytest.raises(ColleagueBooked) as refusal:
        lend(scene, claire, colleague)
    assert "Kerboul" in str(refusal.value.details["who"])
    scene.shift.refresh_from_db()
    assert scene.shift.practitioner != colleague


def test_restored_it_comes_back_with_its_appointments(claire: User) -> None:
    scene = open_morning()
    colleague = make_practitioner(scene.centre.department)
    owner = scene.shift.practitioner
    booked = scene.book()
    lend(scene, claire, colleague)
    back = lend(scene, claire, owner)
    assert [each.practitioner for each in back.followed] == [owner]
    assert back.followed[0].pk == booked.pk


def test_cancelled_then_restored(scene: Scene, claire: User) -> None:
    booked = scene.book()
    values: dict[str, Any] = {"shift_id": scene.shift.pk, "author": claire, "now": NOW}
    assert [each.pk for each in actions.change_half_day(do=CANCEL, **values).left_out] == [
        booked.pk
    ]
    assert actions.change_half_day(do=RESTORE, **values).left_out == []
    assert not Appointment.objects.outside().exists()


def to_call(scene: Scene) -> list[str]:
    found = calls([scene.centre], now=NOW).found
    return [call.message.kind for call in found if call.message]


def test_the_families_of_a_half_day_cancelled_by_itself_are_to_be_phoned_until_it_is_restored(
    scene: Scene, claire: User
) -> None:
    for at in ("09:00", "10:00"):
        scene.book(at, who=parent(at))
    values: dict[str, Any] = {"shift_id": scene.shift.pk, "author": claire, "now": NOW}
    tried(actions.change_half_day, do=CANCEL, **values)
    assert to_call(scene) == []
    actions.change_half_day(do=CANCEL, **values)
    actions.change_half_day(do=CANCEL, **values)
    assert to_call(scene) == ["to_call"] * 2
    actions.change_half_day(do=RESTORE, **values)
    assert to_call(scene) == []
    closed = OutboxMessage.objects.filter(kind="to_call").values_list("handled_as", "handled_by")
    assert set(closed) == {("closed", claire.email)}
    actions.change_half_day(do=CANCEL, **values)
    assert to_call(scene) == ["to_call"] * 2, "cancelled again, they are phoned again"


def test_a_family_told_that_its_half_day_is_cancelled_is_told_that_it_is_restored(
    scene: Scene, claire: User
) -> None:
    booked = [scene.book(at, who=parent(at)) for at in ("09:00", "10:00")]
    values: dict[str, Any] = {"shift_id": scene.shift.pk, "author": claire, "now": NOW}
    actions.change_half_day(do=CANCEL, **values)
    called = OutboxMessage.objects.get(kind="to_call", subject_ref=str(booked[0].uid))
    tell(pk=called.pk, by="Claire", now=NOW)
    actions.change_half_day(do=RESTORE, **values)
    assert to_call(scene) == ["time_kept"]
    assert OutboxMessage.objects.get(kind="time_kept").subject_ref == str(booked[0].uid)


def test_what_is_to_be_phoned_for_another_reason_stays_when_a_half_day_is_restored() -> None:
    it = ill(1)
    it.declare("call")
    claire = User.objects.create_user("claire@example.org")
    values: dict[str, Any] = {"shift_id": it.scene.shift.pk, "author": claire, "now": after(5)}
    actions.change_half_day(do=CANCEL, **values)
    actions.change_half_day(do=RESTORE, **values)
    assert OutboxMessage.objects.filter(kind="to_call", handled_as="").count() == 1
    assert to_call(it.scene) == ["to_call"]


def test_a_trial_leaves_nothing_and_what_changed_since_is_not_saved(
    scene: Scene, claire: User, colleague: Practitioner
) -> None:
    values: dict[str, Any] = {
        "shift_id": scene.shift.pk,
        "do": EDIT,
        "wanted": {"practitioner_id": colleague.pk},
        "follows": True,
        "author": claire,
        "now": NOW,
    }
    seen = tried(actions.change_half_day, **values).tokens
    assert not ShiftChange.objects.exists()
    scene.book()
    with pytest.raises(NotAsSeen) as told:
        actions.change_half_day(**values, seen=seen)
    outcome = told.value.details["outcome"]
    assert isinstance(outcome, HalfDays)
    assert len(outcome.followed) == 1
    assert not ShiftChange.objects.exists()
    actions.change_half_day(**values, seen=outcome.tokens)
    assert ShiftChange.objects.count() == 1


# Two people on one morning, both received at nine: each must leave for the other to come.


@pytest.fixture
def other(scene: Scene) -> Shift:
    return scene.another_doctor()


def swap(scene: Scene, claire: User, other: Shift, **more: Any) -> HalfDays:
    values: dict[str, Any] = {"now": NOW, "shift_ids": [scene.shift.pk, other.pk], **more}
    return actions.swap_half_days(
        one_id=scene.shift.practitioner_id,
        other_id=other.practitioner_id,
        author=claire,
        **values,
    )


def test_two_swap_their_morning_and_all_families_keep_their_time(
    scene: Scene, claire: User, other: Shift
) -> None:
    mine, theirs = make_appointment(scene.shift), make_appointment(other)
    done = swap(scene, claire, other)
    assert {each.pk for each in done.followed} == {mine.pk, theirs.pk}
    assert done.left_out == []
    for each, was in ((mine, other), (theirs, scene.shift)):
        each.refresh_from_db()
        assert (each.practitioner_id, each.state) == (was.practitioner_id, "booked")
    assert ShiftChange.objects.count() == 2
    for shift in Shift.objects.all():
        assert len(shift.busy) == 2
        assert shift.status == "open"


def test_swapped_twice_all_is_as_before(scene: Scene, claire: User, other: Shift) -> None:
    make_appointment(scene.shift)
    before = list(Shift.objects.order_by("pk").values("practitioner", "busy"))
    swap(scene, claire, other)
    scene.shift.refresh_from_db()
    other.refresh_from_db()
    swap(scene, claire, other)
    assert list(Shift.objects.order_by("pk").values("practitioner", "busy")) == before


def test_nobody_is_sent_to_two_places(scene: Scene, claire: User, other: Shift) -> None:
    """The afternoon of the one meets what the other has elsewhere then."""
    afternoon = make_shift(practitioner=scene.shift.practitioner, starts_at=clock("14:00"))
    make_shift(practitioner=other.practitioner, starts_at=clock("15:00"))
    with pytest.raises(PractitionerWorks):
        swap(scene, claire, other, shift_ids=[scene.shift.pk, other.pk, afternoon.pk])
    assert not ShiftChange.objects.exists()


@pytest.mark.parametrize(
    ("change", "now", "refusal"),
    [
        ({"status": "cancelled"}, NOW, ShiftCancelled),
        ({}, after(days=3), ShiftOver),
    ],
)
def test_what_cannot_be_swapped_is_refused_by_name(
    scene: Scene, claire: User, other: Shift, change: dict[str, Any], now: Any, refusal: Any
) -> None:
    Shift.objects.filter(pk=other.pk).update(**change)
    with pytest.raises(refusal):
        swap(scene, claire, other, now=now)


def test_with_nothing_to_swap_nothing_is_done(scene: Scene, claire: User, other: Shift) -> None:
    with pytest.raises(NothingToSwap):
        swap(scene, claire, other, shift_ids=[])


def test_an_overbooked_family_goes_along_too(
    scene: Scene, claire: User, colleague: Practitioner
) -> None:
    make_appointment(scene.shift)
    extra = make_appointment(scene.shift, is_overbooked=True, note="Urgence")
    lend(scene, claire, colleague)
    extra.refresh_from_db()
    assert (extra.practitioner, extra.is_overbooked) == (colleague, True)


def test_who_books_while_a_half_day_is_lent_is_not_lost(
    scene: Scene, claire: User, colleague: Practitioner
) -> None:
    lend(scene, claire, colleague)
    booked = scene.book("11:00", now=NOW + timedelta(minutes=1))
    assert booked.practitioner_id == colleague.pk
