"""Calls of providers: from them alone, stored as they come and no more, whatever is in them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from notifications import callers, receipts, replies
from notifications.channels import carriers
from notifications.channels.sms import SmsCarrier
from notifications.models import ContactProblem, Inbound, OutboxMessage, Receipt
from notifications.sms.base import Outgoing
from notifications.sms.urls import provider_from_url
from tests.notifications.posted import NUMBER, posted
from tests.notifications.sms.dialects import DIALECTS, provider_url
from tests.notifications.sms.gateway import gateway_in_thread
from tests.notifications.sms.steering import Steering

pytestmark = pytest.mark.django_db
SECRET = "a-secret-of-the-webhooks"
DELIVERED = {"messageId": 7, "msg_status": "delivered", "tag": "ref-1"}
BOUNCED = {"event": "hard_bounce", "email": "nadia@example.org", "message-id": "<1@brevo>"}
Use = Callable[..., str]


@pytest.fixture(scope="module")
def _gateway() -> Iterator[Steering]:
    with gateway_in_thread() as steering:
        yield steering
        steering.close()


@pytest.fixture
def gateway(_gateway: Steering) -> Steering:
    _gateway.reset()
    return _gateway


@pytest.fixture
def use(settings: Settings) -> Iterator[Use]:
    """Send SMS by this provider; the path of its webhook."""
    used: list[str] = []

    def set_up(name: str = "brevo", port: int = 9) -> str:
        settings.SMS_URL = provider_url(name, port, secret=SECRET)
        used.append(name)
        return reverse("sms-webhook", args=[name, SECRET])

    yield set_up
    for name in used:
        if provider := callers.sms_provider(name):
            provider.close()
    callers._sms_providers.cache_clear()


@pytest.fixture
def email_path(settings: Settings) -> str:
    settings.EMAIL_URL = f"brevo://:key@api.brevo.com?webhook_secret={SECRET}"
    return reverse("email-webhook", args=["brevo-email", SECRET])


def post(path: str, data: Any, **headers: str) -> int:
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    client = Client(enforce_csrf_checks=True, headers=headers)
    return client.post(path, body, content_type="application/json").status_code


def test_a_receipt_is_stored_and_nothing_else_happens(use: Use) -> None:
    message = posted(provider_id="7")
    assert post(use(), DELIVERED) == 200
    receipt = Receipt.objects.get()
    assert (receipt.route, receipt.provider_id, receipt.state) == ("brevo", "7", "delivered")
    assert (receipt.reference, receipt.applied_at) == ("ref-1", None)
    message.refresh_from_db()
    assert message.state == "sent"


def test_a_call_costs_one_statement_and_names_nobody_in_its_answer(use: Use) -> None:
    path = use()
    with CaptureQueriesContext(connection) as queries:
        answer = Client().post(path, json.dumps(DELIVERED), content_type="application/json")
    assert len(queries) == 1
    assert (answer.content, answer["Cache-Control"]) == (b"", "private, no-store")


def test_a_call_seen_before_is_answered_alike_and_kept_once(use: Use) -> None:
    path = use()
    assert [post(path, DELIVERED) for _ in range(3)] == [200] * 3
    assert Receipt.objects.count() == 1


def test_the_secret_may_be_in_a_header(use: Use) -> None:
    use()
    path = reverse("sms-webhook", args=["brevo", "-"])
    assert post(path, DELIVERED, authorization=f"Bearer {SECRET}") == 200
    assert post(path, DELIVERED, authorization="Bearer wrong") == 404


@pytest.mark.parametrize(
    ("route", "secret"),
    [("brevo", "wrong"), ("brevo", SECRET[:-1]), ("ovh", SECRET), ("demo", "-" * 32), ("x", "é")],
)
def test_anyone_else_meets_an_address_that_does_not_exist(
    use: Use, email_path: str, route: str, secret: str
) -> None:
    use()
    for name in ("sms-webhook", "email-webhook"):
        path = reverse(name, args=[route, secret])
        assert post(path, DELIVERED) == 404
        assert post(path, b"{") == 404
    assert not Receipt.objects.exists()


def test_without_a_provider_or_its_secret_nobody_is_let_in(settings: Settings) -> None:
    for line in ("", "demo://", provider_url("brevo", 9)):
        settings.SMS_URL = line
        for secret in ("", "-" * 32, "None"):
            assert post(f"/webhooks/sms/brevo/{secret}/", DELIVERED) == 404
    assert not Receipt.objects.exists()


def test_two_accounts_of_one_provider_have_each_their_own(settings: Settings) -> None:
    settings.SMS_URL = provider_url("brevo", 9, secret=SECRET)
    settings.SMS_FALLBACK_URL = provider_url("brevo", 9, secret="another-secret-of-them")
    assert post(f"/webhooks/sms/brevo-2/{SECRET}/", DELIVERED) == 404
    assert post("/webhooks/sms/brevo-2/another-secret-of-them/", DELIVERED) == 200
    assert Receipt.objects.get().route == "brevo-2"


GARBAGE = [b"{", b"\xff\xfe", b"[1", b"[" * 30_000, b'{"messageId": ' + b"1" * 5000]
NOTHING: list[Any] = [
    b"",
    b"null",
    b"1",
    [],
    [DELIVERED],
    {},
    {"messageId": 7},
    {"messageId": {"a": 1}, "msg_status": "delivered"},
    {"messageId": 7, "msg_status": ["delivered"]},
    {"messageId": None, "msg_status": "delivered", "tag": 5},
]


@pytest.mark.parametrize("body", GARBAGE)
def test_what_cannot_be_read_is_refused(use: Use, email_path: str, body: bytes) -> None:
    assert post(use(), body) == 400
    assert post(email_path, body) == 400
    assert not Receipt.objects.exists()


@pytest.mark.parametrize("body", NOTHING)
@pytest.mark.parametrize("name", sorted(DIALECTS))
def test_what_tells_nothing_stores_nothing(use: Use, body: Any, name: str) -> None:
    assert post(use(name), body) == 200
    assert not Receipt.objects.exists()


ODD: list[dict[str, Any]] = [
    {"ts_event": 1e308},
    {"ts_event": "yesterday"},
    {"tag": [["a"]]},
    {"tag": {"a": 1}},
    {"description": "a\u0000b\ud800" * 500},
    {"messageId": "\u0000" * 4 + "7" * 900},
    {"description": {"phone": NUMBER}},
]


@pytest.mark.parametrize("fields", ODD)
def test_odd_fields_are_kept_as_they_can_be(use: Use, fields: dict[str, Any]) -> None:
    assert post(use(), {**DELIVERED, **fields}) == 200
    assert NUMBER[1:] not in Receipt.objects.get().reason


@pytest.mark.parametrize("size", [65_537, 90_000, 10_000_000])
def test_a_long_call_is_refused_unread(use: Use, email_path: str, size: int) -> None:
    body = json.dumps(DELIVERED).encode().ljust(size)
    assert post(use(), body) == 413
    assert post(email_path, body) == 413
    assert not Receipt.objects.exists()
    assert post(use(), json.dumps(DELIVERED).encode().ljust(60_000)) == 200


@pytest.mark.parametrize(
    "query", ["id=7&ptt=%C2%B2", "id=%C2%B2&ptt=4", "id=7", "ptt=4", "id=&ptt"]
)
def test_odd_queries(use: Use, query: str) -> None:
    path = use("ovh")
    assert Client().get(f"{path}?{query}").status_code == 200
    assert Receipt.objects.filter(state="delivered").count() == 0


def test_other_methods(use: Use, email_path: str) -> None:
    assert Client().put(use()).status_code == 405
    assert Client().get(email_path).status_code == 405


def test_many_wrong_calls_are_told_to_wait(use: Use, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("frontend.views.webhooks.MOST_REFUSED", 3)
    path = use()
    wrong = reverse("sms-webhook", args=["brevo", "wrong"])
    assert [post(wrong, DELIVERED) for _ in range(4)] == [404, 404, 404, 429]
    assert post(path, DELIVERED) == 200


def test_a_reply_of_ovhcloud_is_named_by_the_call_and_read_later(
    use: Use, gateway: Steering
) -> None:
    path = use("ovh", gateway.port)
    number = gateway.inbound("ovh", url="http://127.0.0.1:9/", sender=NUMBER, text="Oui")
    requests = gateway.counts().get("requests", 0)
    form = urlencode({"id": number, "message": "2", "sender": "+33600000000"})
    answer = Client().post(path, form, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 200
    assert gateway.counts().get("requests", 0) == requests
    named = Receipt.objects.get()
    assert (named.kind, named.event_id, named.sender, named.text) == (
        "inbound",
        f"{number}",
        "",
        "",
    )
    replies.read_named()
    named.refresh_from_db()
    assert (named.sender, named.text) == (NUMBER, "Oui")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", sorted(DIALECTS))
def test_from_the_provider_to_the_message(
    use: Use, gateway: Steering, live_server: LiveServer, name: str
) -> None:
    """Receipts doubled, shuffled and forged, and a reply, as the gateway posts them."""
    url = live_server.url + use(name, gateway.port)
    provider = provider_from_url(provider_url(name, gateway.port, secret=SECRET))
    for number, end in enumerate(("delivered", "dead")):
        gateway.receipts("sent", end, url=url, copies=3, spread=0.05, wrong=True)
        accepted = provider.send(Outgoing(f"ref-{number}", NUMBER, "RDV", "CD35INFO"))
        posted(route=name, provider_id=accepted.provider_id)
        gateway.wait_for_posts()
    gateway.inbound(name, url=url, sender=NUMBER, text="peut-être", copies=3)
    counts = gateway.wait_for_posts()
    provider.close()
    assert counts["posted 404"] == 2
    assert counts.get("posted 0", 0) == counts.get("posted 500", 0) == 0
    receipts.apply_waiting()
    states = OutboxMessage.objects.exclude(kind="reply_unknown").order_by("pk")
    assert [message.state for message in states] == ["delivered", "undeliverable"]
    assert replies.answer_waiting() == 1
    assert [(one.meaning, one.needs_person) for one in Inbound.objects.all()] == [("unknown", True)]


@pytest.mark.parametrize(
    ("event", "state", "is_dead"),
    [
        ("hard_bounce", "undeliverable", True),
        ("invalid_email", "undeliverable", True),
        ("soft_bounce", "undeliverable", False),
        ("blocked", "undeliverable", False),
        ("deferred", "pending", False),
        ("delivered", "delivered", False),
        ("spam", "complaint", False),
    ],
)
def test_an_email_event_of_brevo(email_path: str, event: str, state: str, is_dead: bool) -> None:
    call = {**BOUNCED, "event": event, "ts_epoch": 1795000000000}
    assert post(email_path, call) == 200
    assert post(email_path, call) == 200
    receipt = Receipt.objects.get()
    assert (receipt.state, receipt.is_number_dead) == (state, is_dead)
    assert (receipt.route, receipt.provider_id) == ("brevo-email", "<1@brevo>")
    assert receipt.happened_at is not None


@pytest.mark.parametrize("event", ["opened", "click", "unique_opened", "unsubscribe", "new", None])
def test_nobodys_reading_is_watched(email_path: str, event: str | None) -> None:
    assert post(email_path, {**BOUNCED, "event": event, "link": "https://x.example"}) == 200
    assert not Receipt.objects.exists()


def test_several_events_of_mailjet_in_one_call(settings: Settings) -> None:
    settings.EMAIL_FALLBACK_URL = f"mailjet://k:s@api.mailjet.com?webhook_secret={SECRET}"
    path = reverse("email-webhook", args=["mailjet", SECRET])
    event = {"time": 1795000000, "MessageID": 19, "email": "nadia@example.org"}
    payload = json.dumps({"reference": "ref-9"})
    bounce = {**event, "event": "bounce", "hard_bounce": True, "error": "user unknown"}
    calls = [{**event, "event": "sent", "Payload": payload}, bounce, {**event, "event": "open"}]
    assert post(path, calls) == 200
    assert post(path, {**event, "event": "spam", "source": "JMRPP"}) == 200
    found = Receipt.objects.order_by("pk").values_list("state", "is_number_dead", "reference")
    assert list(found) == [
        ("delivered", False, "ref-9"),
        ("undeliverable", True, ""),
        ("complaint", False, ""),
    ]


@pytest.mark.parametrize(
    "call", [1, "x", None, [1], {**BOUNCED, "ts_epoch": "x"}, {**BOUNCED, "tags": 1}]
)
def test_an_email_call_of_wrong_types(email_path: str, call: Any) -> None:
    assert post(email_path, call) in (200, 400)
    assert not Receipt.objects.filter(reference__gt="").exists()


def test_a_bounce_ends_at_the_address(email_path: str) -> None:
    message = posted(
        channel="email", recipient="nadia@example.org", route="brevo-email", provider_id="<1@brevo>"
    )
    post(email_path, BOUNCED)
    receipts.apply_waiting()
    message.refresh_from_db()
    assert message.state == "undeliverable"
    assert ContactProblem.objects.get().reason == "dead"


def test_the_address_given_to_providers_is_this_one(settings: Settings) -> None:
    """Each account its own, the second of a provider too."""
    settings.SMS_URL = provider_url("brevo", 9, secret=SECRET)
    settings.SMS_FALLBACK_URL = provider_url("brevo", 9, secret="another-secret-of-them")
    for carrier, secret in zip(carriers("sms"), (SECRET, "another-secret-of-them"), strict=True):
        assert isinstance(carrier, SmsCarrier)
        path = reverse("sms-webhook", args=[carrier.name, secret])
        assert vars(carrier.provider)["_callback"] == f"{settings.PUBLIC_URL}{path}"
        assert post(path, DELIVERED) == 200
    assert {receipt.route for receipt in Receipt.objects.all()} == {"brevo", "brevo-2"}


def test_an_email_line_with_its_secret_opens_its_webhook(settings: Settings) -> None:
    line = f"brevo://:key@api.brevo.com?webhook_secret={SECRET}&webhook_secret={SECRET}-next"
    settings.EMAIL_URL = line
    (carrier,) = carriers("email")
    for secret in (SECRET, f"{SECRET}-next"):
        assert post(reverse("email-webhook", args=[carrier.name, secret]), BOUNCED) == 200


def test_a_provider_is_made_once(use: Use) -> None:
    use()
    assert callers.sms_provider("brevo") is callers.sms_provider("brevo")
