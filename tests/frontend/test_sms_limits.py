"""Codes by SMS cost money: few an hour and a day to a number, fewer abroad, and nobody is told who
is known."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.http import HttpRequest
from django.test import Client, RequestFactory

from booking.models import RateCounter
from frontend import limits
from notifications.models import OutboxMessage
from notifications.sms.numbers import Zone, zone_of
from tests.frontend.funnel import LEA, hold, make_scene
from tests.frontend.pages import text

pytestmark = pytest.mark.django_db
MIDDAY = datetime(2026, 11, 22, 12, tzinfo=UTC)
FRENCH, REUNION, ABROAD = "+3363998{:04}", "+262692{:06}", "+4479111{:05}"


def asker(address: str = "192.0.2.1") -> HttpRequest:
    return RequestFactory().post("/", REMOTE_ADDR=address)


def codes(number: str, count: int, *, now: datetime = MIDDAY, **asked: str) -> list[bool]:
    return [limits.may_send_code(asker(**asked), number, now=now) for _ in range(count)]


@pytest.mark.parametrize(
    ("number", "zone"),
    [
        ("+33639981234", Zone.MAINLAND),
        ("+262692123456", Zone.OVERSEAS),
        ("+689871234", Zone.OVERSEAS),
        ("+447911123456", Zone.ABROAD),
    ],
)
def test_a_number_is_of_a_zone(number: str, zone: Zone) -> None:
    assert zone_of(number) == zone


def test_a_number_gets_three_codes_an_hour_and_six_a_day_whoever_asks() -> None:
    number = FRENCH.format(1)
    assert codes(number, 5) == [True] * 3 + [False] * 2
    hours = [MIDDAY + timedelta(hours=n) for n in (1, 2, 3)]
    assert codes(number, 2, now=hours[0], address="192.0.2.2") == [True, True]
    assert codes(number, 3, now=hours[1], address="192.0.2.3").count(True) <= 1
    assert codes(number, 1, now=MIDDAY + timedelta(days=1)) == [True]


def test_an_address_by_mail_is_not_held_to_what_an_sms_costs() -> None:
    sent = [limits.may_send_code(asker(), "lea@example.org", now=MIDDAY) for _ in range(6)]
    assert all(sent)


@pytest.mark.parametrize(
    ("numbers", "zone"), [(FRENCH, Zone.MAINLAND), (REUNION, Zone.OVERSEAS), (ABROAD, Zone.ABROAD)]
)
def test_one_asker_rings_few_phones_and_fewer_where_it_costs_more(numbers: str, zone: Zone) -> None:
    rations = limits.SMS_RATIONS[zone]
    sent = [codes(numbers.format(n), 1)[0] for n in range(rations.asker_hour + 5)]
    assert sent.count(True) == rations.asker_hour
    assert codes(numbers.format(99), 1, address="198.51.100.7") == [True], "others go on"


def test_a_day_s_ration_outlives_the_hour() -> None:
    rations = limits.SMS_RATIONS[Zone.ABROAD]
    sent = sum(
        codes(ABROAD.format(n), 1, now=MIDDAY + timedelta(hours=n))[0]
        for n in range(rations.asker_day + 4)
    )
    assert sent == rations.asker_day


def test_all_askers_together_have_a_ration_abroad_and_none_at_home() -> None:
    rations = limits.SMS_RATIONS[Zone.ABROAD]
    allowed = [
        codes(ABROAD.format(n), 1, address=f"198.51.{n // 250}.{n % 250}")[0]
        for n in range(rations.all_day + 3)
    ]
    assert allowed.count(True) == rations.all_day
    assert codes(FRENCH.format(7), 1) == [True]


def test_no_counter_holds_a_number() -> None:
    codes(FRENCH.format(1), 4)
    assert not RateCounter.objects.filter(key__contains="3363998").exists()


@pytest.fixture
def at_midday() -> Any:
    with time_machine.travel(datetime.now(UTC).replace(hour=12, minute=5), tick=True):
        yield


def test_too_many_are_said_beside_the_number_and_an_address_goes_on(
    client: Client, at_midday: None
) -> None:
    url = hold(client, make_scene())
    by_phone = LEA | {"email": "", "phone": "0639981234"}
    for child in ("Malo", "Anna", "Awa"):
        assert client.post(url, by_phone | {"child_first_name": child}).status_code == 302
    refused = client.post(url, by_phone | {"child_first_name": "Zoé"})
    assert refused.status_code == 429
    assert 'href="#id_phone"' in refused.content.decode()
    assert "recevez le code par e-mail" in text(refused)
    assert 'value="Zoé"' in refused.content.decode()
    assert client.post(url, LEA | {"child_first_name": "Zoé"}).status_code == 302


def test_known_or_not_a_number_is_counted_alike(client: Client, at_midday: None) -> None:
    """Whether it has appointments must not show in when it is refused."""
    answers = [
        client.post("/mes-rendez-vous/", {"contact": "0639981234"}).status_code for _ in range(4)
    ]
    assert answers == [302] * 3 + [429]
    assert not OutboxMessage.objects.exists()
