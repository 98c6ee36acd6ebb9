"""Agents close call-back requests from the administration's list, in one action."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from booking.models import CallbackRequest
from centres.models import User
from tests.booking.scene import clock
from tests.factories import make_centre, make_type
from tests.frontend.staff.people import log_in

pytestmark = pytest.mark.django_db
LIST = "/admin/booking/callbackrequest/"


@pytest.fixture
def asked() -> list[CallbackRequest]:
    centre, kind = make_centre(), make_type()
    return [
        CallbackRequest.objects.create(
            centre=centre,
            type=kind,
            first_name="Léa",
            last_name="Guillou",
            phone=f"+3363998123{number}",
            promised_on=clock("09:00").date(),
            created_at=clock("09:00"),
        )
        for number in range(3)
    ]


def agent(*permissions: str) -> Client:
    """A member of staff logged in with these permissions."""
    user = User.objects.create_user("claire@example.org", "x", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    log_in(client, user)
    return client


def close(client: Client, ticked: list[CallbackRequest], **form: str) -> Any:
    data = {"action": "close", "_selected_action": [each.pk for each in ticked], **form}
    return client.post(LIST, data, follow=True)


def test_an_agent_closes_the_requests_ticked(asked: list[CallbackRequest]) -> None:
    client = agent("view_callbackrequest", "change_callbackrequest")
    assert 'name="outcome"' in client.get(LIST).content.decode()
    answer = close(client, asked[:2], outcome="unreached", note="Trois appels")
    assert "2 demandes closes" in answer.content.decode()
    closed = CallbackRequest.objects.filter(state="closed", outcome="unreached")
    assert {each.pk for each in closed} == {each.pk for each in asked[:2]}
    for each in closed:
        assert (each.closed_by, each.note) == ("claire@example.org", "Trois appels")
        assert each.closed_at is not None


def test_what_was_closed_otherwise_stays_as_it_was(asked: list[CallbackRequest]) -> None:
    client = agent("view_callbackrequest", "change_callbackrequest")
    close(client, asked[:1], outcome="booked")
    page = close(client, asked[:2], outcome="dropped").content.decode()
    assert "1 demande close." in page
    assert "elle reste comme elle était" in page
    asked[0].refresh_from_db()
    assert asked[0].outcome == "booked"


def test_without_an_outcome_nothing_is_closed(asked: list[CallbackRequest]) -> None:
    client = agent("view_callbackrequest", "change_callbackrequest")
    answer = close(client, asked, outcome="")
    assert "Choisissez la suite donnée" in answer.content.decode()
    close(client, asked, outcome="lost")
    assert CallbackRequest.objects.filter(state="open").count() == 3


def test_who_may_only_look_closes_nothing(asked: list[CallbackRequest]) -> None:
    client = agent("view_callbackrequest")
    assert 'name="outcome"' not in client.get(LIST).content.decode()
    close(client, asked, outcome="booked")
    assert CallbackRequest.objects.filter(state="open").count() == 3
