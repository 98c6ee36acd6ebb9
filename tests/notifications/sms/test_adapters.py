"""Each adapter against each way a provider answers, or does not; the ledger is the judge."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from decimal import Decimal

import httpx
import pytest

from notifications.errors import NotTaken, Refused, SendError, Uncertain
from notifications.sms import http
from notifications.sms.base import (
    Accepted,
    AccountProblem,
    BadNumber,
    CannotTell,
    Outgoing,
    SmsProvider,
    TryLater,
)
from notifications.sms.http import seconds_until
from tests.notifications.sms.dialects import (
    API_KEY,
    APP_SECRET,
    CONSUMER_KEY,
    DIALECTS,
    provider_url,
)
from tests.notifications.sms.steering import Steering

Connect = Callable[[str], SmsProvider]

SURELY_NOT_TAKEN = {
    "reject": Refused,
    "bad-number": BadNumber,
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
    """Before the provider is made: a hang of ten seconds would only make the tests slow."""
    monkeypatch.setattr(http, "TIMEOUT", httpx.Timeout(0.3))


def now() -> datetime:
    return datetime.now(UTC)


def test_a_message_is_taken(provider: SmsProvider, gateway: Steering, outgoing: Outgoing) -> None:
    accepted = provider.send(outgoing)
    (entry,) = gateway.ledger()
    assert accepted.provider_id.endswith(str(entry["id"]))
    assert accepted.segments in {1, None}
    assert (entry["provider"], entry["reference"]) == (provider.name, outgoing.reference)
    assert (entry["to"], entry["text"]) == (outgoing.to, outgoing.text)
    assert entry["sender"] == outgoing.sender
    assert "malformed" not in gateway.counts()


def test_every_alphabet_arrives_as_it_left(provider: SmsProvider, gateway: Steering) -> None:
    texts = ["€ [À] « août »", "Ваш запис 24/11", "موعدكم 24/11 😀", 'l\'"é"\n\\']
    for number, text in enumerate(texts):
        provider.send(Outgoing(f"ref-{number}", "+262692123456", text, "CD35INFO"))
    assert [entry["text"] for entry in gateway.ledger()] == texts


def test_a_slow_provider_is_waited_for(
    provider: SmsProvider, gateway: Steering, outgoing: Outgoing
) -> None:
    gateway.mode("latency", seconds=0.4)
    assert isinstance(provider.send(outgoing), Accepted)


@pytest.mark.parametrize("mode", SURELY_NOT_TAKEN)
def test_a_documented_refusal_is_sure(
    provider: SmsProvider, gateway: Steering, outgoing: Outgoing, mode: str
) -> None:
    gateway.mode(mode, retry_after="7")
    with pytest.raises(SendError) as failed:
        provider.send(outgoing)
    assert type(failed.value) is SURELY_NOT_TAKEN[mode]
    assert not isinstance(failed.value, Uncertain)
    if isinstance(failed.value, TryLater):
        assert failed.value.retry_after == 7
    assert gateway.ledger() == []
    assert provider.look_up(outgoing, since=now()) is None


@pytest.mark.parametrize("mode", UNCERTAIN)
@pytest.mark.usefixtures("_impatient")
def test_after_the_request_is_written_only_the_provider_can_tell(
    gateway: Steering, provider: SmsProvider, outgoing: Outgoing, mode: str
) -> None:
    gateway.mode(mode, number=outgoing.to)
    since = now()
    with pytest.raises(Uncertain):
        provider.send(outgoing)
    found = provider.look_up(outgoing, since=since)
    assert (found is not None) == UNCERTAIN[mode] == bool(gateway.ledger())
    if found is not None:
        assert found.provider_id.endswith(str(gateway.ledger()[0]["id"]))


def test_a_closed_port_is_sure(
    provider: SmsProvider, gateway: Steering, outgoing: Outgoing
) -> None:
    gateway.mode("refuse")
    with pytest.raises(NotTaken, match="ConnectError"):
        provider.send(outgoing)
    with pytest.raises(CannotTell):
        provider.look_up(outgoing, since=now())
    gateway.mode("ok")
    assert provider.send(outgoing).provider_id


def test_an_unknown_name_is_sure(
    provider: SmsProvider, outgoing: Outgoing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_arguments: object, **_options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(NotTaken, match="ConnectError"):
        provider.send(outgoing)


@contextmanager
def full_port() -> Iterator[int]:
    """A port whose queue is full: a connection is neither accepted nor refused."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _waiting in range(3):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        yield server.getsockname()[1]


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.usefixtures("_impatient")
def test_a_connection_never_made_is_sure(outgoing: Outgoing, connect: Connect, scheme: str) -> None:
    """Neither a TCP connection that hangs nor a TLS one that is never agreed on."""
    with ExitStack() as stack:
        if scheme == "http":
            port = stack.enter_context(full_port())
        else:
            silent = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            port = silent.getsockname()[1]
        line = provider_url("brevo", port).replace("http%3A", f"{scheme}%3A")
        with pytest.raises(NotTaken, match="ConnectTimeout"):
            connect(line).send(outgoing)


@pytest.mark.parametrize("limit", ["LARGEST_ANSWER", "LONGEST_ANSWER"])
def test_an_answer_without_end_is_not_waited_for(
    provider: SmsProvider, outgoing: Outgoing, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    provider.send(outgoing)  # OVHcloud's clock is known after that
    monkeypatch.setattr(http, limit, 0)
    with pytest.raises(Uncertain, match="ReadTimeout"):
        provider.send(outgoing)


@pytest.mark.parametrize(
    ("status", "fields", "kind"),
    [
        (302, {}, Uncertain),
        (404, {}, AccountProblem),
        (408, {}, Uncertain),
        (409, {}, Uncertain),
        (500, {"code": "internal"}, Uncertain),
        (504, {}, Uncertain),
        (400, {}, Refused),
        (422, {}, Refused),
    ],
)
def test_a_status_nobody_documents_proves_nothing(
    provider: SmsProvider, status: int, fields: dict[str, str], kind: type[SendError]
) -> None:
    assert isinstance(provider, http.HttpProvider)
    assert type(provider._verdict(http.Answer(status, {}, fields))) is kind


@pytest.mark.parametrize(
    ("name", "status", "fields", "kind"),
    [
        ("brevo", 400, {"code": "not_enough_credits"}, AccountProblem),
        ("brevo", 400, {"code": "invalid_parameter", "message": "Invalid phone"}, BadNumber),
        ("ovh", 460, {}, AccountProblem),
        ("ovh", 400, {"message": "Invalid receiver"}, BadNumber),
        ("ovh", 403, {"errorCode": "QUERY_TIME_OUT"}, TryLater),
        ("smsmode", 400, {"message": "recipient is not valid"}, BadNumber),
    ],
)
def test_a_providers_own_code_says_more_than_the_status(
    connect: Connect, name: str, status: int, fields: dict[str, str], kind: type[SendError]
) -> None:
    provider = connect(provider_url(name, 9))
    assert isinstance(provider, http.HttpProvider)
    assert type(provider._verdict(http.Answer(status, {}, fields))) is kind


def test_an_error_code_is_a_word_and_never_a_text(connect: Connect) -> None:
    provider = connect(provider_url("brevo", 9))
    assert isinstance(provider, http.HttpProvider)
    texts = [{"code": "+33612345678 is wrong"}, {"code": ["x"]}, {"code": "a" * 61}, None, []]
    said = {str(provider._verdict(http.Answer(400, {}, one))) for one in texts}
    assert said == {"brevo: HTTP 400"}


def test_time_outs_are_those_of_the_design() -> None:
    assert (http.TIMEOUT.connect, http.TIMEOUT.read) == (3, 10)


def test_a_wrong_key_is_an_account_problem(
    gateway: Steering, outgoing: Outgoing, connect: Connect
) -> None:
    for name in DIALECTS:
        line = provider_url(name, gateway.port)
        wrong = line.replace(API_KEY, "other").replace(APP_SECRET, "other")
        with pytest.raises(AccountProblem):
            connect(wrong).send(outgoing)
    assert gateway.ledger() == []


def test_no_credit_left_is_an_account_problem(
    provider: SmsProvider, gateway: Steering, outgoing: Outgoing
) -> None:
    gateway.world(credit=2)
    provider.send(outgoing)
    provider.send(Outgoing("ref-2", outgoing.to, "x" * 300, outgoing.sender))
    with pytest.raises(AccountProblem, match="402"):
        provider.send(Outgoing("ref-3", outgoing.to, "x", outgoing.sender))
    assert len(gateway.ledger()) == 2


def test_credit_is_told_in_the_providers_unit(provider: SmsProvider, gateway: Steering) -> None:
    gateway.world(credit=40)
    assert provider.credit() == (Decimal(2) if provider.unit == "euros" else Decimal(40))


def test_credit_of_who_pays_afterwards(gateway: Steering, connect: Connect) -> None:
    gateway.world(is_postpaid=True)
    assert connect(provider_url("smsmode", gateway.port)).credit() is None


@pytest.mark.parametrize("trouble", [200, 403, 404, 429, 500])
def test_a_question_without_a_sure_answer(
    provider: SmsProvider, gateway: Steering, outgoing: Outgoing, trouble: int
) -> None:
    """Above all not « it is absent »: the message would leave a second time."""
    gateway.mode("accept-then-reset", times=1)
    with pytest.raises(Uncertain):
        provider.send(outgoing)
    gateway.world(trouble=trouble)
    with pytest.raises(CannotTell):
        provider.look_up(outgoing, since=now())
    with pytest.raises(CannotTell):
        provider.credit()


def test_nothing_private_is_logged_or_shown(
    provider: SmsProvider,
    gateway: Steering,
    outgoing: Outgoing,
    caplog: pytest.LogCaptureFixture,
) -> None:
    shown = [repr(provider), repr(outgoing), repr(provider.webhook)]
    with caplog.at_level(logging.DEBUG):
        provider.send(outgoing)
        provider.look_up(outgoing, since=now())
        for mode in ("reject", "bad-number", "402", "garbage"):
            gateway.mode(mode)
            with pytest.raises(SendError) as failed:
                provider.send(outgoing)
            shown.append(str(failed.value))
    everything = "\n".join([*shown, caplog.text])
    assert provider.name in everything
    for private in (outgoing.to[1:], outgoing.text, API_KEY, APP_SECRET, CONSUMER_KEY):
        assert private not in everything


def settle(provider: SmsProvider, outgoing: Outgoing, *, asks: bool) -> None:
    """Until it has surely left: after an uncertain attempt, by asking, or blindly again."""
    since = now()
    for _attempt in range(20):
        try:
            provider.send(outgoing)
        except NotTaken:
            continue
        except Uncertain:
            if asks and provider.look_up(outgoing, since=since):
                return
        else:
            return
    raise AssertionError("never sent")


@pytest.mark.parametrize("asks", [True, False], ids=["asks", "twin resends blindly"])
def test_sixty_messages_through_a_bad_line(
    provider: SmsProvider, gateway: Steering, asks: bool
) -> None:
    gateway.mode("accept-then-reset", share=0.3)
    messages = [
        Outgoing(f"ref-{number}", "+33612345678", f"RDV {number}", "CD35INFO")
        for number in range(60)
    ]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda one: settle(provider, one, asks=asks), messages))
    counts = gateway.counts()
    assert counts["references"] == 60  # none lost
    assert (counts["doubled"] == 0) == asks


@pytest.mark.parametrize(
    ("value", "least", "most"),
    [
        ("0", 0, 0),
        ("120", 120, 120),
        ("999999", 3600, 3600),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0),
        ("Wed, 21 Oct 2065 07:28:00 GMT", 3600, 3600),
    ],
)
def test_how_long_to_wait(value: str, least: float, most: float) -> None:
    wait = seconds_until(value)
    assert wait is not None
    assert least <= wait <= most


@pytest.mark.parametrize("value", ["", "soon", "-5", "12.5s"])
def test_how_long_to_wait_is_unknown(value: str) -> None:
    assert seconds_until(value) is None
