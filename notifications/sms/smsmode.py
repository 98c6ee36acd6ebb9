"""smsmode, REST API v1 (https://dev.smsmode.com/sms/v1/ and /commons/v1/).

The vendor's pages could not be read here. Followed instead: clients that cite its OpenAPI file
(Symfony's Smsmode notifier; Apereo CAS; Airbyte's source-smsmode: windows, paging, roles, 429
without a figure; two services in production: fields of messages, errors and call-backs); smsmode's
help page on delivery statuses; a connector's notes (« after a time-out check refClient before
sending again »). What rests on one source alone is said so below.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from notifications.sms.base import Accepted, Inbound, Outgoing, Receipt, State, Unit, WebhookKeys
from notifications.sms.http import Answer, HttpProvider, instant, json_of
from notifications.sms.numbers import without_numbers

STATES: dict[str, State] = {
    "SCHEDULED": "pending",
    "ENROUTE": "pending",
    "DELIVERED": "delivered",
    "READ": "delivered",  # not in the documented list, seen by a client
    "UNDELIVERABLE": "undeliverable",
    "UNDELIVERED": "undeliverable",
}
# Their help page: permanent errors of absence and of the telephone are numbers « to be removed ».
# How `status.detail` spells them could not be verified: when in doubt a number is not dead.
DEAD = ("PERMANENT", "PERMANENTE")
DEAD_OF = ("ABSEN", "PHONE", "TELEPHONE", "TÉLÉPHONE", "HANDSET")

PAGE, MOST_PAGES = 100, 10


class Smsmode(HttpProvider):
    """Euros; prepaid or paid afterwards."""

    name = "smsmode"
    unit: Unit = "euros"

    def __init__(self, *, base: str, key: str, webhook: WebhookKeys, callback: str = "") -> None:
        super().__init__(base=base, webhook=webhook, callback=callback)
        self._key = key

    def send(self, outgoing: Outgoing) -> Accepted:
        payload: dict[str, Any] = {
            "recipient": {"to": outgoing.to.removeprefix("+")},
            "body": {"text": outgoing.text},  # no `stop`: ours is a service message
            "from": outgoing.sender,
            "refClient": outgoing.reference,
        }
        if self._callback:
            payload |= {"callbackUrlStatus": self._callback, "callbackUrlMo": self._callback}
        message = self._submit("/sms/v1/messages", payload)
        return _accepted(message) or self._give_up()

    def look_up(self, outgoing: Outgoing, *, since: datetime) -> Accepted | None:
        """Their list covers ten days by default, and names each message's refClient.

        Each one is checked, and pages are read until one is empty: no filter and no page size need
        be trusted. A client saw new messages missing from the reports: ask a minute later.
        """
        for page in range(1, MOST_PAGES + 1):
            query = {"refClient": outgoing.reference, "page": str(page), "pageSize": str(PAGE)}
            messages = self._items(self._ask("/sms/v1/messages", query))
            for message in messages:
                if message.get("refClient") == outgoing.reference:
                    return _accepted(message) or self._cannot_read()
            if not messages:
                return None
        return self._cannot_read()

    def credit(self) -> Decimal | None:
        """The balance of the key's organisation; with several, of the first."""
        found = self._ask("/commons/v1/organisations")
        for organisation in self._items(found):
            balance = organisation.get("balance")
            if not isinstance(balance, dict):
                continue
            kind = str(balance.get("type") or organisation.get("paymentType") or "")
            if kind.upper().startswith("POST"):
                return None
            left = _decimal(balance.get("amount"))
            if left is not None:
                return left
        return self._cannot_read()

    def receipts(
        self, body: bytes, headers: Mapping[str, str], query: Mapping[str, str]
    ) -> list[Receipt]:
        call = json_of(body)
        status = call.get("status")
        told: dict[str, Any] = status if isinstance(status, dict) else {"value": status}
        value, detail = str(told.get("value") or "").upper(), str(told.get("detail") or "")
        if call.get("direction") == "MO" or not call.get("messageId") or value not in STATES:
            return []
        provider_id = str(call["messageId"])
        return [
            Receipt(
                provider_id=provider_id,
                reference=str(call.get("refClient") or ""),
                state=STATES[value],
                reason=without_numbers(f"{value} {detail}".strip()),
                is_number_dead=STATES[value] == "undeliverable" and _is_dead(detail.upper()),
                at=instant(told.get("deliveryDate")),
                event_id=f"{provider_id}:{value}:{detail}"[:200],
            )
        ]

    def inbound(
        self, body: bytes, headers: Mapping[str, str], query: Mapping[str, str]
    ) -> list[Inbound]:
        """A reply is a message of direction MO, on the same address (one source)."""
        call = json_of(body)
        sent = call.get("body")
        text = sent.get("text") if isinstance(sent, dict) else call.get("text")
        if call.get("direction") != "MO" or not call.get("messageId") or not call.get("from"):
            return []
        sender = str(call["from"])
        return [
            Inbound(
                event_id=str(call["messageId"]),
                sender=f"+{sender.removeprefix('+')}",
                text=str(text or ""),
                at=instant(call.get("receivedDate") or call.get("sentDate")),
            )
        ]

    def _items(self, found: Any) -> list[dict[str, Any]]:
        items = found.get("items") if isinstance(found, dict) else found
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            self._cannot_read()
        return items

    def _give_up(self) -> Accepted:
        raise self._unreadable()

    def _headers(self, method: str, url: str, content: bytes) -> dict[str, str]:
        return {"X-Api-Key": self._key}

    def _is_about_number(self, answer: Answer) -> bool:
        said = f"{answer.fields.get('message', '')} {answer.fields.get('detail', '')}".lower()
        return any(word in said for word in ("recipient", "phone number", "destination"))


def _accepted(message: Mapping[str, Any]) -> Accepted | None:
    body, price = message.get("body"), message.get("price")
    parts = body.get("messagePartCount") if isinstance(body, dict) else None
    if not message.get("messageId"):
        return None
    return Accepted(
        provider_id=str(message["messageId"]),
        segments=parts if isinstance(parts, int) else None,
        cost=_decimal(price.get("amount")) if isinstance(price, dict) else None,
    )


def _is_dead(detail: str) -> bool:
    return any(word in detail for word in DEAD) and any(word in detail for word in DEAD_OF)


def _decimal(value: object) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None
