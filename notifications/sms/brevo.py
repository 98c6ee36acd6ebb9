"""Brevo transactional SMS, API v3 (https://developers.brevo.com).

Followed: « Transactional SMS endpoints » and the changelog of 2025-05-01 (transactionalSMS/send
replaces transactionalSMS/sms, deprecated, and answers with a messageId alone); « Get all your SMS
activity » (statistics/events); « Get account details »; « Transactional webhooks », part SMS;
« Secure webhook calls » (a token or a password, no signature); « Rate limits » (150 sends a second,
100 other calls an hour) and « Rate limit headers »; « Retry mechanism » (a call answered by a 4xx
or 5xx is not repeated). How soon an SMS is listed among the events could not be verified.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from notifications.segments import is_gsm7
from notifications.sms.base import Accepted, Inbound, Outgoing, Receipt, State, Unit, WebhookKeys
from notifications.sms.http import Answer, HttpProvider, instant, json_of
from notifications.sms.numbers import without_numbers

ACCOUNT_CODES = {
    "not_enough_credits",
    "account_under_validation",
    "permission_denied",
    "unauthorized",
}
# `msg_status` and event names, without case and underscores; the documentation has both spellings.
STATES: dict[str, State] = {
    "delivered": "delivered",
    "softbounce": "undeliverable",
    "hardbounce": "undeliverable",
    "rejected": "undeliverable",
    "blocked": "undeliverable",
    "blacklisted": "undeliverable",
    "error": "undeliverable",
    "skip": "undeliverable",
    "sent": "pending",
    "accepted": "pending",
    "request": "pending",
}
REPLIES, REFUSALS = {"replied", "reply"}, {"unsubscribed", "unsubscribe"}

PAGE, MOST_PAGES = 100, 20
SLACK = timedelta(minutes=10)  # their clock and ours
DAY = 86400


class Brevo(HttpProvider):
    """Prepaid credits; the price of an SMS in credits is theirs and not told at sending."""

    name = "brevo"
    unit: Unit = "sms"

    def __init__(self, *, base: str, key: str, webhook: WebhookKeys, callback: str = "") -> None:
        super().__init__(base=base, webhook=webhook, callback=callback)
        self._key = key

    def send(self, outgoing: Outgoing) -> Accepted:
        payload = {
            "type": "transactional",  # « marketing » waits for marketing hours
            "sender": outgoing.sender,
            "recipient": outgoing.to.removeprefix("+"),
            "content": outgoing.text,
            "tag": outgoing.reference,
            # Off by default, and then what is not GSM-7 is replaced by the nearest letter.
            "unicodeEnabled": not is_gsm7(outgoing.text),
        }
        if self._callback:
            payload["webUrl"] = self._callback
        fields = self._submit("/transactionalSMS/send", payload)
        if not _is_id(fields.get("messageId")):
            raise self._unreadable()
        # The last two only come from the deprecated endpoint: read if they ever come back.
        parts, cost = fields.get("smsCount"), fields.get("usedCredits")
        return Accepted(
            provider_id=str(fields["messageId"]),
            segments=parts if isinstance(parts, int) else None,
            cost=Decimal(str(cost)) if isinstance(cost, int | float) else None,
        )

    def look_up(self, outgoing: Outgoing, *, since: datetime) -> Accepted | None:
        """Found by the tag filter, it is there. Absence is proved without any filter.

        How a filter is to be written is told in two ways, and one misread would make everything
        look absent: so all events since then are read, newest first.
        """
        days = str(int((time.time() - since.timestamp()) // DAY) + 2)
        tagged = self._events({"days": days, "tags": f'["{outgoing.reference}"]'})
        if accepted := _found(tagged, outgoing.reference):
            return accepted
        for page in range(MOST_PAGES):
            events = self._events({"days": days}, page=page)
            if accepted := _found(events, outgoing.reference):
                return accepted
            if _reaches(events, since - SLACK):
                return None
        return self._cannot_read()

    def credit(self) -> Decimal | None:
        account = self._ask("/account")
        plans = account.get("plan") if isinstance(account, dict) else None
        for plan in plans if isinstance(plans, list) else []:
            if isinstance(plan, dict) and plan.get("type") == "sms":
                return Decimal(str(plan.get("credits", 0)))
        return self._cannot_read()

    def receipts(
        self, body: bytes, headers: Mapping[str, str], query: Mapping[str, str]
    ) -> list[Receipt]:
        call = json_of(body)
        status = _plain(call.get("msg_status") or call.get("event"))
        # `id` is the webhook's own and the same in every call.
        if status not in STATES or not _is_id(call.get("messageId")):
            return []
        provider_id = str(call["messageId"])
        return [
            Receipt(
                provider_id=provider_id,
                reference=_reference(call.get("tag")),
                state=STATES[status],
                reason=without_numbers(f"{status} {call.get('description') or ''}".strip()),
                is_number_dead=status == "hardbounce",
                at=instant(call.get("ts_event")),
                event_id=f"{provider_id}:{status}",
            )
        ]

    def inbound(
        self, body: bytes, headers: Mapping[str, str], query: Mapping[str, str]
    ) -> list[Inbound]:
        """A reply; « unsubscribed » is one too, of a person who wrote STOP."""
        call = json_of(body)
        status = _plain(call.get("msg_status") or call.get("event"))
        if status not in REPLIES | REFUSALS or not call.get("to"):
            return []
        text = "STOP" if status in REFUSALS else str(call.get("reply") or "")
        # `date` is when it happened, in a zone of theirs; `ts_event` may be when they called.
        parts = (str(call.get("messageId", "")), status, str(call.get("date", "")), text)
        digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
        sender = f"+{str(call['to']).removeprefix('+')}"
        return [Inbound(digest, sender, text, instant(call.get("ts_event")))]

    def _events(self, query: Mapping[str, str], *, page: int = 0) -> list[dict[str, Any]]:
        paging = {"limit": str(PAGE), "offset": str(page * PAGE), "sort": "desc"}
        found = self._ask("/transactionalSMS/statistics/events", {**query, **paging})
        events = found.get("events", []) if isinstance(found, dict) else None
        if events is None:
            return []  # « list of objects or null »
        if not isinstance(events, list) or not all(isinstance(one, dict) for one in events):
            self._cannot_read()
        return events

    def _headers(self, method: str, url: str, content: bytes) -> dict[str, str]:
        return {"api-key": self._key}

    def _is_about_account(self, answer: Answer) -> bool:
        return self._code(answer) in ACCOUNT_CODES

    def _is_about_number(self, answer: Answer) -> bool:
        message = str(answer.fields.get("message", "")).lower()
        return any(word in message for word in ("phone", "recipient", "mobile number"))

    def _retry_after(self, headers: Mapping[str, str]) -> float | None:
        reset = headers.get("x-sib-ratelimit-reset", "")
        return super()._retry_after({"retry-after": reset} if reset.isdecimal() else headers)


def _is_id(value: object) -> bool:
    return isinstance(value, int | str) and bool(value)


def _plain(status: object) -> str:
    return str(status or "").lower().replace("_", "").replace(" ", "")


def _reference(tag: object) -> str:
    """Our tag: sent as one text, told back as one text, a list, or a list in a text."""
    if isinstance(tag, list):
        return str(tag[0]) if tag else ""
    return str(tag or "").strip('[]"')


def _found(events: list[dict[str, Any]], reference: str) -> Accepted | None:
    for event in events:
        if _reference(event.get("tag")) == reference:
            return Accepted(str(event.get("messageId", "")), None, None)
    return None


def _reaches(events: list[dict[str, Any]], begins: datetime) -> bool:
    """Whether a page, newest first, is the last or goes back beyond an instant."""
    if len(events) < PAGE:
        return True
    oldest = instant(events[-1].get("date"))
    return oldest is not None and oldest < begins
