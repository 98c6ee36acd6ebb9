"""E-mail through a provider's HTTP API, by django-anymail: Brevo, Mailjet, Scaleway TEM.

They refuse a text/calendar alternative, so the calendar file is attached only. No tracking of
opening or clicks (Brevo and Scaleway: switched off in their account), and of ours they are told
the reference alone, because recipients may see it. Followed: Brevo « Send a transactional email »,
« Batch email idempotency » (a key used again within 15 to 30 minutes gets `duplicate_parameter`),
« Get the list of transactional emails »; Mailjet « Send API v3.1 » and the `message` resource
(`CustomID`); Scaleway « Send an email » and its standard errors.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

import requests
import urllib3
from anymail.exceptions import AnymailError
from django.core.mail import get_connection

from notifications.channels.mail import compose, reference_of
from notifications.channels.pool import Pool
from notifications.email_urls import EmailUrl
from notifications.errors import BadAddress, NotTaken, Refused, SendError, Uncertain
from notifications.models import OutboxMessage
from notifications.rendering import Rendered
from notifications.sms.base import Accepted, AccountProblem, CannotTell, TryLater
from notifications.sms.http import CODE, seconds_until

TIMEOUT = (3, 10)  # to connect, to answer
BUSY, ACCOUNT, MESSAGE = {429, 503}, {401, 402, 403, 404, 412}, {400, 413, 422}
ACCOUNT_CODES = {"not_enough_credits", "permission_denied", "account_under_validation"}
USED_KEY = "duplicate_parameter"
# Raised before the first byte of the request is written.
UNWRITTEN = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    ssl.SSLCertVerificationError,
)
# How their texts tell of a bad recipient, and of a sender that no message may have.
ADDRESS = re.compile(r"email is not valid|invalid email|valid email address", re.IGNORECASE)
SENDER = re.compile(r'\bsender\b|"from\b', re.IGNORECASE)
PAGE, MOST_PAGES = 1000, 5


class ApiCarrier:
    """What the three share."""

    channel = "email"
    can_look_up = False
    repeats_for = 0
    name = ""

    def __init__(self, url: EmailUrl) -> None:
        self._url = url
        self._pool: Pool[Any] = Pool(self._connect, lambda backend: backend.close())

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._url.base}>"

    def open(self) -> None:
        """Every message is a request of its own."""

    def send(self, message: OutboxMessage, rendered: Rendered, *, reference: str) -> Accepted:
        mail: Any = compose(message, rendered)
        mail.metadata = {"reference": reference}
        for file in rendered.attachments:
            mail.attach(file["name"], file["body"], file["type"].partition(";")[0])
        self._dress(mail, reference)
        with self._pool.one() as backend:
            try:
                backend.send_messages([mail])
            except AnymailError as error:
                raise self._verdict(error) from None
        return self._accepted(mail)

    def look_up(
        self, message: OutboxMessage, rendered_text: str, *, since: datetime
    ) -> Accepted | None:
        raise CannotTell(f"{self.name}: nothing to ask it by")

    def close(self) -> None:
        self._pool.close()

    def _connect(self) -> Any:
        backend: Any = self._backend()
        backend.timeout = TIMEOUT
        backend.open()
        # A proxy of the environment is for the outside world, never for this machine.
        backend.session.trust_env = self._url.base.startswith("https://")
        return backend

    def _backend(self) -> Any:
        raise NotImplementedError

    def _dress(self, mail: Any, reference: str) -> None:
        """What this provider alone understands."""

    def _accepted(self, mail: Any) -> Accepted:
        """An answer in which nobody was told of as taken says nothing sure."""
        status = mail.anymail_status
        if not status.message_id or status.status != {self._taken}:
            raise self._doubtful(status.esp_response)
        return Accepted(str(status.message_id), None, None)

    _taken = "queued"

    def _doubtful(self, response: requests.Response) -> SendError:
        return Uncertain(f"{self.name}: an answer nobody can read (HTTP {response.status_code})")

    def _verdict(self, error: AnymailError) -> SendError:
        response = error.response
        if response is not None:
            return self._judge(response)
        if isinstance(error, requests.RequestException):
            # Anymail's error is the requests' one too, and keeps it as its cause.
            kind = NotTaken if _is_unwritten(error.__cause__) else Uncertain
            return kind(f"{self.name}: {type(error.__cause__).__name__}")
        # An address or a feature refused here, before anything is written.
        return BadAddress(f"{self.name}: {type(error).__name__}")

    def _judge(self, response: requests.Response) -> SendError:
        """Why it was not taken, from the status and the provider's own code."""
        status, code = response.status_code, self._code(response)
        said = f"{self.name}: HTTP {status} {code}".rstrip()
        if status in BUSY:
            return TryLater(said, retry_after=self._retry_after(response))
        if status in ACCOUNT or code in ACCOUNT_CODES:
            return AccountProblem(said)
        if status in MESSAGE:
            return self._refusal(response.text)(said)
        # 5xx after the request, 408, a redirect, a good status with no sense: nobody knows.
        return Uncertain(said)

    def _refusal(self, text: str) -> type[SendError]:
        if SENDER.search(text):
            return AccountProblem
        return BadAddress if ADDRESS.search(text) else Refused

    def _code(self, response: requests.Response) -> str:
        """A word of the provider's documentation, never a text that may hold an address."""
        for code in _codes(_json(response)):
            if CODE.fullmatch(code):
                return code
        return ""

    def _retry_after(self, response: requests.Response) -> float | None:
        return seconds_until(response.headers.get("Retry-After", ""))

    def _ask(self, path: str, query: dict[str, str], **how: Any) -> dict[str, Any]:
        """A question that changes nothing. Raises CannotTell."""
        try:
            with self._pool.one() as backend:
                response = backend.session.get(
                    f"{self._url.base}{path}", params=query, timeout=TIMEOUT, **how
                )
        except requests.RequestException as error:
            raise CannotTell(f"{self.name}: {type(error).__name__}") from None
        data = _json(response)
        if response.status_code != 200 or not isinstance(data, dict):
            raise CannotTell(f"{self.name}: HTTP {response.status_code}")
        return data


class BrevoCarrier(ApiCarrier):
    """A key used again is refused, so what was taken is never sent twice within its life."""

    name = "brevo-email"
    can_look_up = True
    repeats_for = 600  # 15 or 30 minutes by two pages of theirs

    def _backend(self) -> Any:
        return get_connection(
            "anymail.backends.brevo.EmailBackend",
            api_key=self._url.password,
            api_url=f"{self._url.base}/v3/",
        )

    def _dress(self, mail: Any, reference: str) -> None:
        mail.extra_headers["idempotencyKey"] = str(UUID(hex=reference))
        mail.tags = [reference]

    def _judge(self, response: requests.Response) -> SendError:
        if self._code(response) == USED_KEY:
            # Taken before, or refused before with the key spent: asking tells.
            return Uncertain(f"{self.name}: seen before ({USED_KEY})")
        return super()._judge(response)

    def _retry_after(self, response: requests.Response) -> float | None:
        reset = response.headers.get("x-sib-ratelimit-reset", "")
        return seconds_until(reset) if reset.isdecimal() else super()._retry_after(response)

    def look_up(
        self, message: OutboxMessage, rendered_text: str, *, since: datetime
    ) -> Accepted | None:
        """Newest first, to this address: more than a page of them is more than anyone gets."""
        reference = reference_of(message)
        query = {"email": message.recipient, "sort": "desc", "limit": "100"}
        headers = {"api-key": self._url.password}
        found = self._ask("/v3/smtp/emails", query, headers=headers).get("transactionalEmails", [])
        for mail in found if isinstance(found, list) else []:
            if reference in (mail.get("tags") or []):
                return Accepted(str(mail.get("messageId", "")), None, None)
        return None


class MailjetCarrier(ApiCarrier):
    """It knows our reference as CustomID."""

    name = "mailjet"
    can_look_up = True
    _taken = "sent"

    def _backend(self) -> Any:
        return get_connection(
            "anymail.backends.mailjet.EmailBackend",
            api_key=self._url.user,
            secret_key=self._url.password,
            api_url=f"{self._url.base}/v3.1/",
        )

    def _dress(self, mail: Any, reference: str) -> None:
        mail.track_opens = mail.track_clicks = False
        mail.esp_extra = {"Globals": {"CustomID": reference}}

    def _doubtful(self, response: requests.Response) -> SendError:
        """Anymail takes a 4xx that speaks of one message for a good answer about it."""
        return super()._doubtful(response) if response.ok else self._judge(response)

    def look_up(
        self, message: OutboxMessage, rendered_text: str, *, since: datetime
    ) -> Accepted | None:
        """Found by the filter, it is there. Absence is proved without it, page by page."""
        reference = reference_of(message)
        begins = str(int(since.timestamp()) - 60)  # their clock and ours
        for query in ({"CustomID": reference}, *_pages()):
            found = self._messages({"FromTS": begins, "ShowCustomID": "true", **query})
            for mail in found:
                if mail.get("CustomID") == reference:
                    return Accepted(str(mail.get("ID", "")), None, None)
            if "Offset" in query and len(found) < PAGE:
                return None
        raise CannotTell(f"{self.name}: too many messages since")

    def _messages(self, query: dict[str, str]) -> list[dict[str, Any]]:
        auth = (self._url.user, self._url.password)
        found = self._ask("/v3/REST/message", query, auth=auth).get("Data")
        if not isinstance(found, list):
            raise CannotTell(f"{self.name}: an answer nobody can read")
        return found


class ScalewayCarrier(ApiCarrier):
    """It can be asked by recipient and hour only, which proves nothing of one message."""

    name = "scaleway"

    def _backend(self) -> Any:
        region = quote(self._url.region, safe="")
        return get_connection(
            "anymail.backends.scaleway.EmailBackend",
            secret_key=self._url.password,
            project_id=self._url.user,
            api_url=f"{self._url.base}/transactional-email/v1alpha1/regions/{region}/",
        )


def _pages() -> Iterator[dict[str, str]]:
    for page in range(MOST_PAGES):
        yield {"Limit": str(PAGE), "Offset": str(page * PAGE), "Sort": "ID"}


def _json(response: requests.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None


def _codes(data: Any) -> Iterator[str]:
    """Brevo's `code`, Scaleway's `type`, Mailjet's `ErrorCode`, alone or of one message."""
    if not isinstance(data, dict):
        return
    for name in ("code", "type", "ErrorCode"):
        if isinstance(data.get(name), str):
            yield data[name]
    for inner in ("Messages", "Errors"):
        for each in data.get(inner) or []:
            yield from _codes(each)


def _is_unwritten(error: BaseException | None) -> bool:
    """A refused connection or a time-out while connecting, however deep requests wraps it."""
    seen: list[Any] = [error]
    for each in seen:
        if isinstance(each, UNWRITTEN):
            return True
        wrapped = [getattr(each, "reason", None), *getattr(each, "args", ())]
        seen += [one for one in wrapped if isinstance(one, BaseException) and one not in seen]
    return False


API_CARRIERS: dict[str, type[ApiCarrier]] = {
    "brevo": BrevoCarrier,
    "mailjet": MailjetCarrier,
    "scaleway": ScalewayCarrier,
}
