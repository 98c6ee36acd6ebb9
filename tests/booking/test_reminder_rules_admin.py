"""Reminder rules in the administration: readable, checked, in force at once in this process."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from booking import actions, policy
from booking.models import ReminderRule
from centres.models import User
from tests.booking.scene import NOW
from tests.factories import make_centre, make_type
from tests.frontend.staff.people import log_in

pytestmark = pytest.mark.django_db
URL = "/admin/booking/reminderrule/"


@pytest.fixture
def client() -> Client:
    client = Client()
    log_in(client, User.objects.create_superuser("admin@example.org", "x"))
    return client


def add(client: Client, **fields: Any) -> str:
    form = {"channel": "sms", "days_before": 1, "at": "17:00", "centre": "", "type": ""}
    return client.post(f"{URL}add/", form | fields, follow=True).content.decode()


def test_the_list_says_each_rule_in_words(client: Client) -> None:
    actions.load_default_rules(now=NOW)
    centre, kind = make_centre(name="CDAS de Vitré"), make_type(label="Pesée")
    ReminderRule.objects.create(centre=centre, type=kind, channel="sms", days_before=1, at="17:00")
    ReminderRule.objects.create(type=kind, channel="sms", days_before=1, at="17:00", is_off=True)
    page = client.get(URL).content.decode()
    for words in (
        "tout le Département",
        "7 jours avant à 10:00",
        "le jour même à 08:00",
        "CDAS de Vitré, Pesée",
        "la veille à 17:00",
        "jamais",
    ):
        assert words in page


def test_the_list_takes_the_same_queries_whatever_its_length(
    client: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(10):
        ReminderRule.objects.create(
            centre=make_centre(), type=make_type(), channel="sms", days_before=number, at="17:00"
        )
    with django_assert_max_num_queries(8):
        client.get(URL)


def test_a_rule_saved_or_deleted_is_in_force_here_at_once(
    client: Client, django_capture_on_commit_callbacks: Any
) -> None:
    assert policy.current(now=NOW).rules(centre=1, type=1) == ()
    with django_capture_on_commit_callbacks(execute=True):
        assert "d’ici dix minutes" in add(client)
    assert len(policy.current(now=NOW).rules(centre=1, type=1)) == 1
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"{URL}{ReminderRule.objects.get().pk}/delete/", {"post": "yes"})
    assert policy.current(now=NOW).rules(centre=1, type=1) == ()


@pytest.mark.parametrize("at", ["07:59", "20:01"])
def test_no_rule_rings_a_phone_at_night(client: Client, at: str) -> None:
    assert "Aucun rappel ne part avant 8 h" in add(client, at=at).replace("\u00a0", " ")
    assert not ReminderRule.objects.exists()


def test_the_same_rule_twice_is_refused(client: Client) -> None:
    add(client)
    add(client)
    assert ReminderRule.objects.count() == 1


@pytest.mark.parametrize(("first", "second"), [("", "on"), ("on", "")])
def test_no_reminder_at_all_stands_alone_in_its_scope(
    client: Client, first: str, second: str
) -> None:
    add(client, is_off=first)
    assert "supprimez" in add(client, at="18:00", is_off=second)
    assert ReminderRule.objects.count() == 1
    add(client, at="18:00", is_off=second, centre=make_centre().pk)
    assert ReminderRule.objects.count() == 2


def test_too_many_days_before_are_refused(client: Client) -> None:
    add(client, days_before=61)
    assert not ReminderRule.objects.exists()
