"""One HTTP exchange with a provider, and the verdict on it: taken, surely not, or nobody knows."""

from __future__ import annotations

import json
import logging
import re
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, NoReturn

import httpx

from notifications.errors import NotTaken, Refused, SendError, Uncertain
from notifications.sms.base import (
    AccountProblem,
    BadNumber,
    CannotTell,
    Inbound,
    TryLater,
    WebhookKeys,
)

TIMEOUT = httpx.Timeout(connect=3, read=10, write=10, pool=3)
# A kept connection that the provider closes while we write leaves a message uncertain for nothing.
LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=50, keepalive_expiry=4)
# Each read has its time-out; a provider that drips must not hold a worker for ever either.
LONGEST_ANSWER, LARGEST_ANSWER = 15.0, 1 << 20

# Raised before the first byte of the request is written.
UNWRITTEN = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
# It writes a line for each request: an attempt's own record says more.
logging.getLogger("httpx").setLevel(logging.WARNING)

BUSY, ACCOUNT, MESSAGE = {429, 503}, {401, 402, 403, 404}, {400, 422}
LONGEST_WAIT = 3600.0
CODE = re.compile(r"[A-Za-z0-9_.:\-]{1,60}")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `data` is None when it is no JSON."""

    status: int
    headers: Mapping[str, str]
    data: Any

    @property
    def fields(self) -> dict[str, Any]:
        return self.data if isinstance(self.data, dict) else {}


@cache
def _certificates() -> ssl.SSLContext:
    """Whom to trust: read once a process, which takes longer than a message."""
    return httpx.create_ssl_context()


class HttpProvider:
    """What the adapters share: connections, no secrets in sight, one way to judge an answer."""

    name = ""
    can_look_up = True

    def __init__(self, *, base: str, webhook: WebhookKeys, callback: str = "") -> None:
        self.base = base.rstrip("/")
        self.webhook = webhook
        self._callback = callback
        # A proxy of the environment is for the outside world, never for this machine.
        is_local = self.base.startswith("http://")
        self._client = httpx.Client(
            verify=_certificates(), timeout=TIMEOUT, limits=LIMITS, trust_env=not is_local
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.base}>"

    def close(self) -> None:
        with suppress(httpx.HTTPError, OSError):
            self._client.close()

    def inbound(
        self, body: bytes, headers: Mapping[str, str], query: Mapping[str, str]
    ) -> list[Inbound]:
        raise NotImplementedError

    def named(
        self, body: bytes, headers: Mapping[str, str], query: Mapping[str, str]
    ) -> list[Inbound]:
        return self.inbound(body, headers, query)

    def read(self, event_id: str) -> Inbound:
        raise CannotTell(f"{self.name}: a call says all there is to know of a reply")

    def _submit(self, path: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Write one message to the provider; what it says of a message it took."""
        content = json.dumps(payload).encode()
        try:
            answer = self._exchange("POST", self._url(path), content=content)
        except UNWRITTEN as error:
            raise NotTaken(f"{self.name}: {type(error).__name__}") from None
        except httpx.HTTPError as error:
            raise Uncertain(f"{self.name}: {type(error).__name__}") from None
        if answer.status // 100 != 2:
            raise self._verdict(answer)
        if not answer.fields:
            raise self._unreadable(answer)
        return answer.fields

    def _ask(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """A question that changes nothing; the JSON of a good answer. Raises CannotTell."""
        try:
            answer = self._exchange("GET", self._url(path, query))
        except httpx.HTTPError as error:
            raise CannotTell(f"{self.name}: {type(error).__name__}") from None
        if answer.status // 100 != 2 or answer.data is None:
            raise CannotTell(self._said(answer))
        return answer.data

    def _url(self, path: str, query: Mapping[str, str] | None = None) -> str:
        # Written out here: a signature covers the very address that is asked for.
        return f"{self.base}{path}" + (f"?{httpx.QueryParams(query)}" if query else "")

    def _exchange(self, method: str, url: str, *, content: bytes = b"") -> Answer:
        headers = {"Accept": "application/json", **self._headers(method, url, content)}
        if content:
            headers["Content-Type"] = "application/json"
        started = time.monotonic()
        with self._client.stream(method, url, content=content, headers=headers) as response:
            body = b""
            for chunk in response.iter_bytes():
                body += chunk
                late = time.monotonic() - started > LONGEST_ANSWER
                if late or len(body) > LARGEST_ANSWER:
                    raise httpx.ReadTimeout("too long an answer")
        return Answer(response.status_code, response.headers, _json(body))

    def _headers(self, method: str, url: str, content: bytes) -> dict[str, str]:
        raise NotImplementedError

    def _verdict(self, answer: Answer) -> SendError:
        """Why it was not taken, from the status and the provider's own code."""
        said = self._said(answer)
        if answer.status in BUSY:
            return TryLater(said, retry_after=self._retry_after(answer.headers))
        if answer.status in ACCOUNT or self._is_about_account(answer):
            return AccountProblem(said)
        if answer.status in MESSAGE:
            return BadNumber(said) if self._is_about_number(answer) else Refused(said)
        # 5xx after the request, 408, 409, a redirect: undocumented, so nobody knows.
        return Uncertain(said)

    def _is_about_account(self, answer: Answer) -> bool:
        return False

    def _is_about_number(self, answer: Answer) -> bool:
        return False

    def _code(self, answer: Answer) -> str:
        """The provider's error code: a word of its documentation, never a text with a number."""
        code = str(answer.fields.get("errorCode") or answer.fields.get("code") or "")
        return code if CODE.fullmatch(code) else ""

    def _said(self, answer: Answer) -> str:
        return f"{self.name}: HTTP {answer.status} {self._code(answer)}".rstrip()

    def _unreadable(self, answer: Answer | None = None) -> Uncertain:
        status = f" (HTTP {answer.status})" if answer else ""
        return Uncertain(f"{self.name}: an answer nobody can read{status}")

    def _cannot_read(self) -> NoReturn:
        raise CannotTell(f"{self.name}: an answer nobody can read")

    def _retry_after(self, headers: Mapping[str, str]) -> float | None:
        return seconds_until(headers.get("retry-after", ""))


def seconds_until(retry_after: str) -> float | None:
    """RFC 9110 §10.2.3: a number of seconds, or a date. Never negative, never more than an hour."""
    wait: float
    if retry_after.strip().isdecimal():
        wait = float(retry_after)
    else:
        try:
            wait = parsedate_to_datetime(retry_after).timestamp() - time.time()
        except (TypeError, ValueError):
            return None
    return min(max(wait, 0.0), LONGEST_WAIT)


def instant(value: object) -> datetime | None:
    """An instant as providers write it: ISO with a zone, or seconds since 1970. Else unknown."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, tz=UTC)
        at = datetime.fromisoformat(str(value))
    except (ValueError, OverflowError, OSError):
        return None
    return at.astimezone(UTC) if at.tzinfo else None


def json_of(body: bytes) -> dict[str, Any]:
    """The JSON object in a call of theirs; empty when there is none."""
    data = _json(body)
    return data if isinstance(data, dict) else {}


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):  # bytes that are no text are the former too
        return None
