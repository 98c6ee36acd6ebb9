"""Holding a time: what it takes, what it refuses, and that an expired one never blocks."""

from datetime import timedelta

import pytest

from booking import actions
from booking.errors import NotOffered, SlotTaken, TooFar, TooSoon, TypeNotBookable
from booking.models import Appointment, AppointmentEvent
from centres.actions import declare_absence, declare_closure
from centres.models import Absence, AppointmentType, Closure, Shift
from tests.booking.scene import AGENT, NOW, after, clock, open_morning
from tests.factories import make_site

pytestmark = pytest.mark.django_db


def test_a_hold_takes_its_time_for_fifteen_minutes() -> None:
    scene = open_morning(buffer_before_min=5, buffer_after_min=10)
    held = scene.hold("09:05")
    held.refresh_from_db()
    assert (held.state, held.expires_at) == ("held", after(15))
    assert (held.starts_at, held.ends_at) == (clock("09:05"), clock("09:35"))
    assert (held.busy_from, held.busy_until) == (clock("09:00"), clock("09:45"))
    assert (held.shift, held.site) == (scene.shift, scene.shift.site)
    assert (held.booked_via, held.seat, held.guardian) == ("web", 0, None)


def test_a_hold_names_nobody_and_is_not_history() -> None:
    scene = open_morning()
    scene.hold()
    assert not AppointmentEvent.objects.exists()


@pytest.mark.parametrize("other", ["08:45", "09:00", "09:15", "09:30", "09:45"])
def test_a_held_time_is_refused_to_others(other: str) -> None:
    scene = open_morning()
    scene.hold("09:15")
    touches = other in ("09:00", "09:15", "09:30")
    if touches:
        with pytest.raises(SlotTaken):
            scene.hold(other)
    elif other == "08:45":
        with pytest.raises(NotOffered):
            scene.hold(other)
    else:
        assert scene.hold(other).starts_at == clock(other)


def test_a_booked_time_is_refused() -> None:
    scene = open_morning()
    scene.book("09:15")
    with pytest.raises(SlotTaken):
        scene.hold("09:30")


@pytest.mark.parametrize("at", ["09:15", "09:00", "09:30"])
def test_an_expired_hold_never_blocks(at: str) -> None:
    scene = open_morning()
    first = scene.hold("09:15")
    second = scene.hold(at, now=after(15))
    first.refresh_from_db()
    assert (first.state, second.state) == ("lapsed", "held")


def test_a_hold_blocks_to_its_last_second() -> None:
    scene = open_morning()
    scene.hold("09:15")
    with pytest.raises(SlotTaken):
        scene.hold("09:15", now=after(15) - timedelta(seconds=1))


@pytest.mark.parametrize("at", ["09:07", "08:00", "11:45", "12:00"])
def test_a_start_no_list_shows_is_refused(at: str) -> None:
    with pytest.raises(NotOffered):
        open_morning().hold(at)
    assert not Appointment.objects.exists()


def test_a_start_within_the_notice_is_too_soon() -> None:
    scene = open_morning(notice_min=60)
    with pytest.raises(TooSoon):
        scene.hold("10:00", now=clock("09:01"))
    assert scene.hold("10:00", now=clock("09:00")).state == "held"


def test_a_start_beyond_the_horizon_is_too_far_until_the_release_hour() -> None:
    scene = open_morning(horizon_days=1)
    with pytest.raises(TooFar):
        scene.hold("10:00", now=clock("06:59", NOW.date()))
    assert scene.hold("10:00", now=clock("07:00", NOW.date())).state == "held"


def test_agents_are_not_bound_by_notice_and_horizon() -> None:
    scene = open_morning(notice_min=60, horizon_days=0)
    assert scene.hold("10:00", now=clock("09:59"), actor=AGENT).booked_via == "agent"
    with pytest.raises(TooSoon):
        scene.hold("10:30", now=clock("11:01"), actor=AGENT)


@pytest.mark.parametrize(
    ("fields", "family", "agent"),
    [
        ({"booking": AppointmentType.Booking.AGENTS}, False, True),
        ({"booking": AppointmentType.Booking.WALK_IN}, False, False),
        ({"is_active": False}, False, False),
    ],
)
def test_a_type_is_booked_by_those_it_is_for(fields: dict, family: bool, agent: bool) -> None:
    scene = open_morning(**fields)
    for wishes, may in [({}, family), ({"actor": AGENT}, agent)]:
        if may:
            assert scene.hold("10:00", **wishes).state == "held"
        else:
            with pytest.raises(TypeNotBookable):
                scene.hold("10:00", **wishes)


@pytest.mark.parametrize("held_since", ["07:00", "07:29"])
def test_a_hold_on_a_cancelled_half_day_is_not_in_the_way_of_its_replacement(
    held_since: str,
) -> None:
    """Expired or alive: nobody could confirm it any more."""
    scene = open_morning()
    lost = scene.hold("09:00", now=clock(held_since))
    Shift.objects.filter(pk=scene.shift.pk).update(status=Shift.Status.CANCELLED)
    new = scene.another_doctor()
    Shift.objects.filter(pk=new.pk).update(practitioner=scene.shift.practitioner)
    held = scene.hold("09:00", now=clock("07:30"))
    lost.refresh_from_db()
    assert (held.shift_id, held.state, lost.state) == (new.pk, "held", "lapsed")


def test_a_type_the_half_day_does_not_offer_is_refused() -> None:
    scene, other = open_morning(), open_morning()
    with pytest.raises(NotOffered):
        actions.hold(centre=scene.centre, kind=other.kind, start=_minute("09:00"), now=NOW)


def test_absences_closures_and_cancelled_half_days_are_refused() -> None:
    scene = open_morning()
    declare_absence(
        absence=Absence(
            practitioner=scene.shift.practitioner,
            starts_at=clock("09:00"),
            ends_at=clock("10:00"),
        )
    )
    declare_closure(
        closure=Closure(
            department=scene.centre.department,
            centre=scene.centre,
            label="Inondation",
            starts_at=clock("11:00"),
            ends_at=clock("12:00"),
        )
    )
    for at in ("09:30", "11:00", "10:45"):
        with pytest.raises(NotOffered):
            scene.hold(at)
    Shift.objects.update(status=Shift.Status.CANCELLED)
    with pytest.raises(NotOffered):
        scene.hold("10:00")


def test_one_may_ask_for_a_site_or_a_practitioner() -> None:
    scene = open_morning()
    away = scene.another_doctor(site=make_site(scene.centre))
    assert scene.hold(site_id=away.site_id).shift == away
    with pytest.raises(SlotTaken):
        scene.hold(practitioner_id=away.practitioner_id)
    assert scene.hold().shift == scene.shift


def test_releasing_gives_the_former_time_back_at_once() -> None:
    scene = open_morning()
    first = scene.hold("09:00")
    scene.hold("10:00", releasing=first.uid)
    first.refresh_from_db()
    assert first.state == "lapsed"
    assert scene.hold("09:00").state == "held"


def test_ones_own_former_hold_is_not_in_the_way() -> None:
    """Choosing 9:15 after 9:00: the half hours overlap, and both are the same person's."""
    scene = open_morning()
    first = scene.hold("09:00")
    assert scene.hold("09:15", releasing=first.uid).starts_at == clock("09:15")


def test_a_refused_change_of_mind_keeps_the_former_hold() -> None:
    scene = open_morning()
    scene.book("10:00")
    first = scene.hold("09:00")
    with pytest.raises(SlotTaken):
        scene.hold("10:00", releasing=first.uid)
    first.refresh_from_db()
    assert first.state == "held"


def test_releasing_never_undoes_an_appointment() -> None:
    scene = open_morning()
    booked = scene.book("09:00")
    scene.hold("10:00", releasing=booked.uid)
    actions.release_hold(uid=booked.uid, now=NOW)
    booked.refresh_from_db()
    assert booked.state == "booked"


def test_giving_a_hold_back_frees_it_and_may_be_done_twice() -> None:
    scene = open_morning()
    held = scene.hold()
    for _ in range(2):
        actions.release_hold(uid=held.uid, now=NOW)
    assert scene.hold().state == "held"


def _minute(at: str) -> int:
    return int(clock(at).timestamp()) // 60


def test_a_reference_somebody_has_already_is_drawn_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = open_morning()
    given = scene.hold("09:00").reference
    letters = iter(given + given + "ZZZZZZZZ")
    monkeypatch.setattr("booking.models.appointment.secrets.choice", lambda _: next(letters))
    assert scene.hold("10:00").reference == "ZZZZZZZZ"
