"""The three providers' ways of speaking, as their documentation and their clients show them.

Written apart from the adapters, from the same sources: the one is the other's examiner.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import urlencode

from tests.notifications.sms.ledger import Entry, Ledger
from tests.notifications.sms.wire import Reply, Request, reply

# The only credentials that the gateway takes.
APP_KEY, APP_SECRET, CONSUMER_KEY, SERVICE = "app-key", "app-secret", "consumer-key", "sms-te1-1"
API_KEY = "api-key-of-the-tests"
OVH_WINDOW = 30  # seconds that a signature's time may be away from their clock

# Method, headers, body, and what is added to the address.
Call = tuple[str, dict[str, str], bytes, str]
JSON_TYPE = {"Content-Type": "application/json"}


@dataclass(slots=True)
class World:
    """What the dialects look at: acceptances, and how the provider behaves as a whole."""

    ledger: Ledger
    credit: int | None = None
    index_lag: float = 0.0  # how long an acceptance cannot be found
    pending: float = 0.0  # how long OVHcloud shows it as a job, not yet in the history
    clock_ahead: int = 0  # of OVHcloud's clock
    is_postpaid: bool = False
    filters: str = "understood"  # or ignored (all is listed), or misread (nothing is)
    trouble: int = 0  # the status of every question's answer; 200 is an answer nobody can read

    def visible(self, reference: str | None = None) -> list[Entry]:
        """What can be found by now: everything, or what has this reference."""
        latest = time.time() - self.index_lag
        if reference is not None and self.filters != "understood":
            return self.visible() if self.filters == "ignored" else []
        known = self.ledger.entries if reference is None else self.ledger.of(reference)
        return [entry for entry in known if entry.at <= latest]


@dataclass(frozen=True, slots=True)
class Submission:
    reference: str
    to: str
    text: str
    sender: str
    callback: str = ""


class Dialect(Protocol):
    name: str

    def guard(self, request: Request, world: World) -> Reply | None:
        """Why the credentials are not good, if they are not."""

    def is_submission(self, request: Request) -> bool: ...

    def submission(self, request: Request) -> Submission: ...

    def accepted(self, entry: Entry) -> Reply: ...

    def refusal(self, status: int, submission: Submission) -> Reply:
        """Its documented refusal: 400 (the message), 401, 402, 403, 422 (the number), 429, 5xx."""

    def answer(self, request: Request, world: World) -> Reply:
        """Look-ups and credit."""

    def receipt(self, entry: Entry, state: str) -> Call:
        """`state`: sent, delivered, undelivered or dead."""

    def inbound(self, identifier: int, sender: str, text: str) -> Call: ...


class OvhDialect:
    name = "ovh"

    def __init__(self) -> None:
        self.replies: dict[str, tuple[str, str]] = {}

    def guard(self, request: Request, world: World) -> Reply | None:
        if request.path == "/1.0/auth/time":
            return None
        at = request.headers.get("x-ovh-timestamp", "0")
        url = f"http://{request.headers['host']}{request.target}"
        parts = (APP_SECRET, CONSUMER_KEY, request.method, url, request.body.decode(), at)
        expected = "$1$" + hashlib.sha1("+".join(parts).encode()).hexdigest()  # noqa: S324  theirs
        if abs(int(at) - self._now(world)) > OVH_WINDOW:
            return self._error(400, "QUERY_TIME_OUT", "Query out of time")
        if request.headers.get("x-ovh-signature") != expected:
            return self._error(403, "INVALID_SIGNATURE", "Invalid signature")
        is_known = request.path.startswith(f"/1.0/sms/{SERVICE}")
        return None if is_known else self._error(404, "NOT_FOUND", "This service does not exist")

    def is_submission(self, request: Request) -> bool:
        return request.method == "POST" and request.path.endswith("/jobs")

    def submission(self, request: Request) -> Submission:
        job = request.data
        assert job["noStopClause"] is True
        assert bool(job.get("sender")) != job["senderForResponse"]
        sender = job.get("sender") or "38000"
        return Submission(job["tag"], job["receivers"][0], job["message"], sender)

    def accepted(self, entry: Entry) -> Reply:
        return reply(
            {
                "ids": [entry.id],
                "invalidReceivers": [],
                "validReceivers": [entry.to],
                "totalCreditsRemoved": entry.parts,
            }
        )

    def refusal(self, status: int, submission: Submission) -> Reply:
        if status == 422:
            refused = {"ids": [], "invalidReceivers": [submission.to], "validReceivers": []}
            return reply(refused | {"totalCreditsRemoved": 0})
        messages = {402: "Not enough credits (left: 0.00)", 400: "must have less than 14 chars"}
        return self._error(status, "", f"{messages.get(status, 'refused')} {submission.to}")

    def answer(self, request: Request, world: World) -> Reply:
        if request.path == "/1.0/auth/time":
            return reply(self._now(world))
        if request.path == f"/1.0/sms/{SERVICE}":
            return reply({"creditsLeft": world.credit, "name": SERVICE})
        kind, _, identifier = request.path.removeprefix(f"/1.0/sms/{SERVICE}/").partition("/")
        if kind == "incoming":
            sender, text = self.replies[identifier]
            return reply({"id": int(identifier), "sender": sender, "message": text, "tag": ""})
        limit = time.time() - world.pending
        if identifier:
            return self._one(kind, int(identifier), world, limit)
        if kind == "jobs":
            return reply([one.id for one in world.visible() if one.at > limit])
        found = world.visible(request.query.get("tag"))
        return reply([one.id for one in found if one.at <= limit])

    def receipt(self, entry: Entry, state: str) -> Call:
        ptt, dlr = {"sent": (3, 4), "delivered": (4, 1), "undelivered": (24, 2), "dead": (23, 2)}[
            state
        ]
        fields = {"id": entry.id, "ptt": ptt, "date": _iso(time.time()), "description": dlr}
        return "GET", {}, b"", urlencode(fields | {"descriptionDlr": f"{state} to {entry.to}"})

    def inbound(self, identifier: int, sender: str, text: str) -> Call:
        self.replies[str(identifier)] = (sender, text)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return "POST", headers, urlencode({"id": identifier}).encode(), ""

    def _one(self, kind: str, identifier: int, world: World, limit: float) -> Reply:
        entry = next(iter(world.ledger.entries[identifier - 1 : identifier]), None)
        if entry is None or (entry.at > limit) != (kind == "jobs"):
            return self._error(404, "NOT_FOUND", "This object does not exist")
        return reply(self._detail(entry, is_job=kind == "jobs"))

    def _now(self, world: World) -> int:
        return int(time.time()) + world.clock_ahead

    def _detail(self, entry: Entry, *, is_job: bool) -> dict[str, Any]:
        detail = {
            "id": entry.id,
            "receiver": entry.to,
            "sender": entry.sender,
            "message": entry.text,
            "creationDatetime": _iso(entry.at),
            "numberOfSms": entry.parts,
            "credits": entry.parts,
        }
        return detail if is_job else detail | {"tag": entry.reference}

    def _error(self, status: int, code: str, message: str) -> Reply:
        named = {"errorCode": code, "httpCode": str(status)} if code else {}
        return reply(named | {"message": message}, status)


class BrevoDialect:
    name = "brevo"

    def guard(self, request: Request, world: World) -> Reply | None:
        if request.headers.get("api-key") == API_KEY:
            return None
        return reply({"code": "unauthorized", "message": "Key not found"}, 401)

    def is_submission(self, request: Request) -> bool:
        return request.path == "/v3/transactionalSMS/send"

    def submission(self, request: Request) -> Submission:
        sms = request.data
        assert sms["type"] == "transactional"
        to = f"+{sms['recipient']}"
        return Submission(sms["tag"], to, sms["content"], sms["sender"], sms.get("webUrl", ""))

    def accepted(self, entry: Entry) -> Reply:
        return reply({"messageId": entry.id}, 201)

    def refusal(self, status: int, submission: Submission) -> Reply:
        code, message = {
            400: ("invalid_parameter", "Sender is not valid"),
            401: ("unauthorized", "Key not found"),
            402: ("not_enough_credits", "Not enough credits"),
            403: ("permission_denied", "SMS is not enabled"),
            422: ("invalid_parameter", f"Invalid phone number {submission.to}"),
            429: ("too_many_requests", "Rate limit"),
        }.get(status, ("internal", "error"))
        return reply({"code": code, "message": message}, 400 if status == 422 else status)

    def answer(self, request: Request, world: World) -> Reply:
        if request.path == "/v3/account":
            plans = [
                {"type": "payAsYouGo", "credits": 300},
                {"type": "sms", "credits": world.credit},
            ]
            return reply({"plan": plans})
        tags, start = request.query.get("tags"), int(request.query["offset"])
        shown = world.visible(json.loads(tags)[0] if tags else None)[::-1]
        page = shown[start : start + int(request.query["limit"])]
        return reply({"events": [self._event(one) for one in page] or None})

    def receipt(self, entry: Entry, state: str) -> Call:
        status = {"undelivered": "soft_bounce", "dead": "hard_bounce"}.get(state, state)
        call = {
            "id": 26570,
            "to": entry.to.removeprefix("+"),
            "sms_count": entry.parts,
            "messageId": entry.id,
            "msg_status": status,
            "description": f"{state} to {entry.to}",
            "date": "2026-11-22 10:00:00",
            "ts_event": int(time.time()),
            "tag": [entry.reference],
            "type": "transactional",
        }
        return "POST", JSON_TYPE, json.dumps(call).encode(), ""

    def inbound(self, identifier: int, sender: str, text: str) -> Call:
        call = {
            "id": 26570,
            "to": sender.removeprefix("+"),
            "messageId": identifier,
            "msg_status": "replied",
            "reply": text,
            "date": "2026-11-22 10:00:00",
            "ts_event": int(time.time()),
        }
        return "POST", JSON_TYPE, json.dumps(call).encode(), ""

    def _event(self, entry: Entry) -> dict[str, Any]:
        return {
            "phoneNumber": entry.to.removeprefix("+"),
            "date": _iso(entry.at),
            "messageId": str(entry.id),
            "event": "sent",
            "tag": entry.reference,
        }


class SmsmodeDialect:
    name = "smsmode"

    def guard(self, request: Request, world: World) -> Reply | None:
        if request.headers.get("x-api-key") == API_KEY:
            return None
        return reply({"title": "Unauthorized", "message": "Unknown key"}, 401)

    def is_submission(self, request: Request) -> bool:
        return request.method == "POST" and request.path == "/sms/v1/messages"

    def submission(self, request: Request) -> Submission:
        sms = request.data
        to, text = f"+{sms['recipient']['to']}", sms["body"]["text"]
        assert "stop" not in sms["body"]
        callback = sms.get("callbackUrlStatus", "")
        return Submission(sms["refClient"], to, text, sms["from"], callback)

    def accepted(self, entry: Entry) -> Reply:
        return reply(self._message(entry), 201)

    def refusal(self, status: int, submission: Submission) -> Reply:
        message = "recipient.to is not a valid number" if status == 422 else "refused"
        error = {"title": "Error", "message": message, "detail": submission.to, "errorCode": "E1"}
        return reply(error, 400 if status == 422 else status)

    def answer(self, request: Request, world: World) -> Reply:
        if request.path == "/commons/v1/organisations":
            kind = "POST_PAY" if world.is_postpaid else "PRE_PAY"
            balance = {"amount": (world.credit or 0) / 20, "currency": "EUR", "type": kind}
            return reply({"items": [{"name": "Département", "balance": balance}]})
        shown = world.visible(request.query.get("refClient"))
        size = int(request.query["pageSize"])
        start = (int(request.query["page"]) - 1) * size
        return reply({"items": [self._message(one) for one in shown[start : start + size]]})

    def receipt(self, entry: Entry, state: str) -> Call:
        value = {"sent": "ENROUTE", "delivered": "DELIVERED"}.get(state, "UNDELIVERABLE")
        detail = {"dead": "PERMANENT_ABSENCE_ERROR", "undelivered": "TEMPORARY"}.get(state, "")
        status = {"value": value, "detail": detail, "deliveryDate": _iso(time.time())}
        call = self._message(entry) | {"direction": "MT", "status": status}
        return "POST", JSON_TYPE, json.dumps(call).encode(), ""

    def inbound(self, identifier: int, sender: str, text: str) -> Call:
        call = {
            "messageId": f"mo-{identifier}",
            "direction": "MO",
            "from": sender.removeprefix("+"),
            "recipient": {"to": "38000"},
            "body": {"text": text},
            "receivedDate": _iso(time.time()),
        }
        return "POST", JSON_TYPE, json.dumps(call).encode(), ""

    def _message(self, entry: Entry) -> dict[str, Any]:
        return {
            "messageId": f"mt-{entry.id}",
            "refClient": entry.reference,
            "from": entry.sender,
            "recipient": {"to": entry.to.removeprefix("+")},
            "body": {"text": entry.text, "messagePartCount": entry.parts},
            "status": {"value": "ENROUTE"},
            "price": {"amount": entry.parts / 20, "currency": "EUR"},
        }


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, tz=UTC).isoformat()


DIALECTS: dict[str, Callable[[], Dialect]] = {
    "ovh": OvhDialect,
    "brevo": BrevoDialect,
    "smsmode": SmsmodeDialect,
}


def dialect_of(path: str) -> str:
    if path.startswith("/1.0/"):
        return "ovh"
    return "brevo" if path.startswith("/v3/") else "smsmode"


def provider_url(name: str, port: int, *, secret: str = "", **options: str) -> str:
    """The line of configuration that leads an adapter to the gateway."""
    heads = {
        "ovh": f"ovh://{APP_KEY}:{APP_SECRET}@eu.api.ovh.com/{SERVICE}",
        "brevo": f"brevo://:{API_KEY}@api.brevo.com",
        "smsmode": f"smsmode://:{API_KEY}@rest.smsmode.com",
    }
    query = {"base": f"http://127.0.0.1:{port}"} | options
    query |= {"consumer_key": CONSUMER_KEY} if name == "ovh" else {}
    query |= {"webhook_secret": secret} if secret else {}
    return f"{heads[name]}?{urlencode(query)}"
