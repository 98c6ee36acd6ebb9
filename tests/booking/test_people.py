"""A family's people are put right: what is written, what is proved no more, where messages go."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from booking import actions
from booking.actions.people import ChildKnown, Person
from booking.actors import FAMILY, Actor
from booking.errors import AgentsOnly, SamePerson, WrongState
from booking.histories import corrections_of
from booking.models import Appointment, Child, FamilyCorrection, Guardian
from booking.planning import day_of
from booking.rerouting import subjects_of
from notifications.models import OutboxMessage
from tests.booking.scene import AGENT, after, open_morning
from tests.booking.waiting_room import give_back, tend, waiting_centre
from tests.factories import make_appointment, make_child, make_guardian, make_shift, make_type
from tests.messages import become
from tests.notifications.messages import LEAVE_MANY, make_row

pytestmark = pytest.mark.django_db
NOUR = Person("Nour", "Haddad", "nour@example.org", "+33639981234")


@pytest.fixture
def nour() -> Guardian:
    now = timezone.now()
    return make_guardian(**NOUR._asdict(), email_verified_at=now, phone_verified_at=now)


def correct(guardian: Guardian, actor: Actor = AGENT, **changes: str) -> list[str]:
    done = actions.correct_guardian(
        household_id=guardian.household_id,
        guardian_id=guardian.pk,
        changes=changes,
        now=timezone.now(),
        actor=actor,
    )
    guardian.refresh_from_db()
    return done.what


def add(guardian: Guardian, person: Person) -> tuple[Guardian, bool]:
    return actions.add_guardian(
        household_id=guardian.household_id, person=person, now=timezone.now(), actor=AGENT
    )


def correct_child(child: Child, first_name: str, born_on: date, actor: Actor = AGENT) -> list[str]:
    done = actions.correct_child(
        household_id=child.household_id,
        child_id=child.pk,
        changes={"first_name": first_name, "born_on": born_on},
        now=timezone.now(),
        actor=actor,
    )
    child.refresh_from_db()
    return done.what


def test_another_number_is_written_proves_nothing_and_is_signed(nour: Guardian) -> None:
    assert correct(nour, phone="+33639987766") == ["phone"]
    assert (nour.number, nour.phone_verified_at) == ("+33639987766", None)
    assert nour.email_verified_at is not None
    done = FamilyCorrection.objects.get()
    assert (done.guardian, done.by, done.person) == (nour, AGENT.label, "Nour Haddad")
    assert "39981234" not in str(done.__dict__)


def test_a_name_alone_leaves_what_was_proved(nour: Guardian) -> None:
    assert correct(nour, last_name="Haddad-Le Goff", first_name="Noûr") == ["name"]
    assert nour.phone_verified_at is not None


def test_nothing_changed_is_nothing_written(nour: Guardian) -> None:
    assert correct(nour) == []
    assert not FamilyCorrection.objects.exists()


def planned(nour: Guardian, channel: str = "email", **fields: Any) -> OutboxMessage:
    """Something still to be said, of an appointment of this person unless told otherwise."""
    recipient = NOUR.email if channel == "email" else NOUR.phone
    known = Appointment.objects.filter(guardian=nour).first()
    about = known or make_appointment(
        make_shift(starts_at=timezone.now() + timedelta(days=9)), guardian=nour
    )
    return make_row(
        state="planned",
        channel=channel,
        recipient=recipient,
        **{"person_ref": f"guardian:{nour.pk}", "subject_ref": str(about.uid)} | fields,
    )


def ways(row: OutboxMessage) -> list[tuple[str, str]]:
    row.refresh_from_db()
    others = [(way["channel"], way["recipient"]) for way in row.alternatives]
    return [(row.channel, row.recipient), *others]


BY_SMS = [{"channel": "sms", "recipient": NOUR.phone}]
BY_MAIL = [{"channel": "email", "recipient": NOUR.email}]


def test_what_is_still_to_leave_goes_to_the_new_address_also_as_a_second_way(
    nour: Guardian,
) -> None:
    first, second = planned(nour), planned(nour, "sms", alternatives=BY_MAIL)
    other, gone = planned(nour, person_ref="guardian:0"), planned(nour)
    OutboxMessage.objects.filter(pk=gone.pk).update(state="sent")
    correct(nour, email="autre@example.org")
    assert ways(first) == [("email", "autre@example.org")]
    assert ways(second) == [("sms", NOUR.phone), ("email", "autre@example.org")]
    assert ways(other) == ways(gone) == [("email", NOUR.email)]


def test_what_is_said_of_a_day_of_a_wish_and_of_an_offer_is_found_too() -> None:
    room = waiting_centre()
    entry = room.wait(1)
    give_back(room, now=after(10))
    (offer,) = tend(after(11))
    day = day_of(room.book(2, "10:00"))
    assert entry.appointment is not None
    known = subjects_of(entry.guardian)
    assert {entry.subject_ref, offer.subject_ref, str(entry.appointment.uid)} <= known
    own = day_of(entry.appointment)
    assert own is not None
    assert own.subject_ref in known
    assert day is not None
    assert day.subject_ref not in known
    asked = OutboxMessage.objects.filter(person_ref=f"guardian:{entry.guardian_id}")
    assert set(asked.values_list("subject_ref", flat=True)) <= known


def test_nothing_that_is_somebody_else_s_is_read(nour: Guardian) -> None:
    planned(nour)
    with connection.cursor() as cursor:
        cursor.execute(LEAVE_MANY)
        cursor.execute("ANALYZE notifications_outboxmessage")
    with CaptureQueriesContext(connection) as done:
        correct(nour, email="autre@example.org")
    (locked,) = [
        each["sql"]
        for each in done.captured_queries
        if "person_ref" in each["sql"] and "FOR NO KEY UPDATE" in each["sql"]
    ]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {locked}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Seq Scan" not in plan, plan
    assert "subject_ref" in plan, plan


def test_without_the_address_it_takes_the_other_way_and_without_any_somebody_phones(
    nour: Guardian,
) -> None:
    first, second = planned(nour, alternatives=BY_SMS), planned(nour)
    correct(nour, email="")
    assert ways(first) == [("sms", NOUR.phone)]
    assert ways(second) == [("email", "")]
    assert (first.state, second.state) == ("planned", "failed")


def test_no_sms_goes_to_a_telephone_that_receives_none(nour: Guardian) -> None:
    row = planned(nour, "sms", alternatives=BY_MAIL)
    correct(nour, phone="+33299023535")
    assert ways(row) == [("email", NOUR.email)]


def test_nothing_discreet_goes_where_nobody_has_proved_to_read_it(nour: Guardian) -> None:
    kind = make_type(is_discreet=True)
    booked = make_appointment(
        make_shift(starts_at=timezone.now() + timedelta(days=9), types=[kind]), guardian=nour
    )
    row = planned(nour, subject_ref=str(booked.uid), alternatives=BY_SMS)
    day = day_of(booked)
    assert day is not None
    of_the_day = planned(nour, subject_ref=day.subject_ref)
    correct(nour, email="autre@example.org")
    assert ways(row) == [("sms", NOUR.phone)]
    assert ways(of_the_day) == [("email", "")]


def test_what_another_wrote_meanwhile_is_not_undone(nour: Guardian) -> None:
    """A form that was opened before, and sent for a name: the number is not among its changes."""
    Guardian.objects.filter(pk=nour.pk).update(phone="+33639987766")
    correct(nour, first_name="Noûr")
    assert (nour.number, nour.phone_verified_at is None) == ("+33639987766", False)


def test_reminders_are_planned_for_a_number_that_was_missing() -> None:
    actions.load_default_rules(now=timezone.now())
    lea = make_guardian(email="", phone="")
    starts_at = timezone.now() + timedelta(days=20)
    make_appointment(make_shift(starts_at=starts_at), guardian=lea)
    assert not OutboxMessage.objects.filter(kind="reminder").exists()
    correct(lea, phone="+33639987766")
    planned = OutboxMessage.objects.filter(kind="reminder", state="planned")
    assert {row.recipient for row in planned} == {"+33639987766"}


def test_who_would_be_somebody_known_already_is_not_written(nour: Guardian) -> None:
    other = make_guardian(first_name="nour", last_name="HADDAD", email="", phone="+33639980001")
    with pytest.raises(SamePerson):
        correct(other, phone=NOUR.phone)
    with pytest.raises(SamePerson):
        correct(other, email=NOUR.email)
    with pytest.raises(SamePerson):
        add(make_guardian(), NOUR)
    # Two people may share a number, and two of one name are two.
    assert correct(other, first_name="Lina", phone=NOUR.phone) == ["name", "phone"]


def test_one_person_written_twice_in_a_family_may_still_be_corrected(nour: Guardian) -> None:
    """After two households were made one."""
    twice = make_guardian(nour.household, first_name="Nour", last_name="Haddad", email="")
    Guardian.objects.filter(pk=twice.pk).update(phone=NOUR.phone)
    twice.refresh_from_db()
    assert correct(twice, email="autre@example.org") == ["email"]


def test_names_are_compared_as_the_database_does() -> None:
    now = timezone.now()
    make_guardian(first_name="irem", last_name="Kaya", email="k@example.org", email_verified_at=now)
    leyla = make_guardian(
        first_name="Leyla", last_name="Kaya", email="k@example.org", email_verified_at=now
    )
    try:
        correct(leyla, first_name="\u0130rem")
    except SamePerson:
        leyla.refresh_from_db()
        assert leyla.first_name == "Leyla"


def test_only_agents_correct_and_only_who_is_there(nour: Guardian) -> None:
    child = make_child(nour)
    with pytest.raises(AgentsOnly):
        correct(nour, FAMILY, phone="")
    with pytest.raises(AgentsOnly):
        correct_child(child, "Inès", child.born_on, FAMILY)
    stranger = make_guardian()
    with pytest.raises(WrongState):
        actions.correct_guardian(
            household_id=nour.household_id,
            guardian_id=stranger.pk,
            changes={},
            now=timezone.now(),
            actor=AGENT,
        )
    with pytest.raises(WrongState):
        actions.correct_child(
            household_id=stranger.household_id,
            child_id=child.pk,
            changes={"first_name": "Inès"},
            now=timezone.now(),
            actor=AGENT,
        )
    assert not FamilyCorrection.objects.exists()


def test_a_second_parent_follows_all_children_and_is_added_once(nour: Guardian) -> None:
    children = {make_child(nour, first_name="Inès"), make_child(nour, first_name="Adam")}
    karim = Person("Karim", "Haddad", "", "+33639980002")
    added, is_new = add(nour, karim)
    assert is_new
    assert set(added.children.all()) == children
    assert add(nour, karim._replace(first_name="karim")) == (added, False)
    assert FamilyCorrection.objects.get().what == ["added"]


def test_a_child_is_put_right_and_its_namesake_of_that_day_refused(nour: Guardian) -> None:
    ines = make_child(nour, first_name="Inés", born_on=date(2025, 11, 3))
    assert correct_child(ines, "Inès", date(2025, 11, 4)) == ["name", "birth"]
    assert correct_child(ines, "Inès", date(2025, 11, 4)) == []
    make_child(nour, first_name="Adam", born_on=date(2025, 11, 4))
    with pytest.raises(ChildKnown):
        correct_child(ines, "adam", date(2025, 11, 4))


def test_appointments_that_fit_the_child_no_more_are_named() -> None:
    kind = make_type(audience="child", age_min_months=0, age_max_months=12)
    starts_at = timezone.now() + timedelta(days=10)
    nour = make_guardian()
    ines = make_child(nour, born_on=starts_at.date() - timedelta(days=100))
    booked = make_appointment(make_shift(starts_at=starts_at, types=[kind]), guardian=nour)
    done = actions.correct_child(
        household_id=nour.household_id,
        child_id=ines.pk,
        changes={"born_on": ines.born_on - timedelta(days=730)},
        now=timezone.now(),
        actor=AGENT,
    )
    assert done.unfit == [booked]
    booked.refresh_from_db()
    assert booked.state == "booked"


def test_a_merge_keeps_what_was_put_right(nour: Guardian) -> None:
    correct(nour, phone="+33639987766")
    ines = make_child(nour, first_name="Inés", born_on=date(2025, 11, 3))
    correct_child(ines, "Inès", date(2025, 11, 3))
    kept = make_guardian()
    actions.merge_households(
        kept_id=kept.household_id, merged_id=nour.household_id, now=timezone.now(), actor=AGENT
    )
    told = corrections_of(kept.household)
    assert {each.person for each in told} == {"Nour Haddad", "Inès"}


def test_news_of_an_appointment_goes_where_the_family_is_now() -> None:
    booked = open_morning().book()
    become("sent")
    assert booked.guardian is not None
    correct(booked.guardian, email="ailleurs@example.org")
    actions.cancel(uid=booked.uid, now=after(1), actor=AGENT, is_asked=True)
    assert OutboxMessage.objects.get(kind="cancelled").recipient == "ailleurs@example.org"
