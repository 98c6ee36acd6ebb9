"""A server on this machine that speaks as Brevo, Mailjet and Scaleway take e-mail, and misbehaves
when told. Written apart from the carriers, from the providers' documentation."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.notifications.sms.wire import Listener, Reply, Request, reply

KEY, SECRET, PROJECT = "key-of-the-tests", "secret-of-the-tests", "0a1b2c3d-project"
LINES = {
    "brevo": f"brevo://:{KEY}@api.brevo.com?base=http://127.0.0.1:{{port}}",
    "mailjet": f"mailjet://{KEY}:{SECRET}@api.mailjet.com?base=http://127.0.0.1:{{port}}",
    "scaleway": f"scaleway://{PROJECT}:{SECRET}@api.scaleway.com?base=http://127.0.0.1:{{port}}",
}
REFUSALS = {"400", "bad-address", "bad-sender", "401", "402", "403", "429", "503"}
GARBAGE = Reply(200, b"<html>\xff it works</html>", {"Content-Type": "text/html"})
BEFORE = {
    "5xx-before": Reply(500, b"oops"),
    "hang-before": Reply(fate="hang"),
    "reset-before": Reply(fate="reset"),
    "garbage-before": GARBAGE,
}
AFTER = {
    "5xx-after-accept": Reply(502, b"bad gateway"),
    "accept-then-hang": Reply(fate="hang"),
    "accept-then-reset": Reply(fate="reset"),
    "garbage": GARBAGE,
}
# Mailjet refuses messages that set these themselves.
MAILJET_OWN = {
    "from",
    "sender",
    "subject",
    "to",
    "cc",
    "bcc",
    "return-path",
    "message-id",
    "received",
}
MAILJET_ERRORS = {
    "400": ("mj-0003", "A mandatory property is missing.", "HTMLPart"),
    "bad-address": ("mj-0013", '"x@y" is an invalid email address.', "To[0].Email"),
    "bad-sender": ("mj-0013", '"x@y" is an invalid email address.', "From.Email"),
}


@dataclass(slots=True)
class Mail:
    """One acceptance; the same reference twice is a person who got the message twice."""

    provider: str
    number: int
    reference: str
    to: str
    subject: str
    text: str
    html: str
    headers: dict[str, str]
    files: list[tuple[str, str, bytes]]
    told: dict[str, Any]


@dataclass(slots=True)
class MailGateway:
    mode: str = "ok"
    retry_after: str = ""
    mails: list[Mail] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    # Status of the answers to questions, and whether they list anything.
    trouble: int = 0
    is_indexed: bool = True
    filters: str = "understood"
    malformed: list[str] = field(default_factory=list)
    port: int = 0

    def answer(self, request: Request) -> Reply:
        try:
            if request.path == "/v3/smtp/email":
                return self._brevo(request)
            if request.path == "/v3.1/send":
                return self._mailjet(request)
            if request.path == "/transactional-email/v1alpha1/regions/fr-par/emails":
                return self._scaleway(request)
            return self._question(request)
        except (AssertionError, KeyError, ValueError, TypeError) as error:
            # Not what the documentation says: the carrier's fault, and a test must see it.
            self.malformed.append(f"{type(error).__name__} {error}")
            return reply({"message": "malformed"}, 418)

    def _take(self, mail: Mail, accepted: dict[str, Any], status: int) -> Reply:
        self.mails.append(mail)
        return AFTER.get(self.mode) or reply(accepted, status)

    def _refused(self, bodies: dict[str, tuple[int, dict[str, Any]]]) -> Reply | None:
        if self.mode in BEFORE:
            return BEFORE[self.mode]
        if self.mode not in REFUSALS:
            return None
        status, body = bodies[self.mode]
        answer = reply(body, status)
        if self.retry_after:
            answer.headers["Retry-After"] = self.retry_after
        return answer

    # POST /v3/smtp/email: 201 with a messageId; errors are {code, message}.

    def _brevo(self, request: Request) -> Reply:
        if request.headers.get("api-key") != KEY:
            return reply({"code": "unauthorized", "message": "Key not found"}, 401)
        refused = self._refused(
            {
                "400": (400, {"code": "missing_parameter", "message": "htmlContent is missing"}),
                "bad-address": (
                    400,
                    {"code": "invalid_parameter", "message": "email is not valid in to"},
                ),
                "bad-sender": (
                    400,
                    {"code": "invalid_parameter", "message": "sender x is not valid"},
                ),
                "401": (401, {"code": "unauthorized", "message": "Key not found"}),
                "402": (402, {"code": "not_enough_credits", "message": "Not enough credits"}),
                "403": (403, {"code": "permission_denied", "message": "Account suspended"}),
                "429": (429, {"code": "too_many_requests", "message": "Slow down"}),
                "503": (503, {}),
            }
        )
        if refused:
            return refused
        data = request.data
        (to,) = data["to"]
        assert data["sender"]["email"]
        assert "htmlContent" in data
        key = data["headers"]["idempotencyKey"]
        if key in self.keys:
            return reply({"code": "duplicate_parameter", "message": "Key used"}, 400)
        self.keys.add(key)
        number = len(self.mails) + 1
        mail = Mail(
            "brevo",
            number,
            json.loads(data["headers"]["X-Mailin-custom"])["reference"],
            to["email"],
            data["subject"],
            data["textContent"],
            data["htmlContent"],
            data["headers"],
            [(a["name"], "", base64.b64decode(a["content"])) for a in data.get("attachment", [])],
            data,
        )
        return self._take(mail, {"messageId": f"<{number}@smtp-relay.mailin.fr>"}, 201)

    # POST /v3.1/send: 200 with a status per message; 4xx with errors per message, or one error.

    def _mailjet(self, request: Request) -> Reply:
        expected = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
        denied = {"ErrorIdentifier": "i", "StatusCode": 401, "ErrorMessage": "API key failure"}
        if request.headers.get("authorization") != f"Basic {expected}":
            return reply(denied, 401)
        refused = self._refused(
            {
                **{
                    name: (400, {"Messages": [_mailjet_error(*error)]})
                    for name, error in MAILJET_ERRORS.items()
                },
                "401": (401, denied),
                "402": (402, denied | {"StatusCode": 402}),
                "403": (403, denied | {"StatusCode": 403, "ErrorCode": "mj-0002"}),
                "429": (429, {"StatusCode": 429, "ErrorMessage": "Too many requests"}),
                "503": (503, {"StatusCode": 503, "ErrorMessage": "Down"}),
            }
        )
        if refused:
            return refused
        data = request.data
        (message,) = data["Messages"]
        told = data["Globals"] | message
        (to,) = told["To"]
        assert told["From"]["Email"]
        assert not MAILJET_OWN & {name.lower() for name in told["Headers"]}
        number = len(self.mails) + 1
        mail = Mail(
            "mailjet",
            number,
            told["CustomID"],
            to["Email"],
            told["Subject"],
            told["TextPart"],
            told["HTMLPart"],
            told["Headers"],
            [
                (a["Filename"], a["ContentType"], base64.b64decode(a["Base64Content"]))
                for a in told.get("Attachments", [])
            ],
            told,
        )
        taken = {"Email": mail.to, "MessageUUID": "u", "MessageID": number, "MessageHref": "h"}
        done = {"Status": "success", "CustomID": mail.reference, "To": [taken], "Cc": [], "Bcc": []}
        return self._take(mail, {"Messages": [done]}, 200)

    # POST …/emails: 200 with the e-mails made; errors have a type.

    def _scaleway(self, request: Request) -> Reply:
        denied = {"type": "denied_authentication", "method": "api_key", "reason": "not_found"}
        if request.headers.get("x-auth-token") != SECRET:
            return reply(denied, 401)
        refused = self._refused(
            {
                "400": (400, _scaleway_error("subject", "too short")),
                "bad-address": (400, _scaleway_error("to", "Invalid email address")),
                "bad-sender": (400, _scaleway_error("from", "Invalid email address")),
                "401": (401, denied),
                "402": (403, {"type": "quotas_exceeded", "details": []}),
                "403": (403, {"type": "permissions_denied", "details": []}),
                "429": (429, {"type": "too_many_requests", "message": "Slow down"}),
                "503": (503, {"type": "transient_state"}),
            }
        )
        if refused:
            return refused
        data = request.data
        (to,) = data["to"]
        assert data["project_id"] == PROJECT
        assert data["from"]["email"]
        headers = {each["key"]: each["value"] for each in data["additional_headers"]}
        number = len(self.mails) + 1
        mail = Mail(
            "scaleway",
            number,
            json.loads(headers["X-Metadata"])["reference"],
            to["email"],
            data["subject"],
            data["text"],
            data["html"],
            headers,
            [
                (a["name"], a["type"], base64.b64decode(a["content"]))
                for a in data.get("attachments", [])
            ],
            data,
        )
        made = {"id": f"id-{number}", "mail_rcpt": mail.to, "status": "new"}
        return self._take(mail, {"emails": [made]}, 200)

    # What they tell when asked.

    def _question(self, request: Request) -> Reply:
        if self.trouble:
            return Reply(self.trouble, b"<html>", {"Content-Type": "text/html"})
        query = request.query
        known = self.mails if self.is_indexed else []
        if request.path == "/v3/smtp/emails":
            assert request.headers.get("api-key") == KEY
            found = [
                {"email": m.to, "tags": m.told["tags"], "messageId": f"<{m.number}@brevo>"}
                for m in reversed(known)
                if m.to == query["email"]
            ]
            return reply({"count": len(found), "transactionalEmails": found})
        assert request.path == "/v3/REST/message"
        assert int(query["FromTS"]) > 0
        assert query["ShowCustomID"] == "true"
        if "CustomID" in query and self.filters != "ignored":
            known = [m for m in known if m.reference == query["CustomID"]]
            known = [] if self.filters == "misread" else known
        first = int(query.get("Offset", 0))
        page = known[first : first + int(query.get("Limit", 10))]
        return reply({"Data": [{"ID": m.number, "CustomID": m.reference} for m in page]})


def _mailjet_error(code: str, text: str, about: str) -> dict[str, Any]:
    error = {"ErrorCode": code, "StatusCode": 400, "ErrorMessage": text, "ErrorRelatedTo": [about]}
    return {"Status": "error", "Errors": [error]}


def _scaleway_error(argument: str, text: str) -> dict[str, Any]:
    detail = {"argument_name": argument, "reason": "constraint", "help_message": text}
    return {"type": "invalid_arguments", "message": "invalid argument(s)", "details": [detail]}


@contextmanager
def mail_gateway_in_thread() -> Iterator[MailGateway]:
    gateway = MailGateway()
    listener = Listener(gateway.answer, 0)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="mail-gateway", daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(listener.up(), loop).result(10)
    gateway.port = listener.port
    try:
        yield gateway
    finally:
        asyncio.run_coroutine_threadsafe(listener.down(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
