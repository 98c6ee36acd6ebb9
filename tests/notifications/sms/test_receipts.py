"""What providers tell us afterwards: doubled, in any order, wrong; and what people write back."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from django.http import QueryDict

from notifications.sms.base import CannotTell, Outgoing, Receipt, SmsProvider
from notifications.sms.webhooks import authenticated
from tests.notifications.sms.conftest import SECRET
from tests.notifications.sms.dialects import provider_url
from tests.notifications.sms.steering import Steering

NUMBER = "+33612345678"
Connect = Callable[..., SmsProvider]


@dataclass
class Call:
    """One call of our webhook, as a view gets it."""

    path_secret: str
    headers: dict[str, str]
    query: dict[str, str]
    body: bytes


class Webhook:
    """A server that keeps what it is told."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                split = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                secret = split.path.strip("/").rpartition("/")[2]
                query = dict(parse_qsl(split.query))
                webhook.calls.append(Call(secret, dict(self.headers), query, body))
                self.send_response(200)
                self.end_headers()

            do_GET = do_POST  # noqa: N815  the library's name

            def log_message(self, *_arguments: object) -> None:
                """Nothing: the calls are kept."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        serve = threading.Thread(target=self._server.serve_forever, args=[0.02], daemon=True)
        serve.start()
        self.address = f"http://127.0.0.1:{self._server.server_port}/sms/{{secret}}/"
        self.url = self.address.format(secret=SECRET)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    webhook = Webhook()
    yield webhook
    webhook.close()


@pytest.fixture(params=["ovh", "brevo", "smsmode"])
def heard(
    request: pytest.FixtureRequest, gateway: Steering, connect: Connect, webhook: Webhook
) -> SmsProvider:
    """A provider that knows where to tell us."""
    line = provider_url(request.param, gateway.port, secret=SECRET)
    return connect(line, callback=webhook.address)


def receipts_in(provider: SmsProvider, calls: list[Call]) -> list[Receipt]:
    return [
        receipt
        for call in calls
        if authenticated(provider, call.path_secret, call.headers, call.body)
        for receipt in provider.receipts(call.body, call.headers, call.query)
    ]


def url_for(provider: SmsProvider, webhook: Webhook) -> str:
    """OVHcloud is told once, on the account; the others with each message."""
    return webhook.url if provider.name == "ovh" else ""


@pytest.mark.parametrize(
    ("told", "state", "is_dead"),
    [
        ("sent", "pending", False),
        ("delivered", "delivered", False),
        ("undelivered", "undeliverable", False),
        ("dead", "undeliverable", True),
    ],
)
def test_a_receipt_says_what_became_of_a_message(
    heard: SmsProvider, gateway: Steering, webhook: Webhook, told: str, state: str, is_dead: bool
) -> None:
    gateway.receipts(told, url=url_for(heard, webhook))
    accepted = heard.send(Outgoing("ref-1", NUMBER, "RDV", "CD35INFO"))
    gateway.wait_for_posts()
    (receipt,) = receipts_in(heard, webhook.calls)
    assert receipt.provider_id == accepted.provider_id
    assert receipt.reference == ("" if heard.name == "ovh" else "ref-1")
    assert (receipt.state, receipt.is_number_dead) == (state, is_dead)
    assert receipt.at is not None
    assert NUMBER[1:] not in receipt.reason
    call = webhook.calls[0]
    assert heard.inbound(call.body, call.headers, call.query) == []


def test_doubled_shuffled_and_wrong_receipts(
    heard: SmsProvider, gateway: Steering, webhook: Webhook
) -> None:
    gateway.receipts(
        "sent", "delivered", url=url_for(heard, webhook), copies=3, spread=0.3, wrong=True
    )
    ids = {
        heard.send(Outgoing(f"ref-{number}", NUMBER, "RDV", "CD35INFO")).provider_id
        for number in range(5)
    }
    counts = gateway.wait_for_posts()
    assert counts["posted 200"] == len(webhook.calls) == 5 * (2 * 3 + 3)
    forged = [
        call
        for call in webhook.calls
        if not authenticated(heard, call.path_secret, call.headers, call.body)
    ]
    assert len(forged) == 5
    known = [one for one in receipts_in(heard, webhook.calls) if one.provider_id in ids]
    assert len(known) == 5 * 2 * 3
    # However often an event is told, it is one.
    assert len({one.event_id for one in known}) == 5 * 2
    assert {one.state for one in known} == {"pending", "delivered"}


def test_receipts_can_be_told_later(
    heard: SmsProvider, gateway: Steering, webhook: Webhook
) -> None:
    heard.send(Outgoing("ref-1", NUMBER, "RDV", "CD35INFO"))
    assert webhook.calls == []
    gateway.receipts("delivered", url=url_for(heard, webhook), now=True)
    gateway.wait_for_posts()
    assert [one.state for one in receipts_in(heard, webhook.calls)] == ["delivered"]


@pytest.mark.parametrize("text", ["1", "2", " STOP ", "Non, é € 😀", ""])
def test_a_reply_reaches_us_as_it_was_written(
    heard: SmsProvider, gateway: Steering, webhook: Webhook, text: str
) -> None:
    gateway.inbound(heard.name, url=webhook.url, sender=NUMBER, text=text, copies=2)
    gateway.wait_for_posts()
    first, second = (
        heard.inbound(call.body, call.headers, call.query)[0] for call in webhook.calls
    )
    assert (first.sender, first.text) == (NUMBER, text)
    assert first.event_id == second.event_id
    assert NUMBER not in repr(first)
    call = webhook.calls[0]
    assert heard.receipts(call.body, call.headers, call.query) == []


def test_two_replies_alike_are_two(heard: SmsProvider, gateway: Steering, webhook: Webhook) -> None:
    for _time in range(2):
        gateway.inbound(heard.name, url=webhook.url, sender=NUMBER, text="1")
    gateway.wait_for_posts()
    events = {heard.inbound(c.body, c.headers, c.query)[0].event_id for c in webhook.calls}
    assert len(events) == 2


def test_ovh_is_asked_for_the_reply_itself(connect: Connect, gateway: Steering) -> None:
    """A call names a reply; what it says is read from the provider, so it cannot be made up."""
    ovh = connect(provider_url("ovh", gateway.port, secret=SECRET))
    forged = urlencode({"id": 12, "message": "2", "sender": NUMBER}).encode()
    with pytest.raises(CannotTell):
        ovh.inbound(forged, {}, {})


def test_brevo_tells_of_a_stop_as_an_unsubscription(connect: Connect, gateway: Steering) -> None:
    brevo = connect(provider_url("brevo", gateway.port))
    body = json.dumps({"id": 1, "to": NUMBER[1:], "msg_status": "unsubscribed", "messageId": 3})
    (reply,) = brevo.inbound(body.encode(), {}, {})
    assert (reply.sender, reply.text) == (NUMBER, "STOP")


@pytest.mark.parametrize("tag", ["ref-1", ["ref-1"], '["ref-1"]', ["ref-1", "other"]])
def test_brevo_gives_back_our_tag_in_several_ways(
    connect: Connect, gateway: Steering, tag: object
) -> None:
    brevo = connect(provider_url("brevo", gateway.port))
    body = json.dumps({"msg_status": "delivered", "messageId": 3, "tag": tag}).encode()
    assert brevo.receipts(body, {}, {})[0].reference == "ref-1"


@pytest.mark.parametrize(
    ("ptt", "dlr", "state"),
    [
        ("1", "4", "pending"),
        ("4", "1", "delivered"),
        ("6", "", "pending"),
        ("8", "2", "undeliverable"),
        ("27", "2", "undeliverable"),
        ("999", "1", "delivered"),
        ("999", "16", "undeliverable"),
        ("999", "0", "pending"),
        ("?", "?", "pending"),
    ],
)
def test_ovh_codes(connect: Connect, gateway: Steering, ptt: str, dlr: str, state: str) -> None:
    ovh = connect(provider_url("ovh", gateway.port))
    (receipt,) = ovh.receipts(b"", {}, {"id": "7", "ptt": ptt, "description": dlr})
    assert (receipt.state, receipt.is_number_dead) == (state, False)


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"{", b"[]", b'"x"', b"1", b"{}", b"[" * 99999])
def test_what_nobody_can_read_holds_nothing(provider: SmsProvider, body: bytes) -> None:
    assert provider.receipts(body, {}, {}) == []
    assert provider.inbound(body, {}, {}) == []


def test_a_django_query_is_read_too(connect: Connect, gateway: Steering) -> None:
    ovh = connect(provider_url("ovh", gateway.port))
    query = QueryDict("id=7&ptt=4&description=1&date=2026-11-22T10:00:00%2B01:00")
    (receipt,) = ovh.receipts(b"", {}, query)
    assert (receipt.provider_id, receipt.state) == ("7", "delivered")
