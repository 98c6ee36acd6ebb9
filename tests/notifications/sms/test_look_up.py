"""Asking for a message by our reference: found wherever it is, absent only when that is proved."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from notifications.errors import Refused
from notifications.sms.base import CannotTell, Outgoing, SmsProvider, TryLater
from notifications.sms.ovh import Ovh
from tests.notifications.sms.dialects import provider_url
from tests.notifications.sms.steering import Steering

NUMBER, SENDER = "+33612345678", "CD35INFO"


def now() -> datetime:
    return datetime.now(UTC)


def message(number: int) -> Outgoing:
    return Outgoing(f"ref-{number}", NUMBER, f"RDV {number}", SENDER)


@pytest.fixture
def ovh(gateway: Steering, connect: Callable[[str], SmsProvider]) -> Ovh:
    provider = connect(provider_url("ovh", gateway.port))
    assert isinstance(provider, Ovh)
    return provider


def test_a_reference_finds_its_own_message_among_others(provider: SmsProvider) -> None:
    since = now()
    sent = [provider.send(message(number)) for number in range(5)]
    for number, accepted in enumerate(sent):
        found = provider.look_up(message(number), since=since)
        assert found is not None
        assert found.provider_id == accepted.provider_id
    assert provider.look_up(message(99), since=since) is None
    # A reference is not found by its beginning.
    assert provider.look_up(Outgoing("ref", NUMBER, "RDV 1", SENDER), since=since) is None


def test_a_filter_of_theirs_need_not_be_trusted(provider: SmsProvider, gateway: Steering) -> None:
    since = now()
    for number in range(30):
        provider.send(message(number))
    gateway.world(filters="ignored")
    assert provider.look_up(message(3), since=since) is not None
    assert provider.look_up(message(99), since=since) is None


def test_brevo_proves_absence_over_several_pages_even_if_it_misreads_the_filter(
    connect: Callable[[str], SmsProvider], gateway: Steering
) -> None:
    """How its filter is to be written is told in two ways; the wrong one lists nothing."""
    brevo = connect(provider_url("brevo", gateway.port))
    since = now()
    for number in range(120):
        brevo.send(message(number))
    gateway.world(filters="misread")
    assert brevo.look_up(message(0), since=since) is not None
    assert brevo.look_up(message(999), since=since) is None


def test_too_long_a_list_proves_nothing(ovh: Ovh, gateway: Steering) -> None:
    for number in range(60):
        ovh.send(message(number))
    gateway.world(filters="ignored")
    with pytest.raises(CannotTell):
        ovh.look_up(message(999), since=now())


def test_asked_too_soon_it_looks_absent(provider: SmsProvider, gateway: Steering) -> None:
    """Why a look-up waits: nothing in an answer tells « not yet listed » from « never taken »."""
    gateway.world(index_lag=0.5)
    since = now()
    provider.send(message(1))
    assert provider.look_up(message(1), since=since) is None
    time.sleep(0.6)
    assert provider.look_up(message(1), since=since) is not None


def test_ovh_shows_a_message_first_as_a_pending_job(ovh: Ovh, gateway: Steering) -> None:
    since = now()
    accepted = ovh.send(message(1))
    gateway.world(pending=60)
    found = ovh.look_up(message(1), since=since)
    assert found is not None
    assert found.provider_id == accepted.provider_id
    other_text = Outgoing("ref-1", NUMBER, "RDV 2", SENDER)
    other_number = Outgoing("ref-1", "+33612345679", "RDV 1", SENDER)
    assert ovh.look_up(other_text, since=since) is None
    assert ovh.look_up(other_number, since=since) is None
    # The same words, of long before: another message.
    assert ovh.look_up(message(1), since=since + timedelta(hours=1)) is None


def test_ovh_signs_with_its_own_clock(ovh: Ovh, gateway: Steering) -> None:
    gateway.world(clock_ahead=7200)
    ovh.send(message(1))
    gateway.world(clock_ahead=0)  # one of the two jumps
    with pytest.raises(TryLater) as failed:
        ovh.send(message(2))
    assert failed.value.retry_after == 0
    ovh.send(message(2))
    assert [entry["reference"] for entry in gateway.ledger()] == ["ref-1", "ref-2"]


def test_ovh_without_a_clock_nothing_leaves(ovh: Ovh, gateway: Steering) -> None:
    gateway.world(trouble=500)
    with pytest.raises(TryLater):
        ovh.send(message(1))
    with pytest.raises(CannotTell):
        ovh.look_up(message(1), since=now())
    assert gateway.ledger() == []


def test_ovh_sends_from_its_short_number_only_what_may_be_answered(
    ovh: Ovh, gateway: Steering
) -> None:
    ovh.send(Outgoing("ref-1", NUMBER, "Repondez 1 ou 2", "38123"))
    assert gateway.ledger()[0]["sender"] == "38000"
    requests = gateway.counts()["requests"]
    with pytest.raises(Refused, match="link"):
        ovh.send(Outgoing("ref-2", NUMBER, "Voir https://rdv.example.fr/r/x", "38123"))
    assert gateway.counts()["requests"] == requests


def test_ovh_is_told_the_alphabet_and_how_long_to_try(ovh: Ovh) -> None:
    latin = ovh._job(Outgoing("ref-1", NUMBER, "RDV à 14h", SENDER, valid_minutes=90))
    assert (latin["coding"], latin["validityPeriod"]) == ("7bit", 90)
    arabic = ovh._job(Outgoing("ref-1", NUMBER, "موعدكم", SENDER))
    assert arabic["coding"] == "8bit"
    assert "validityPeriod" not in arabic
