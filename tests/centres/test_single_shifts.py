"""One half-day changed alone: signed, kept from its rule, and no appointment lost."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from booking import queries
from booking.models import Appointment, CountedArrival
from booking.queries import LONGEST_SHIFT
from centres import calendar, errors, seating
from centres.actions import (
    Change,
    cancel_shift,
    cancel_shifts_of,
    edit_shift,
    expand_rules,
    restore_shift,
)
from centres.models import OpeningRule, PublicHoliday, Shift, ShiftChange, User
from tests.booking.scene import NOW, after, clock, open_morning, open_session, parent
from tests.factories import (
    PARIS,
    make_appointment,
    make_practitioner,
    make_rule,
    make_shift,
    make_site,
    make_type,
)

pytestmark = pytest.mark.django_db
TODAY = date(2027, 3, 1)
SECOND = date(2027, 3, 8)


@pytest.fixture
def claire() -> User:
    return User.objects.create_user("claire@example.org", first_name="Claire", last_name="Le Bihan")


@pytest.fixture
def rule() -> OpeningRule:
    """Every Monday from 9:00 to 12:00, already expanded."""
    rule = make_rule(types=[make_type()], rrule="FREQ=WEEKLY;BYDAY=MO", valid_from=TODAY)
    expand()
    return rule


@pytest.fixture
def shift(rule: OpeningRule) -> Shift:
    return rule.shifts.get(occurs_on=SECOND)


def expand() -> None:
    expand_rules(today=TODAY, months=1)


def at(text: str, day: date = SECOND) -> datetime:
    return datetime.combine(day, time.fromisoformat(text), PARIS)


def edit(shift: Shift, claire: User, *, now: datetime = NOW, **wanted: Any) -> Change:
    return edit_shift(shift_id=shift.pk, author=claire, now=now, **wanted)


def test_an_edit_is_signed_and_its_rule_leaves_it_alone(shift: Shift, claire: User) -> None:
    colleague = make_practitioner()
    kinds = [make_type(mode="group", capacity=6), make_type(mode="group", capacity=8)]
    antenna = make_site(shift.centre)
    done = edit(
        shift,
        claire,
        note="Formation le matin",
        starts_at=at("13:00"),
        ends_at=at("15:30"),
        practitioner_id=colleague.pk,
        site_id=antenna.pk,
        seats=6,
        agent_reserve=2,
        type_ids=[kind.pk for kind in kinds],
    )
    expand()
    edited = Shift.objects.get(pk=shift.pk)
    assert (edited.starts_at, edited.ends_at) == (at("13:00"), at("15:30"))
    assert (edited.practitioner, edited.site, edited.room) == (colleague, antenna, 150)
    assert (edited.seats, edited.agent_reserve, edited.is_edited) == (6, 2, True)
    offers = edited.offers.values_list("type_id", "starts_at")
    assert set(offers) == {(kind.pk, at("13:00")) for kind in kinds}
    assert (done.shift, done.outside) == (edited, [])
    change = ShiftChange.objects.get()
    assert (change.shift, change.action, change.note) == (edited, "edit", "Formation le matin")
    assert (change.author, change.author_name, change.decided_at) == (
        claire,
        "Claire Le Bihan",
        NOW,
    )
    assert change.changes["seats"] == [1, 6]
    assert change.changes["starts_at"] == ["2027-03-08T08:00:00Z", "2027-03-08T13:00:00+01:00"]


def test_the_author_is_known_after_the_account_is_gone(shift: Shift, claire: User) -> None:
    edit(shift, claire, ends_at=at("11:00"))
    claire.delete()
    assert ShiftChange.objects.values_list("author", "author_name").get() == (
        None,
        "Claire Le Bihan",
    )


def test_an_edit_that_changes_nothing_leaves_it_to_its_rule(shift: Shift, claire: User) -> None:
    same = {"starts_at": shift.starts_at, "seats": 1, "site_id": shift.site_id}
    edit(shift, claire, **same, type_ids=[shift.offers.get().type_id])
    shift.refresh_from_db()
    assert not shift.is_edited
    assert not ShiftChange.objects.exists()


def test_moved_to_another_day_it_is_not_made_again_on_its_own(
    rule: OpeningRule, shift: Shift, claire: User
) -> None:
    tuesday = SECOND + timedelta(days=1)
    edit(shift, claire, starts_at=at("09:00", tuesday), ends_at=at("12:00", tuesday))
    expand()
    assert rule.shifts.count() == 5
    assert not Shift.objects.filter(starts_at=at("09:00")).exists()


@pytest.mark.parametrize(
    ("booked_at", "wanted", "is_listed"),
    [
        ("09:00", {"starts_at": at("10:00")}, True),
        ("10:00", {"starts_at": at("10:00")}, False),
        ("11:30", {"ends_at": at("11:45")}, True),
        ("09:00", {"practitioner_id": "other"}, True),
        ("09:00", {"site_id": "other"}, True),
        ("09:00", {"agent_reserve": 1}, False),
    ],
)
def test_appointments_left_outside_are_listed_and_stay_as_they_are(
    shift: Shift, claire: User, booked_at: str, wanted: dict[str, Any], is_listed: bool
) -> None:
    booked = make_appointment(shift, starts_at=at(booked_at))
    make_appointment(shift, starts_at=at("10:30"), state="cancelled")
    before = list(Appointment.objects.order_by("pk").values())
    others = {"practitioner_id": make_practitioner(), "site_id": make_site(shift.centre)}
    wanted = {key: others[key].pk if value == "other" else value for key, value in wanted.items()}
    assert edit(shift, claire, **wanted).outside == ([booked.pk] if is_listed else [])
    assert list(Appointment.objects.order_by("pk").values()) == before
    listed = Appointment.objects.outside().values_list("pk", flat=True)
    assert list(listed) == ([booked.pk] if is_listed else [])


def test_families_of_a_session_that_changes_its_hours_are_listed(claire: User) -> None:
    scene = open_session(seats=3)
    booked = scene.book()
    assert edit(scene.shift, claire, ends_at=clock("12:00")).outside == [booked.pk]


def test_cancelled_it_offers_nothing_and_lists_who_was_to_come(claire: User) -> None:
    scene = open_morning()
    first, second = (scene.book(hour, who=parent(hour)) for hour in ("09:00", "10:00"))
    done = cancel_shift(shift_id=scene.shift.pk, author=claire, now=NOW, note="Grève")
    assert done.outside == [first.pk, second.pk]
    window = queries.window_for(scene.kind, scene.centre, now=NOW)
    assert queries.search(kind=scene.kind, centre=scene.centre, window=window, now=NOW) == []
    assert set(Appointment.objects.values_list("state", flat=True)) == {"booked"}
    cancel_shift(shift_id=scene.shift.pk, author=claire, now=after(5))
    assert ShiftChange.objects.count() == 1, "twice is once"


def test_its_rule_does_not_open_it_again(rule: OpeningRule, shift: Shift, claire: User) -> None:
    cancel_shift(shift_id=shift.pk, author=claire, now=NOW)
    rule.opens = time(8)
    rule.save()
    expand()
    shift.refresh_from_db()
    assert (shift.status, shift.starts_at) == ("cancelled", at("09:00"))


def test_restored_it_is_what_its_rule_makes_of_the_day(
    rule: OpeningRule, shift: Shift, claire: User
) -> None:
    edit(
        shift,
        claire,
        starts_at=at("10:00"),
        seats=4,
        type_ids=[make_type(mode="group", capacity=4).pk],
    )
    cancel_shift(shift_id=shift.pk, author=claire, now=NOW)
    rule.closes = time(13)
    rule.save()
    done = restore_shift(shift_id=shift.pk, author=claire, now=NOW)
    shift.refresh_from_db()
    assert (shift.status, shift.is_edited, shift.seats) == ("open", False, 1)
    assert (shift.starts_at, shift.ends_at) == (at("09:00"), at("13:00"))
    assert [offer.type for offer in shift.offers.all()] == list(rule.types.all())
    assert done.outside == []
    assert [change.action for change in shift.changes.all()] == ["restore", "cancel", "edit"]


def test_restored_it_receives_again_who_was_left_outside(shift: Shift, claire: User) -> None:
    make_appointment(shift, starts_at=at("09:00"))
    assert edit(shift, claire, starts_at=at("10:00")).outside
    assert restore_shift(shift_id=shift.pk, author=claire, now=NOW).outside == []


def test_where_its_rule_asks_for_nothing_it_is_opened_as_it_stands(
    shift: Shift, claire: User
) -> None:
    cancel_shift(shift_id=shift.pk, author=claire, now=NOW)
    PublicHoliday.objects.create(department=shift.centre.department, on=SECOND, name="Fête")
    restore_shift(shift_id=shift.pk, author=claire, now=NOW)
    expand()
    shift.refresh_from_db()
    assert (shift.status, shift.is_edited) == ("open", True)


def test_one_with_a_history_is_cancelled_by_its_rule_never_deleted(
    rule: OpeningRule, shift: Shift, claire: User
) -> None:
    edit(shift, claire, ends_at=at("11:00"))
    restore_shift(shift_id=shift.pk, author=claire, now=NOW)
    OpeningRule.objects.update(is_active=False)
    expand()
    assert list(rule.shifts.values_list("pk", "status")) == [(shift.pk, "cancelled")]
    assert shift.changes.count() == 2


def test_one_where_somebody_was_counted_is_cancelled_by_its_rule_never_deleted(
    rule: OpeningRule, shift: Shift
) -> None:
    CountedArrival.objects.create(
        shift=shift, centre=shift.centre, at=shift.starts_at, by="claire", seen=0
    )
    OpeningRule.objects.update(is_active=False)
    expand()
    assert list(rule.shifts.values_list("pk", "status")) == [(shift.pk, "cancelled")]


def test_nobody_is_put_in_two_places(rule: OpeningRule, shift: Shift, claire: User) -> None:
    elsewhere = make_shift(starts_at=at("14:00"), practitioner=shift.practitioner)
    with pytest.raises(errors.PractitionerBusy):
        edit(shift, claire, ends_at=at("14:30"))
    other = make_shift(starts_at=at("10:00"))
    with pytest.raises(errors.PractitionerBusy):
        edit(shift, claire, practitioner_id=other.practitioner_id)
    cancel_shift(shift_id=shift.pk, author=claire, now=NOW)
    edit(elsewhere, claire, starts_at=at("11:00"))
    with pytest.raises(errors.PractitionerBusy):
        restore_shift(shift_id=shift.pk, author=claire, now=NOW)
    shift.refresh_from_db()
    assert (shift.status, shift.ends_at) == ("cancelled", at("12:00"))


@pytest.mark.parametrize(
    ("wanted", "refusal"),
    [
        ({"starts_at": at("12:00")}, errors.EndsTooEarly),
        ({"starts_at": at("07:59"), "ends_at": at("22:00")}, errors.TooLong),
        ({"starts_at": at("09:00", TODAY), "ends_at": at("09:00", TODAY)}, errors.EndsTooEarly),
        ({"starts_at": at("08:00", TODAY), "ends_at": at("08:30", TODAY)}, errors.ShiftOver),
        ({"site_id": "elsewhere"}, errors.OtherCentre),
        ({"practitioner_id": "gone"}, errors.PractitionerGone),
        ({"seats": 2}, errors.SeatsDoNotFit),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    shift: Shift, claire: User, wanted: dict[str, Any], refusal: type[errors.Refusal]
) -> None:
    make_appointment(shift)
    before = Shift.objects.values().get(pk=shift.pk)
    if "site_id" in wanted:
        wanted = {"site_id": make_site().pk}
    if "practitioner_id" in wanted:
        wanted = {"practitioner_id": make_practitioner(is_active=False).pk}
    with pytest.raises(refusal):
        edit(shift, claire, **wanted)
    assert Shift.objects.values().get(pk=shift.pk) == before
    assert not ShiftChange.objects.exists()


def test_what_is_over_stays_as_it_was(shift: Shift, claire: User) -> None:
    noon = {"author": claire, "now": at("12:00")}
    for action in (edit_shift, cancel_shift, restore_shift):
        with pytest.raises(errors.ShiftOver):
            action(shift_id=shift.pk, **noon)
    edit(shift, claire, ends_at=at("11:30"), now=at("11:00"))


def test_a_cancelled_one_is_restored_before_it_is_edited(shift: Shift, claire: User) -> None:
    cancel_shift(shift_id=shift.pk, author=claire, now=NOW)
    with pytest.raises(errors.ShiftCancelled):
        edit(shift, claire, ends_at=at("11:00"))


def test_absences_are_counted_anew_where_it_goes(shift: Shift, claire: User) -> None:
    colleague = make_practitioner()
    colleague.absences.create(starts_at=at("09:00"), ends_at=at("10:00"))
    edit(shift, claire, practitioner_id=colleague.pk)
    shift.refresh_from_db()
    assert (len(shift.closed), shift.room) == (2, 120)


def test_somebody_who_leaves_has_no_half_day_left_edited_or_not(claire: User) -> None:
    who = make_practitioner()
    past = make_shift(starts_at=after(days=-1), practitioner=who)
    edited = make_shift(starts_at=after(days=1), practitioner=who, is_edited=True)
    booked = make_appointment(edited)
    (change,) = cancel_shifts_of(practitioner_id=who.pk, author=claire, now=NOW)
    assert (change.shift, change.outside) == (edited, [booked.pk])
    states = [Shift.objects.get(pk=one.pk).status for one in (past, edited)]
    assert states == ["open", "cancelled"]


def test_the_database_refuses_a_half_day_longer_than_searches_look_back() -> None:
    """Eight hours before the search's window it would be offered to nobody, or booked twice."""
    assert LONGEST_SHIFT == calendar.LONGEST_SHIFT == timedelta(hours=14)
    make_shift(hours=14)
    with pytest.raises(IntegrityError, match="shift_at_most_14_hours"), transaction.atomic():
        make_shift(hours=14.1)
    with pytest.raises(IntegrityError, match="rule_at_most_14_hours"), transaction.atomic():
        make_rule(opens=time(7), closes=time(21, 1))


def test_without_that_limit_the_end_of_a_longer_one_is_offered_to_nobody() -> None:
    scene, evening = open_morning(), clock("18:30")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE centres_shift DROP CONSTRAINT shift_at_most_14_hours")
    longest = scene.another_doctor(starts_at=clock("06:00"), hours=14)
    longer = scene.another_doctor(starts_at=clock("04:00"), hours=16)
    window = queries.window_for(scene.kind, scene.centre, now=evening)
    found = queries.search(kind=scene.kind, centre=scene.centre, window=window, now=evening)
    assert longest.ends_at == longer.ends_at
    assert {slot.shift for slot in found} == {longest.pk}


def test_places_that_families_have_are_not_taken_away(shift: Shift, claire: User) -> None:
    edit(shift, claire, seats=3, type_ids=[make_type(mode="group", capacity=3).pk])
    shift.refresh_from_db()
    make_appointment(shift, seat=3)
    with pytest.raises(errors.SeatsTaken):
        edit(shift, claire, seats=2)


@pytest.mark.parametrize(
    ("offered", "seats", "why"),
    [
        (["single"], 2, seating.ALONE),
        (["group of 6"], 1, seating.NO_GROUP),
        (["group of 6", "group of 4"], 5, seating.TOO_MANY),
        (["group of 6", "single"], 6, seating.MIXED),
        (["group of 6", "walk-ins"], 6, ""),
        (["group of 6", "group of 4"], 4, ""),
        (["walk-ins"], 1, ""),
        (["single"], 1, ""),
    ],
)
def test_places_go_with_the_types_offered(
    shift: Shift, claire: User, offered: list[str], seats: int, why: str
) -> None:
    kinds = {
        "single": make_type(),
        "group of 4": make_type(mode="group", capacity=4),
        "group of 6": make_type(mode="group", capacity=6),
        "walk-ins": make_type(mode="group", capacity=12, booking="walk_in"),
    }
    wanted = {"seats": seats, "type_ids": [kinds[name].pk for name in offered]}
    if not why:
        assert edit(shift, claire, **wanted).shift.seats == seats
        return
    with pytest.raises(errors.SeatsDoNotFit) as refused:
        edit(shift, claire, **wanted)
    assert refused.value.message == why
