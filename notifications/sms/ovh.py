"""OVHcloud SMS, REST API v1 (https://eu.api.ovh.com/console/?section=%2Fsms).

Followed: the API's own schema (eu.api.ovh.com/1.0/sms.json, as generated clients copy it); the
guides « API SMS Cookbook » (tag on a job, then GET outgoing?tag=), « Sending SMS with the OVHcloud
API in PHP » (job and its answer), « Everything you need to know about SMS users » (delivery
call-back: id, ptt, date, description, descriptionDlr; ptt and DLR codes), « senders » and the SMS
FAQ (short number: replies within 48 h, no link in the text); python-ovh's README (signature).

The consumer key needs: POST /sms/SERVICE/jobs; GET /sms/SERVICE, /sms/SERVICE/jobs, …/jobs/*,
…/outgoing, …/outgoing/* and …/incoming/*. The call-backs' address is set once on the account.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, quote

import httpx

from notifications.errors import NotTaken, Refused, SendError
from notifications.segments import is_gsm7
from notifications.sms.base import (
    Accepted,
    AccountProblem,
    BadNumber,
    CannotTell,
    Inbound,
    Outgoing,
    Receipt,
    State,
    TryLater,
    Unit,
    WebhookKeys,
)
from notifications.sms.http import Answer, HttpProvider, instant
from notifications.sms.numbers import without_numbers
from notifications.sms.senders import takes_replies

# ptt codes of the guide: 6 is « cannot determine », so no news. Others not listed here failed.
PENDING_PTT, DELIVERED_PTT, DEAD_PTT = {1, 2, 3, 6}, {4}, {23}
FAILED_PTT = {5, 8, *range(20, 30), 33, 39, 73, 74, 76, 202}
# DLR identifiers, for a ptt that the guide (« non-exhaustive ») does not list.
DLR_STATES: dict[str, State] = {"1": "delivered", "2": "undeliverable", "16": "undeliverable"}

LINK = re.compile(r"https?://|www\.", re.IGNORECASE)
# More than that under one reference, or waiting, and the filter was not understood.
MOST_LISTED = 50
# The tag decides, the date only shortens the list; among pending jobs the date must decide.
LIST_SLACK, JOB_SLACK = timedelta(hours=24), timedelta(minutes=10)


class Ovh(HttpProvider):
    """Prepaid credits; one credit is one part to a French number."""

    name = "ovh"
    unit: Unit = "sms"

    def __init__(
        self,
        *,
        base: str,
        service: str,
        application_key: str,
        application_secret: str,
        consumer_key: str,
        webhook: WebhookKeys,
    ) -> None:
        super().__init__(base=base, webhook=webhook)
        self._service = f"/sms/{quote(service, safe='')}"
        self._application_key = application_key
        self._application_secret = application_secret
        self._consumer_key = consumer_key
        self._ahead: int | None = None  # seconds of their clock before ours

    def send(self, outgoing: Outgoing) -> Accepted:
        job = self._job(outgoing)
        if self._ahead is None:
            self._set_clock()
        fields = self._submit(f"{self._service}/jobs", job)
        ids, invalid = fields.get("ids"), fields.get("invalidReceivers")
        if ids == [] and invalid:
            raise BadNumber(f"{self.name}: invalid receiver")
        if not isinstance(ids, list) or len(ids) != 1:
            raise self._unreadable()
        return Accepted(str(ids[0]), None, _decimal(fields.get("totalCreditsRemoved")))

    def look_up(self, outgoing: Outgoing, *, since: datetime) -> Accepted | None:
        # A job may leave the waiting list for the history between two questions: history last too.
        return (
            self._sent(outgoing, since)
            or self._waiting(outgoing, since)
            or self._sent(outgoing, since)
        )

    def credit(self) -> Decimal | None:
        account = self._ask(self._service)
        left = _decimal(account.get("creditsLeft")) if isinstance(account, dict) else None
        return self._cannot_read() if left is None else left

    def receipts(
        self, body: bytes, headers: Mapping[str, str], query: Mapping[str, str]
    ) -> list[Receipt]:
        fields = _fields(body, query)
        if not _is_number(fields.get("id", "")) or "ptt" not in fields:
            return []
        ptt, dlr = fields["ptt"], fields.get("description", "")
        return [
            Receipt(
                provider_id=fields["id"],
                reference=fields.get("tag", ""),  # not among the documented fields
                state=_state(ptt, dlr),
                reason=without_numbers(f"ptt {ptt} {fields.get('descriptionDlr', '')}"),
                is_number_dead=_is_number(ptt) and int(ptt) in DEAD_PTT,
                at=instant(fields.get("date")),
                event_id=f"{fields['id']}:{ptt}:{dlr}",
            )
        ]

    def inbound(
        self, body: bytes, headers: Mapping[str, str], query: Mapping[str, str]
    ) -> list[Inbound]:
        return [self.read(one.event_id) for one in self.named(body, headers, query)]

    def named(
        self, body: bytes, headers: Mapping[str, str], query: Mapping[str, str]
    ) -> list[Inbound]:
        """Only the `id` of a reply is known for certain to be in a call.

        Not documented; so it is read in the source of a service of the State (A+, betagouv).
        """
        fields = _fields(body, query)
        if not _is_number(fields.get("id", "")) or "ptt" in fields:
            return []
        return [Inbound(fields["id"], "", "", None)]

    def read(self, event_id: str) -> Inbound:
        reply = self._signed_ask(f"{self._service}/incoming/{quote(event_id, safe='')}")
        if not isinstance(reply, dict) or not reply.get("sender"):
            self._cannot_read()
        return Inbound(
            event_id=event_id,
            sender=str(reply["sender"]),
            text=str(reply.get("message", "")),
            at=instant(reply.get("creationDatetime")),
        )

    def _job(self, outgoing: Outgoing) -> dict[str, Any]:
        is_short = takes_replies(outgoing.sender)
        if is_short and LINK.search(outgoing.text):
            raise Refused(f"{self.name}: a short number may not send a link")
        job: dict[str, Any] = {
            "charset": "UTF-8",
            "class": "phoneDisplay",
            "coding": "7bit" if is_gsm7(outgoing.text) else "8bit",
            "message": outgoing.text,
            # Without it they add STOP and wait for marketing hours: ours is a service message.
            "noStopClause": True,
            "priority": "high",
            "receivers": [outgoing.to],
            # The short number is theirs and chosen by them; a name goes in `sender` instead.
            "senderForResponse": is_short,
            "tag": outgoing.reference,
        }
        if not is_short:
            job["sender"] = outgoing.sender
        if outgoing.valid_minutes is not None:
            job["validityPeriod"] = outgoing.valid_minutes
        return job

    def _sent(self, outgoing: Outgoing, since: datetime) -> Accepted | None:
        """In the history, under our tag. How soon it is listed there could not be verified."""
        begins = (since - LIST_SLACK).astimezone(UTC).isoformat(timespec="seconds")
        query = {"tag": outgoing.reference, "creationDatetime.from": begins}
        for sms in self._details("outgoing", query):
            if sms.get("tag") == outgoing.reference:
                return _accepted(sms)
        return None

    def _waiting(self, outgoing: Outgoing, since: datetime) -> Accepted | None:
        """Among the pending jobs, which show no tag: the same text to the same number, of then."""
        for job in self._details("jobs", None):
            if job.get("receiver") == outgoing.to and job.get("message") == outgoing.text:
                at = instant(job.get("creationDatetime")) or self._cannot_read()
                if at >= since - JOB_SLACK:
                    return _accepted(job)
        return None

    def _details(self, kind: str, query: Mapping[str, str] | None) -> Iterable[dict[str, Any]]:
        listed = self._signed_ask(f"{self._service}/{kind}", query)
        if not isinstance(listed, list) or len(listed) > MOST_LISTED:
            self._cannot_read()
        for identifier in listed:
            detail = self._signed_ask(f"{self._service}/{kind}/{identifier}")
            yield detail if isinstance(detail, dict) else self._cannot_read()

    def _signed_ask(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        try:
            if self._ahead is None:
                self._set_clock()
        except NotTaken as error:
            raise CannotTell(str(error)) from None
        return self._ask(path, query)

    def _set_clock(self) -> None:
        """Requests are signed with the time, and hosts' clocks are not to be relied on."""
        try:
            answer = self._exchange("GET", self._url("/auth/time"))
        except httpx.HTTPError as error:
            raise NotTaken(f"{self.name}: {type(error).__name__}") from None
        if answer.status != 200 or not isinstance(answer.data, int):
            raise TryLater(self._said(answer))
        self._ahead = answer.data - int(time.time())

    def _headers(self, method: str, url: str, content: bytes) -> dict[str, str]:
        if url.endswith("/auth/time"):
            return {}
        at = str(int(time.time()) + (self._ahead or 0))
        parts = (self._application_secret, self._consumer_key, method, url, content.decode(), at)
        digest = hashlib.sha1("+".join(parts).encode(), usedforsecurity=False).hexdigest()
        return {
            "X-Ovh-Application": self._application_key,
            "X-Ovh-Consumer": self._consumer_key,
            "X-Ovh-Timestamp": at,
            "X-Ovh-Signature": f"$1${digest}",
        }

    def _verdict(self, answer: Answer) -> SendError:
        if self._code(answer) == "QUERY_TIME_OUT":  # one of the two clocks has jumped
            self._ahead = None
            return TryLater(self._said(answer), retry_after=0.0)
        if answer.status == 460:  # « resource expired », in python-ovh
            return AccountProblem(self._said(answer))
        return super()._verdict(answer)

    def _is_about_number(self, answer: Answer) -> bool:
        return "receiver" in str(answer.fields.get("message", "")).lower()


def _fields(body: bytes, query: Mapping[str, str]) -> dict[str, str]:
    """Delivery reports come as a query, replies as a form: the fields of either."""
    asked = {name: query[name] for name in query}  # a QueryDict unpacks into lists
    return {**dict(parse_qsl(body.decode(errors="replace"))), **asked}


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 20


def _state(ptt: str, dlr: str) -> State:
    code = int(ptt) if _is_number(ptt) else -1
    if code in DELIVERED_PTT:
        return "delivered"
    if code in FAILED_PTT:
        return "undeliverable"
    return "pending" if code in PENDING_PTT else DLR_STATES.get(dlr, "pending")


def _accepted(sms: Mapping[str, Any]) -> Accepted:
    parts = sms.get("numberOfSms")
    return Accepted(
        provider_id=str(sms.get("id", "")),
        segments=parts if isinstance(parts, int) else None,
        cost=_decimal(sms.get("credits")),
    )


def _decimal(value: object) -> Decimal | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return Decimal(str(value)) if is_number else None
