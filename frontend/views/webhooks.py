"""Where providers tell us what became of messages, and what people wrote back.

A call is authenticated and stored, no more: nothing is looked up, nobody is asked, so that a burst
of calls costs one statement each (`notifications.receipts` applies them later).
"""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from booking import throttle
from frontend.access import access
from frontend.limits import client_of
from notifications import callers, email_events, receipts
from notifications.sms.webhooks import authenticated

MOST_BYTES = 65_536
# Calls refused to one address in ten minutes; a provider's own are never counted.
MOST_REFUSED, WINDOW = 300, 600
# What a parser lets through when a field is not what its documentation says.
WRONG_TYPES = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


@csrf_exempt
@access("provider")
@require_http_methods(["GET", "POST"])
def sms(request: HttpRequest, route: str, secret: str) -> HttpResponse:
    """A receipt or a reply. OVHcloud calls back by GET, with all of it in the query."""
    if _is_too_long(request):
        return HttpResponse(status=413)
    provider = callers.sms_provider(route)
    caller = provider or callers.nobody()
    if not authenticated(caller, secret, request.headers, request.body) or provider is None:
        return _refuse(request)
    if not _is_readable(request.body):
        return HttpResponse(status=400)
    try:
        call = (request.body, request.headers, request.GET)
        told, replies = provider.receipts(*call), provider.named(*call)
    except WRONG_TYPES:
        return HttpResponse(status=400)
    receipts.store(route, receipts=told, replies=replies)
    return HttpResponse()


@csrf_exempt
@access("provider")
@require_POST
def email(request: HttpRequest, route: str, secret: str) -> HttpResponse:
    """Bounces and complaints."""
    if _is_too_long(request):
        return HttpResponse(status=413)
    known = callers.email_caller(route)
    caller = known or callers.nobody()
    if not authenticated(caller, secret, request.headers, request.body) or known is None:
        return _refuse(request)
    try:
        told = email_events.read(known.vendor, request.body)
    except email_events.Unreadable:
        return HttpResponse(status=400)
    receipts.store(route, receipts=told)
    return HttpResponse()


def _is_too_long(request: HttpRequest) -> bool:
    return len(request.body) > MOST_BYTES


def _is_readable(body: bytes) -> bool:
    """Text; and if it begins as JSON, JSON."""
    try:
        text = body.decode().strip()
        if text.startswith(("{", "[")):
            json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _refuse(request: HttpRequest) -> HttpResponse:
    """As an address that does not exist, whatever was wrong."""
    tries = throttle.tries(
        key=f"webhook:{client_of(request)}", seconds=WINDOW, now=timezone.now(), kept=20
    )
    if tries > MOST_REFUSED:
        return HttpResponse(status=429, headers={"Retry-After": str(WINDOW)})
    return HttpResponse(status=404)
