"""What every request passes first: whose word on addresses is believed, its size, one log line."""

import ipaddress
import logging
import re
import time
import uuid
from collections.abc import Callable, Sequence

import structlog
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponseBase

from config.env import Network

Handler = Callable[[HttpRequest], HttpResponseBase]

logger = logging.getLogger("emgav.request")
REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
FORWARDED = (
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_REQUEST_ID",
)


def is_within(address: str, networks: Sequence[Network]) -> bool:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(ip in network for network in networks)


def client_address(peer: str, forwarded_for: str, proxies: Sequence[Network]) -> str:
    """The nearest address that is no trusted proxy: anyone could have written those before it."""
    for address in reversed([peer, *(part.strip() for part in forwarded_for.split(","))][1:]):
        if not is_within(address, proxies):
            return address or peer
    return peer


class ForwardedHeaders:
    """Puts the client's address in REMOTE_ADDR; drops X-Forwarded-* from untrusted peers."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        peer = request.META.get("REMOTE_ADDR", "")
        if is_within(peer, settings.TRUSTED_PROXIES):
            forwarded_for = request.META.get("HTTP_X_FORWARDED_FOR", "")
            request.META["REMOTE_ADDR"] = client_address(
                peer, forwarded_for, settings.TRUSTED_PROXIES
            )
        else:
            for header in FORWARDED:
                request.META.pop(header, None)
        return self.get_response(request)


class BodyLimit:
    """Refuses a body larger than any form here, whoever sends it, without keeping any of it.

    It is read to its end first, within reason: a browser that is answered while it still sends
    shows a broken connection, not the page that says why.
    """

    MOST_READ, AT_ONCE = 20_000_000, 65_536

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        length = str(request.META.get("CONTENT_LENGTH") or "0")
        if length.isdecimal() and int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            for _ in range(min(int(length), self.MOST_READ) // self.AT_ONCE + 1):
                request.read(self.AT_ONCE)
            raise RequestDataTooBig(f"a body of {length} bytes")
        return self.get_response(request)


class RequestLog:
    """One line per request. It names the route, never the path: paths carry families' tokens."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        started = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self.get_response(request)
            match = request.resolver_match
            logger.info(
                "request",
                extra={
                    "method": request.method,
                    "route": match.route if match else None,
                    "status": response.status_code,
                    "ms": round((time.perf_counter() - started) * 1000, 1),
                },
            )
        response["X-Request-ID"] = request_id
        return response
