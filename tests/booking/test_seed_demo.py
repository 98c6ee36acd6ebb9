"""The demo Département: believable, complete, and under the same promises as real data."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import Count, F, Q
from pytest_django import DjangoDbBlocker

from booking import finding
from booking.demo import seeding
from booking.demo.seeding import Seeded
from booking.demo.staff import PASSWORD
from booking.intervals import overlaps, pairs
from booking.models import Appointment, AppointmentEvent, Child, CountedArrival, Guardian, Household
from booking.queries import type_rules
from booking.rules import check_age, check_weeks
from centres.calendar import to_minute
from centres.models import (
    Absence,
    AppointmentType,
    Centre,
    Closure,
    Membership,
    OpeningRule,
    Practitioner,
    Shift,
    Site,
)
from centres.reference import load
from centres.rollout import is_open_online
from centres.seating import check_seats
from tests.factories import PARIS

pytestmark = pytest.mark.django_db
# A Tuesday morning in term time; a month around it, a tenth of the families.
NOW = datetime(2026, 11, 24, 10, 40, tzinfo=PARIS)
Audience = AppointmentType.Audience
FIRM = ("booked", "arrived", "in_progress", "fulfilled", "noshow")

# Written apart from the code under test: two live appointments of one person at one time.
DOUBLE_BOOKINGS = """
SELECT count(*) FROM booking_appointment a JOIN booking_appointment b
ON a.practitioner_id = b.practitioner_id AND a.id < b.id
   AND a.busy_from < b.busy_until AND b.busy_from < a.busy_until
WHERE a.state NOT IN ('cancelled', 'lapsed') AND b.state NOT IN ('cancelled', 'lapsed')
  AND (a.seat = b.seat OR a.seat = 0 OR b.seat = 0)
  AND NOT (a.is_overbooked OR b.is_overbooked)
"""
WRONG_SEATS = """
SELECT count(*) FROM booking_appointment a JOIN centres_shift s ON s.id = a.shift_id
WHERE a.state NOT IN ('cancelled', 'lapsed')
  AND (a.seat > s.seats OR (a.seat > 0) <> (s.seats > 1)
       OR a.seat > 0 AND (a.busy_from <> s.starts_at OR a.busy_until <> s.ends_at))
"""
WRONG_COUNTS = """
SELECT count(*) FROM (SELECT s.busy AS old_busy, s.taken AS old_taken,
                             (booking_refresh_shift(s)).* FROM centres_shift s) q
WHERE old_busy <> busy OR old_taken <> taken
"""


@pytest.fixture(scope="module")
def demo(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Seeded]:
    """One demo for all tests of this module, undone after the last."""
    with django_db_blocker.unblock(), transaction.atomic():
        load(now=NOW)
        yield seeding.seed(now=NOW, random_seed=35, scale=0.1, months=1)
        transaction.set_rollback(True)


def kids(home: Household) -> list[tuple[str, date]]:
    return [(kid.first_name, kid.born_on) for kid in home.children.all()]


def count(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.fetchone()[0])


def test_the_departement_is_complete(demo: Seeded) -> None:
    assert (Site.objects.count(), demo.sites) == (45, 45)
    staff = dict(Practitioner.objects.values_list("profession").annotate(Count("pk")))
    assert (staff["médecin"], staff["puéricultrice"], staff["sage-femme"]) == (25, 70, 10)
    roles = dict(Membership.objects.values_list("role").annotate(Count("user", distinct=True)))
    assert roles["reception"] == 50
    assert (roles["manager"], roles["administrator"], roles["auditor"]) == (22, 1, 1)
    assert Household.objects.count() == demo.families == 1100
    assert Appointment.objects.exclude(booked_via="door").count() == demo.appointments > 500
    assert Appointment.objects.filter(booked_via="door", state="arrived").exists()
    assert CountedArrival.objects.count() > 10
    assert Child.objects.filter(guardians=None).count() == 0
    assert Child.objects.annotate(n=Count("guardians")).filter(n__gte=2).exists()
    assert {"sick", "training"} <= set(Absence.objects.values_list("kind", flat=True))


def test_the_accounts_shown_can_log_in(demo: Seeded) -> None:
    roles = [log_in.role for log_in in demo.log_ins]
    assert roles[:2] == ["Administration du Département", "Contrôle du Département"]
    assert {"Accueil", "Responsable de centre", "Médecin", "Puéricultrice"} <= set(roles)
    for log_in in demo.log_ins:
        assert authenticate(username=log_in.email, password=PASSWORD)


def test_antennas_say_they_are_invented(demo: Seeded) -> None:
    antennas = Site.objects.filter(is_main=False)
    assert set(antennas.values_list("certainty", "address")) == {("placeholder", "")}
    assert all(site.name.startswith("Permanence d") for site in antennas)


def test_nobody_is_booked_twice_and_no_session_is_over_full(demo: Seeded) -> None:
    assert count(DOUBLE_BOOKINGS) == 0
    assert count(WRONG_SEATS) == 0


def test_places_go_with_the_types_offered(demo: Seeded) -> None:
    for rule in OpeningRule.objects.prefetch_related("types"):
        check_seats(rule.types.all(), rule.seats)


def test_shifts_know_what_is_taken(demo: Seeded) -> None:
    assert count(WRONG_COUNTS) == 0
    full = Shift.objects.filter(seats=1, closed=[]).exclude(busy=[])
    for shift in full[:200]:
        free, at = 0, to_minute(shift.starts_at)
        for start, end in [*pairs(shift.busy), (to_minute(shift.ends_at),) * 2]:
            free, at = max(free, start - at), max(at, end)
        assert shift.room == free


def test_appointments_are_where_and_when_shifts_offer_them(demo: Seeded) -> None:
    live = Appointment.objects.exclude(state="cancelled").select_related("shift", "type", "child")
    offered = Shift.objects.values_list("pk", "offers__type")
    pairs_offered = set(offered)
    for visit in live:
        shift = visit.shift
        assert shift.starts_at <= visit.busy_from < visit.busy_until <= shift.ends_at
        assert (shift.pk, visit.type_id) in pairs_offered
        busy = to_minute(visit.busy_from), to_minute(visit.busy_until)
        assert not overlaps(*busy, pairs(shift.closed))
        if visit.child is not None:
            day = visit.starts_at.astimezone(PARIS).date()
            check_age(type_rules(visit.type), born_on=visit.child.born_on, on=day)


def test_children_are_booked_once_at_a_time_and_never_before_birth(demo: Seeded) -> None:
    visits = Appointment.objects.filter(state__in=FIRM, child__isnull=False)
    spans = visits.order_by("child", "starts_at").values_list("child", "starts_at", "ends_at")
    assert all(one[0] != two[0] or one[2] <= two[1] for one, two in pairwise(spans))
    assert not visits.filter(created_at__date__lt=F("child__born_on")).exists()


def test_a_due_date_is_there_while_a_move_may_ask_for_it(demo: Seeded) -> None:
    pregnancies = Appointment.objects.filter(type__audience=Audience.PREGNANCY)
    ahead = pregnancies.filter(state="booked").select_related("type")
    assert ahead
    for each in ahead:
        assert each.due_on is not None
        on = each.starts_at.astimezone(PARIS).date()
        check_weeks(type_rules(each.type), due_on=each.due_on, on=on)
    kept = Appointment.objects.filter(due_on__isnull=False)
    assert set(kept.values_list("pk")) == set(ahead.values_list("pk"))


def test_states_fit_the_hour(demo: Seeded) -> None:
    ended = Appointment.objects.filter(ends_at__lt=NOW - timedelta(minutes=10))
    missed = ended.filter(state="noshow").count() / ended.exclude(state="cancelled").count()
    assert 0.10 < missed < 0.22
    assert not ended.filter(state__in=["booked", "held"]).exists()
    later = Appointment.objects.filter(starts_at__gt=NOW + timedelta(minutes=20))
    assert set(later.values_list("state", flat=True)) == {"booked", "cancelled"}
    today = Appointment.objects.filter(starts_at__date=NOW.date())
    assert {"booked", "fulfilled", "in_progress"} <= set(today.values_list("state", flat=True))
    assert not Appointment.objects.filter(
        Q(created_at__gt=NOW) | Q(changed_at__gt=NOW) | Q(created_at__gt=F("starts_at"))
    ).exists()


def test_every_appointment_has_its_history(demo: Seeded) -> None:
    silent = Appointment.objects.exclude(events__action__in=["book", "walk_in"])
    assert not silent.exists()
    for visit in Appointment.objects.prefetch_related("events")[:300]:
        events = sorted(visit.events.all(), key=lambda event: event.pk)
        assert [event.at for event in events] == sorted(event.at for event in events)
        # A remark is told beside; the appointment stays what it was.
        last = [event for event in events if not event.action.startswith("remark")][-1]
        told = (last.state, last.action, last.sequence, last.starts_at)
        assert told == (visit.state, visit.last_action, visit.sequence, visit.starts_at)
    assert AppointmentEvent.objects.filter(action="move").exists()


def test_the_triggers_are_back_on(demo: Seeded) -> None:
    assert count("SELECT count(*) FROM pg_trigger WHERE tgenabled = 'D'") == 0


def test_pilots_are_open_and_offer_every_online_type(demo: Seeded) -> None:
    open_now = {centre.slug for centre in Centre.objects.all() if is_open_online(centre, now=NOW)}
    assert open_now == set(Centre.objects.filter(is_pilot=True).values_list("slug", flat=True))
    assert len(open_now) == 6
    unserved = AppointmentType.objects.filter(booking="online").exclude(
        rules__site__centre__slug__in=open_now
    )
    assert not unserved.exists()
    for centre in Centre.objects.filter(is_pilot=True):
        assert centre.stage_changes.exclude(note="").count() == 2
    scheduled = Centre.objects.get(next_stage="open")
    assert scheduled.next_stage_at == datetime(2026, 12, 3, 9, tzinfo=PARIS)
    preparing = Centre.objects.filter(stage="preparing")
    assert preparing.count() == 3
    assert not Appointment.objects.filter(centre__in=preparing).exists()


def test_a_closed_afternoon_lies_ahead(demo: Seeded) -> None:
    closure = Closure.objects.get(starts_at__gt=NOW)
    hit = Appointment.objects.filter(
        centre=closure.centre, starts_at__lt=closure.ends_at, ends_at__gt=closure.starts_at
    )
    assert not hit.exclude(state="cancelled").exists()


def test_people_are_invented(demo: Seeded) -> None:
    emails = Guardian.objects.exclude(email="")
    assert not emails.exclude(email__endswith="@example.org").exists()
    fiction = Q(phone__startswith="+3363998") | Q(phone__startswith="+3326191")
    assert not Guardian.objects.exclude(fiction).exists()


def test_some_families_stand_there_twice_and_are_shown_as_likely_doubles(demo: Seeded) -> None:
    anywhere = finding.Scope(centres=None, now=NOW)
    noted = Household.objects.filter(children__isnull=False, guardians__email="").distinct()
    homes = noted.prefetch_related("children")
    twice = [
        home.pk
        for home in homes
        if any(kids(home) == kids(twin) for twin in finding.twins(home.pk, anywhere))
    ]
    assert len(twice) >= 8
    assert Appointment.objects.filter(household__in=twice).exists(), "none of them ever comes"


def test_a_second_demo_is_refused(demo: Seeded) -> None:
    with pytest.raises(CommandError, match=r"1100 families and 118 practitioners .* Nothing"):
        call_command("seed_demo", seed=35, scale=1)
    assert Household.objects.count() == 1100
