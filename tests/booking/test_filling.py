"""Times that can be booked for the first time are offered to who waited for them, by turns."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from booking import actions, newly_free
from booking.actions.lending import CANCEL, EDIT, RESTORE
from booking.actions.waiting import Wishes
from booking.models import Appointment, NewTime, WaitingListEntry, WaitingListOffer
from booking.tasks import forget_leftovers, tend_waiting_list
from centres.actions import declare_absence, withdraw
from centres.models import Absence, AppointmentType, Centre, Shift, ShiftType, User
from notifications.models import OutboxMessage
from tests.booking.scene import NOW, after, clock, parent
from tests.booking.waiting_room import Centre as Room
from tests.booking.waiting_room import minute, public, tend, waiting_centre
from tests.factories import make_practitioner, make_rule, make_shift, make_site, make_type

pytestmark = pytest.mark.django_db
SOON = 12  # days after the Tuesday: two days after the near morning, before the far one
LOOKED = after(10)


@pytest.fixture
def room() -> Room:
    """All that is near is taken, and was before anybody waited."""
    room = waiting_centre()
    Shift.objects.filter(pk=room.near.shift.pk).update(status="cancelled")
    return room


def opened(room: Room, *, at: datetime | None = None, **fields: Any) -> Shift:
    """A new half-day, of one visit unless told otherwise; since just now."""
    near = room.near.shift
    details = {
        "starts_at": clock("09:00") + timedelta(days=SOON),
        "site": near.site,
        "types": [room.near.kind],
        "hours": 0.5,
    }
    shift = make_shift(**details | fields)
    date_marks(at or after(9))
    return shift


def date_marks(at: datetime) -> None:
    """The database's clock writes them, and cannot be moved."""
    NewTime.objects.update(at=at)


def ask(now: datetime = LOOKED) -> list[WaitingListOffer]:
    return actions.offer_new_times(now=now)


def decline(offer: WaitingListOffer, now: datetime) -> WaitingListOffer | None:
    return actions.end_offer(uid=offer.uid, now=now, is_refused=True)


def test_a_half_day_added_is_offered_to_who_waits_longest(room: Room) -> None:
    first, second = room.wait(1), room.wait(2, "10:00")
    shift = opened(room)
    (offer,) = ask()
    assert (offer.entry, offer.starts_at, offer.is_new_time) == (first, shift.starts_at, True)
    assert offer.answer_by == after(130)
    assert offer.hold is not None
    assert offer.hold.is_live_hold(now=after(130))
    assert OutboxMessage.objects.get(kind="offer").recipient == "parent1@example.org"
    assert ask(after(11)) == [], "one family at a time"
    assert second.offers.count() == 0
    moved = actions.accept_offer(uid=offer.uid, now=after(20))
    assert (moved.pk, moved.starts_at) == (first.appointment_id, shift.starts_at)


def test_without_the_triggers_nobody_would_hear_of_it(room: Room) -> None:
    room.wait(1)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE centres_shifttype DISABLE TRIGGER booking_new_offers")
    opened(room)
    assert ask() == []


def test_no_and_silence_pass_it_on_and_then_it_is_everybody_s(room: Room) -> None:
    room.wait(1)
    second = room.wait(2, "10:00")
    opened(room)
    (offer,) = ask()
    following = decline(offer, after(20))
    assert following is not None
    assert (following.entry, following.is_new_time) == (second, True)
    tend(after(150))
    following.refresh_from_db()
    assert following.state == "expired"
    assert ask(after(151)) == [], "nobody is asked twice"
    held = Appointment.objects.filter(state="held", expires_at__gt=after(151))
    assert not held.exists()


def test_several_times_go_to_several_families_each_its_own(room: Room) -> None:
    entries = [room.wait(number, f"{9 + number:02}:00") for number in (0, 1, 2)]
    opened(room, hours=1)
    offers = ask()
    assert [each.entry for each in offers] == entries[:2], "there are two times"
    assert len({each.starts_at for each in offers}) == 2


def test_who_said_no_to_one_time_is_not_asked_about_the_next_of_that_morning(room: Room) -> None:
    entry = room.wait(1)
    opened(room, hours=3)
    (offer,) = ask()
    assert decline(offer, after(11)) is None
    assert ask(after(12)) == []
    assert ask(after(days=2)) == [], "the same morning, whatever the day"
    assert entry.offers.count() == 1


def test_who_said_no_rests_a_day_before_another_morning(room: Room) -> None:
    room.wait(1)
    opened(room)
    opened(room, starts_at=clock("09:00") + timedelta(days=SOON + 1))
    (offer,) = ask()
    decline(offer, after(11))
    assert ask(after(12)) == []
    (other,) = ask(after(12, days=1))
    assert other.starts_at == clock("09:00") + timedelta(days=SOON + 1)


def test_who_asked_later_saw_it_on_the_page(room: Room) -> None:
    shift = opened(room)
    assert not NewTime.objects.exists(), "nobody waits: nothing is noted"
    room.wait(1)
    NewTime.objects.create(shift=shift, at=NOW)
    assert ask() == []


def test_after_three_days_it_is_a_time_like_any_other(room: Room) -> None:
    room.wait(1)
    opened(room, at=after(10, days=-3))
    assert ask() == []


def test_what_was_free_all_along_is_offered_to_nobody(room: Room) -> None:
    """A visit that is cancelled by its family is what `offer_freed` is for."""
    opened(room)
    room.wait(1)
    assert ask() == []
    assert not NewTime.objects.exists()


# Ways in which time appears.


def claire() -> User:
    return User.objects.create_user("claire@example.org")


def change(shift: Shift, do: str, **how: Any) -> None:
    actions.change_half_day(shift_id=shift.pk, do=do, author=claire(), now=NOW, **how)


def restored(room: Room, shift: Shift) -> None:
    Shift.objects.filter(pk=shift.pk).update(status="cancelled")
    change(shift, RESTORE)


def longer(room: Room, shift: Shift) -> None:
    change(shift, EDIT, wanted={"ends_at": shift.ends_at + timedelta(hours=1)})


def another_type(room: Room, shift: Shift) -> None:
    ShiftType.objects.filter(shift=shift).delete()
    change(shift, EDIT, wanted={"type_ids": [room.near.kind.pk]})


def another_person(room: Room, shift: Shift) -> None:
    change(shift, EDIT, wanted={"practitioner_id": make_practitioner().pk})


def a_smaller_reserve(room: Room, shift: Shift) -> None:
    Shift.objects.filter(pk=shift.pk).update(agent_reserve=2)
    NewTime.objects.all().delete()
    change(shift, EDIT, wanted={"agent_reserve": 0})


def absence_withdrawn(room: Room, shift: Shift) -> None:
    period = Absence(
        practitioner=shift.practitioner, starts_at=shift.starts_at, ends_at=shift.ends_at
    )
    declare_absence(absence=period)
    assert not NewTime.objects.exists(), "an absence opens nothing"
    withdraw(period=period)


@pytest.mark.parametrize(
    "appear",
    [restored, longer, another_type, another_person, a_smaller_reserve, absence_withdrawn],
)
def test_however_the_plan_opens_the_time_is_offered(room: Room, appear: Any) -> None:
    shift = opened(room)
    entry = room.wait(1)
    assert not NewTime.objects.exists()
    appear(room, shift)
    date_marks(after(9))
    assert [each.entry for each in ask()] == [entry]


def test_a_plan_that_only_loses_time_is_not_noted(room: Room) -> None:
    shift = opened(room, hours=3)
    room.wait(1)
    change(shift, EDIT, wanted={"ends_at": shift.ends_at - timedelta(hours=1)})
    assert not NewTime.objects.exists()
    Shift.objects.filter(pk=shift.pk).update(agent_reserve=1)
    booked = actions.hold(
        kind=room.near.kind, centre=shift.centre, start=minute(shift.starts_at), now=NOW
    )
    actions.confirm(uid=booked.uid, who=parent(7), now=NOW)
    actions.change_half_day(shift_id=shift.pk, do=CANCEL, author=User.objects.get(), now=NOW)
    assert not NewTime.objects.exists()


# Not before it may be booked.


def test_a_day_that_the_horizon_reaches_is_offered_from_that_hour_on(room: Room) -> None:
    room.wait(1)
    AppointmentType.objects.update(horizon_days=10)
    Centre.objects.update(release_time=time(8))
    opened(room, at=after(days=-30))
    reached = clock("08:00") + timedelta(days=SOON - 10)
    assert ask(reached - timedelta(minutes=1)) == []
    assert len(ask(reached)) == 1


def test_a_day_that_the_horizon_reached_before_is_not(room: Room) -> None:
    room.wait(1)
    AppointmentType.objects.update(horizon_days=SOON + 10)
    opened(room, at=after(days=-30))
    assert ask() == []


@pytest.mark.parametrize(
    ("kind", "shift", "centre"),
    [
        ({"notice_min": 60 * 24 * 30}, {}, {}),
        ({"notice_working_days": 15}, {}, {}),
        ({"is_active": False}, {}, {}),
        ({"booking": "walk_in"}, {}, {}),
        ({}, {"agent_reserve": 1}, {}),
        ({}, {"status": "cancelled"}, {}),
        ({}, {}, {"stage": "preparing"}),
        ({}, {}, {"stage": "paused"}),
    ],
)
def test_what_families_cannot_book_is_not_offered(
    room: Room, kind: dict[str, Any], shift: dict[str, Any], centre: dict[str, Any]
) -> None:
    room.wait(1)
    made = opened(room)
    AppointmentType.objects.update(**kind or {"is_active": True})
    Shift.objects.filter(pk=made.pk).update(**shift or {"agent_reserve": 0})
    Centre.objects.update(**centre or {"stage": "open"})
    date_marks(after(9))
    assert len(ask()) == (0 if (kind or shift or centre) else 1)


def test_a_time_too_near_to_ask_about_is_everybody_s(room: Room) -> None:
    room.wait(1)
    opened(room, starts_at=after(10 + 4 * 60))
    assert ask() == []


def test_wishes_count_as_for_times_given_back(room: Room) -> None:
    room.wait(1, days=(2,))  # Tuesdays only; the new half-day is a Sunday’s twelfth day after
    fits = room.wait(2, "10:00")
    opened(room)
    assert [each.entry for each in ask()] == [fits]


# Sessions, costs, accidents.


def test_a_new_session_is_offered_seat_by_seat() -> None:
    room = waiting_centre()
    Shift.objects.filter(pk=room.near.shift.pk).update(status="cancelled")
    workshop = make_type(mode="group", audience="adult", notice_min=0)
    site = room.near.shift.site
    make_rule(site=site, types=[workshop])
    entries = []
    for number in (1, 2, 3):
        guardian = room.book(number, f"{8 + number:02}:00").guardian
        assert guardian is not None
        asked = {"guardian": guardian, "child": None, "kind": workshop, "centre": site.centre}
        wishes = Wishes(sites=(site.pk,))
        entries.append(actions.ask_for_any(wishes=wishes, now=after(number), **asked))
    opened(room, types=[workshop], seats=2, hours=2)
    offers = ask()
    assert [each.entry for each in offers] == entries[:2]
    assert sorted(each.hold.seat for each in offers if each.hold) == [1, 2]


def test_the_pass_costs_one_statement_when_nothing_is_new(room: Room) -> None:
    room.wait(1)
    with CaptureQueriesContext(connection) as queries:
        assert ask() == []
    assert len(queries) == 1


def test_looking_costs_the_same_for_one_half_day_and_for_ten(room: Room) -> None:
    room.wait(1, days=(7,))
    room.wait(2, "10:00", until_on=clock("09:00").date())
    opened(room, hours=3)

    def look() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert ask() == []
        return len(queries)

    WaitingListEntry.objects.update(days=[1])
    one = look()
    for number in range(9):
        starts_at = clock("14:00") + timedelta(days=SOON + number * 7)
        opened(room, starts_at=starts_at, site=make_site(room.near.centre))
        opened(room, starts_at=starts_at)
    WaitingListEntry.objects.update(days=[1])
    assert look() == one


def test_what_was_taken_meanwhile_keeps_no_other_family_waiting(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose turn it is, is asked again under the lock."""
    first = room.wait(1)
    room.wait(2, "10:00")
    early = opened(room)
    opened(room, starts_at=clock("09:00") + timedelta(days=SOON + 1))
    seen = newly_free.new_times(now=after(10))
    actions.hold(
        kind=room.near.kind, centre=early.centre, start=minute(early.starts_at), now=after(10)
    )
    monkeypatch.setattr(newly_free, "new_times", lambda **_: seen)
    (offer,) = ask()
    assert offer.starts_at.date() == early.starts_at.date() + timedelta(days=1)
    assert offer.entry == first


def test_the_minute_s_task_does_it_and_the_night_forgets() -> None:
    room = waiting_centre()
    guardian = room.book(1).guardian
    assert guardian is not None
    now = timezone.now()
    wishes = Wishes(sites=(room.near.shift.site_id,))
    kind = make_type(audience="adult", notice_min=0)
    make_rule(site=room.near.shift.site, types=[kind])
    actions.ask_for_any(
        guardian=guardian,
        child=None,
        kind=kind,
        centre=room.near.centre,
        wishes=wishes,
        now=now - timedelta(minutes=1),
    )
    make_shift(
        site=room.near.shift.site,
        starts_at=now.replace(minute=0, second=0, microsecond=0) + timedelta(days=20),
        types=[kind],
    )
    assert tend_waiting_list() == 1
    assert tend_waiting_list() == 0
    assert NewTime.objects.count() == 1
    NewTime.objects.update(at=now - timedelta(days=4))
    forget_leftovers()
    assert not NewTime.objects.exists()


def test_a_time_held_is_off_the_public_list_and_back_after_a_no(room: Room) -> None:
    room.wait(1)
    Shift.objects.filter(pk=room.near.shift.pk).update(status="open")
    date_marks(after(9))
    (offer,) = ask()
    assert 0 not in public(room, after(11))
    decline(offer, after(12))
    assert 0 in public(room, after(13))
