"""The centre calls off many appointments: all or none, once, every family told by every way."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.db.utils import DatabaseError
from django.test import Client

from booking import actions
from booking.models import Appointment, AppointmentEvent, Household
from centres.models import Shift, User
from notifications.models import OutboxMessage
from tests.booking.scene import AGENT, Scene, clock, open_morning, parent
from tests.booking.test_planner import EARLY, waiting
from tests.factories import make_appointment, make_guardian, next_tuesday
from tests.frontend.staff.people import log_in
from tests.messages import become

pytestmark = pytest.mark.django_db
REASON = "Médecin absent"


@pytest.fixture
def scene() -> Scene:
    actions.load_default_rules(now=EARLY)
    return open_morning()


@pytest.fixture
def booked(scene: Scene) -> list[Appointment]:
    """Two families, one of them with two visits."""
    return [
        scene.book("09:00", who=parent(1, phone="+33639981231"), now=EARLY),
        scene.book("10:00", who=parent(2, phone=""), now=EARLY),
        scene.book("11:00", who=parent(2, phone="", child_first_name="Maël"), now=EARLY),
    ]


def call_off(appointments: list[Appointment], **how: Any) -> Any:
    details = {"now": EARLY, "actor": AGENT, "reason": REASON}
    return actions.cancel_for_centre(
        appointment_ids=[each.pk for each in appointments], **details | how
    )


def closed() -> list[tuple[str, str, str]]:
    rows = OutboxMessage.objects.filter(kind="closed").order_by("channel", "recipient", "id")
    return list(rows.values_list("channel", "recipient", "state"))


def test_all_are_cancelled_and_every_family_told_by_every_way(booked: list[Appointment]) -> None:
    become("sent", kind="confirmation")
    done = call_off(booked)
    assert [each.pk for each in done.cancelled] == [each.pk for each in booked]
    assert done.unreached == []
    for each in Appointment.objects.all():
        assert (each.state, each.sequence, each.note) == ("cancelled", 1, REASON)
        assert (each.last_action, each.actor) == ("cancel", AGENT.label)
        assert AppointmentEvent.objects.filter(appointment=each, action="cancel").count() == 1
    assert closed() == [
        ("email", "parent1@example.org", "planned"),
        ("email", "parent2@example.org", "planned"),
        ("email", "parent2@example.org", "planned"),
        ("sms", "+33639981231", "planned"),
    ]
    assert {row.priority for row in OutboxMessage.objects.filter(kind="closed")} == {7}
    assert waiting() == []
    assert Shift.objects.get().busy == []


def test_a_family_whose_confirmation_had_not_left_is_told_all_the_same(
    booked: list[Appointment],
) -> None:
    """It has read on the page that it was booked."""
    call_off(booked[:1])
    assert len(closed()) == 2
    left = OutboxMessage.objects.filter(kind="confirmation", state="planned")
    assert {row.subject_ref for row in left} == {str(each.uid) for each in booked[1:]}


def test_the_other_visits_of_the_day_are_still_reminded_of(booked: list[Appointment]) -> None:
    call_off(booked[:2])
    ahead = OutboxMessage.objects.filter(kind="reminder", state="planned")
    assert {row.person_ref for row in ahead} == {f"household:{booked[2].household_id}"}


def test_done_again_nothing_is_left_to_do(booked: list[Appointment]) -> None:
    call_off(booked)
    before = list(OutboxMessage.objects.order_by("id").values())
    assert call_off(booked) == ([], [])
    assert list(OutboxMessage.objects.order_by("id").values()) == before


def test_only_what_is_still_ahead_is_cancelled(booked: list[Appointment]) -> None:
    actions.cancel(uid=booked[0].uid, now=EARLY)
    done = call_off(booked, now=clock("10:30"))
    assert [each.pk for each in done.cancelled] == [booked[2].pk]


def test_those_whom_no_message_reaches_are_named(booked: list[Appointment]) -> None:
    Household.objects.filter(pk=booked[1].household_id).update(contact_by="none")
    done = call_off(booked)
    assert [each.pk for each in done.unreached] == [booked[1].pk, booked[2].pk]


def test_all_or_nothing(booked: list[Appointment]) -> None:
    """One row that cannot be cancelled, or told of, and none is."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN IF NEW.kind = 'closed' AND NEW.channel = 'sms' THEN"
            " RAISE EXCEPTION 'disk full'; END IF; RETURN NEW; END $$;"
            "CREATE TRIGGER no BEFORE INSERT ON notifications_outboxmessage"
            " FOR EACH ROW EXECUTE FUNCTION no()"
        )
    with pytest.raises(DatabaseError, match="disk full"):
        call_off(booked)
    assert set(Appointment.objects.values_list("state", "sequence")) == {("booked", 0)}
    assert closed() == []


# In the administration.

LIST = "/admin/booking/appointment/?outside=yes"


def agent(*permissions: str) -> Client:
    user = User.objects.create_user("claire@example.org", "x", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    log_in(client, user)
    return client


@pytest.fixture
def outside() -> list[Appointment]:
    """Three on a half-day that was cancelled, one of them over."""
    made = []
    for number in range(2):
        appointment = make_appointment(guardian=make_guardian(), starts_at=next_tuesday())
        appointment.shift.status = Shift.Status.CANCELLED
        appointment.shift.save()
        made.append(appointment)
        del number
    past = make_appointment(starts_at=next_tuesday() - timedelta(days=21))
    Shift.objects.filter(pk=past.shift_id).update(status=Shift.Status.CANCELLED)
    return [*made, past]


def press(client: Client, ticked: list[Appointment], url: str = LIST, **form: str) -> str:
    data = {"action": "call_off", "_selected_action": [each.pk for each in ticked], **form}
    return client.post(url, data, follow=True).content.decode()


def test_an_agent_sees_how_many_before_anything_is_cancelled(outside: list[Appointment]) -> None:
    client = agent("view_appointment", "change_appointment")
    page = press(client, outside)
    assert "<strong>2 rendez-vous</strong> seront annulés" in page
    assert "1 autre, passé ou déjà replacé" in page
    assert not Appointment.objects.filter(state="cancelled").exists()
    said = press(client, outside[:2], confirmed="yes", reason=REASON)
    assert "2 rendez-vous annulés." in said
    cancelled = Appointment.objects.filter(state="cancelled")
    assert {each.pk for each in cancelled} == {each.pk for each in outside[:2]}
    assert {(each.actor, each.note) for each in cancelled} == {("claire@example.org", REASON)}


def test_families_to_phone_are_named(outside: list[Appointment]) -> None:
    Household.objects.update(contact_by="none")
    said = press(agent("view_appointment", "change_appointment"), outside[:1], confirmed="yes")
    assert f"à prévenir vous-même\u00a0: {outside[0].spoken_reference}" in said


@pytest.mark.parametrize(
    ("permissions", "url"),
    [
        (["view_appointment"], LIST),
        (["view_appointment", "change_appointment"], "/admin/booking/appointment/"),
    ],
)
def test_only_from_the_list_of_those_to_be_placed_and_with_the_right(
    outside: list[Appointment], permissions: list[str], url: str
) -> None:
    press(agent(*permissions), outside[:1], url=url, confirmed="yes")
    assert not Appointment.objects.filter(state="cancelled").exists()
