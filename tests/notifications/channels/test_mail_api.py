"""Each e-mail provider against each way it answers, or does not; what it accepted is the judge."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import UUID

import pytest

from notifications.channels import mail_api
from notifications.channels.base import Carrier
from notifications.channels.mail import reference_of
from notifications.errors import BadAddress, NotTaken, Refused, SendError, Uncertain
from notifications.sms.base import Accepted, AccountProblem, CannotTell, TryLater
from tests.notifications.channels.conftest import ICS, Connect, a_letter, a_message
from tests.notifications.channels.mail_gateway import KEY, LINES, SECRET, MailGateway

SURELY_NOT_TAKEN = {
    "400": Refused,
    "bad-address": BadAddress,
    "bad-sender": AccountProblem,
    "401": AccountProblem,
    "402": AccountProblem,
    "403": AccountProblem,
    "429": TryLater,
    "503": TryLater,
}
# Whether the provider has it all the same.
UNCERTAIN = {
    "5xx-before": False,
    "5xx-after-accept": True,
    "hang-before": False,
    "accept-then-hang": True,
    "reset-before": False,
    "accept-then-reset": True,
    "garbage-before": False,
    "garbage": True,
}


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hang of ten seconds would only make the tests slow."""
    monkeypatch.setattr(mail_api, "TIMEOUT", (0.5, 0.3))


def send(carrier: Carrier, key: str = "confirmation:1:0") -> Accepted:
    message = a_message(intent_key=key)
    return carrier.send(message, a_letter(), reference=reference_of(message))


def failure(carrier: Carrier, key: str = "confirmation:1:0") -> SendError:
    with pytest.raises(SendError) as failed:
        send(carrier, key)
    return failed.value


def look_up(carrier: Carrier, key: str = "confirmation:1:0") -> Accepted | None:
    return carrier.look_up(a_message(intent_key=key), "", since=datetime.now(UTC))


def test_a_message_is_taken_whole(carrier: Carrier, gateway: MailGateway) -> None:
    accepted = send(carrier)
    (mail,) = gateway.mails
    assert gateway.malformed == []
    assert str(mail.number) in accepted.provider_id
    assert mail.reference == reference_of(a_message())
    assert (mail.to, mail.subject) == ("karim@example.org", a_letter().subject)
    assert (mail.text, mail.html) == (a_letter().text, a_letter().html)
    assert mail.headers["Auto-Submitted"] == "auto-generated"
    assert mail.headers["Content-Language"] == "fr"
    ((name, kind, content),) = mail.files
    assert (name, content.decode()) == ("rendez-vous.ics", ICS)
    assert kind.startswith("text/calendar") or not kind, "Brevo goes by the name"


def test_nothing_but_our_reference_is_told_of_the_family(
    carrier: Carrier, gateway: MailGateway
) -> None:
    send(carrier)
    (mail,) = gateway.mails
    told = str({key: mail.told[key] for key in mail.told if "ttachment" not in key})
    assert "confirmation:1" not in told
    assert mail.told.get("TrackClicks", "disabled") == "disabled"
    assert mail.told.get("TrackOpens", "disabled") == "disabled"


@pytest.mark.parametrize("mode", SURELY_NOT_TAKEN)
def test_a_documented_refusal_is_surely_not_taken(
    carrier: Carrier, gateway: MailGateway, mode: str
) -> None:
    gateway.mode = mode
    error = failure(carrier)
    assert type(error) is SURELY_NOT_TAKEN[mode], error
    assert gateway.mails == []
    for secret in (KEY, SECRET, "karim"):
        assert secret not in f"{error} {error.__cause__}"


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("mode", UNCERTAIN)
def test_a_lost_answer_is_uncertain(carrier: Carrier, gateway: MailGateway, mode: str) -> None:
    gateway.mode = mode
    assert type(failure(carrier)) is Uncertain
    assert bool(gateway.mails) == UNCERTAIN[mode]


def test_a_provider_out_of_reach_has_surely_nothing(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    for line in LINES.values():
        assert type(failure(connect(line.format(port=port)))) is NotTaken


@pytest.mark.parametrize("wait", ["7", ""])
def test_the_provider_says_how_long_it_wants_to_be_left_alone(
    carrier: Carrier, gateway: MailGateway, wait: str
) -> None:
    gateway.mode, gateway.retry_after = "429", wait
    error = failure(carrier)
    assert isinstance(error, TryLater)
    assert error.retry_after == (7.0 if wait else None)


def test_an_address_nobody_can_have_is_never_handed_over(
    carrier: Carrier, gateway: MailGateway
) -> None:
    message = a_message(recipient="not an address")
    with pytest.raises(BadAddress):
        carrier.send(message, a_letter(), reference=reference_of(message))
    assert gateway.mails == []


def test_many_threads_share_one_carrier(carrier: Carrier, gateway: MailGateway) -> None:
    with ThreadPoolExecutor(8) as threads:
        sent = list(threads.map(lambda n: send(carrier, f"k:{n}"), range(40)))
    assert len({accepted.provider_id for accepted in sent}) == 40
    assert len({mail.reference for mail in gateway.mails}) == 40


@pytest.mark.usefixtures("_impatient")
def test_brevo_never_takes_the_same_message_twice_and_says_so(
    gateway: MailGateway, connect: Connect
) -> None:
    brevo = connect(LINES["brevo"].format(port=gateway.port))
    gateway.mode = "accept-then-hang"
    failure(brevo)
    gateway.mode = "ok"
    again = failure(brevo)
    assert type(again) is Uncertain, "it may also have been refused with its key spent"
    assert len(gateway.mails) == 1
    assert UUID(gateway.mails[0].headers["idempotencyKey"]).hex == reference_of(a_message())
    assert brevo.repeats_for > 0


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("name", ["brevo", "mailjet"])
def test_what_became_of_a_lost_answer_can_be_asked(
    gateway: MailGateway, connect: Connect, name: str
) -> None:
    carrier = connect(LINES[name].format(port=gateway.port))
    assert carrier.can_look_up
    assert look_up(carrier) is None
    gateway.mode = "accept-then-reset"
    failure(carrier)
    found = look_up(carrier)
    assert found is not None
    assert "1" in found.provider_id
    assert look_up(carrier, "another:1:0") is None
    gateway.is_indexed = False
    assert look_up(carrier) is None
    assert gateway.malformed == []


@pytest.mark.parametrize("name", ["brevo", "mailjet"])
@pytest.mark.parametrize("trouble", [200, 401, 500])
def test_an_answer_that_is_no_answer_tells_nothing(
    gateway: MailGateway, connect: Connect, name: str, trouble: int
) -> None:
    gateway.trouble = trouble
    with pytest.raises(CannotTell):
        look_up(connect(LINES[name].format(port=gateway.port)))


@pytest.mark.parametrize("filters", ["ignored", "misread"])
def test_mailjet_proves_absence_without_its_filter(
    gateway: MailGateway, connect: Connect, filters: str
) -> None:
    mailjet = connect(LINES["mailjet"].format(port=gateway.port))
    for n in range(15):
        send(mailjet, f"k:{n}")
    gateway.filters = filters
    found = look_up(mailjet, "k:12")
    assert found is not None
    assert found.provider_id == "13"
    assert look_up(mailjet, "k:99") is None


def test_mailjet_with_too_much_to_read_tells_nothing(
    gateway: MailGateway, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_api, "PAGE", 2)
    monkeypatch.setattr(mail_api, "MOST_PAGES", 2)
    mailjet = connect(LINES["mailjet"].format(port=gateway.port))
    for n in range(9):
        send(mailjet, f"k:{n}")
    with pytest.raises(CannotTell):
        look_up(mailjet, "k:99")


def test_scaleway_can_prove_nothing(gateway: MailGateway, connect: Connect) -> None:
    scaleway = connect(LINES["scaleway"].format(port=gateway.port))
    assert not scaleway.can_look_up
    with pytest.raises(CannotTell):
        look_up(scaleway)


def test_no_secret_is_seen_in_a_trace(carrier: Carrier) -> None:
    assert not any(secret in repr(carrier) for secret in (KEY, SECRET))
