"""What a demo shows to anyone: every message, since it sends none, and the codes to log in by."""

from __future__ import annotations

from typing import Any

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from csp.constants import UNSAFE_INLINE
from csp.decorators import csp_update
from django.conf import settings
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from booking.demo.staff import PASSWORD, TOTP_SECRET
from centres.models import Membership
from frontend.access import access
from notifications.queries import letter_of, recent_messages

SHOWN = 30
PERIOD = 30
LONGEST_SEARCH = 100


@access("public")
@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    _only_in_a_demo()
    search = request.GET.get("q", "").strip()[:LONGEST_SEARCH]
    opened = request.GET.get("lire", "")
    page = _number(request.GET.get("page", "")) or 1
    found = recent_messages(
        SHOWN + 1,  # one more tells whether there is a next page
        skip=(page - 1) * SHOWN,
        search=search,
        now=timezone.now(),
        opened=_number(opened),
    )
    context: dict[str, Any] = {
        "messages_shown": found[:SHOWN],
        "search": search,
        "opened": opened,
        "page": page,
        "newer": page - 1,
        "older": page + 1 if len(found) > SHOWN else None,
    }
    return render(request, "pages/demo/inbox.html", context)


def _number(typed: str) -> int | None:
    return int(typed) if typed.isdecimal() and len(typed) < 10 else None


@access("public")
@require_safe
@csp_update({"style-src": [UNSAFE_INLINE]})  # type: ignore[arg-type]  # it takes addresses too
def letter(request: HttpRequest, pk: int) -> HttpResponse:
    """One e-mail as a mail programme shows it: styles on its elements, no script, nothing else."""
    _only_in_a_demo()
    html = letter_of(pk)
    if not html:
        raise Http404
    return HttpResponse(html)


@access("public")
@require_safe
@never_cache
def codes(request: HttpRequest) -> HttpResponse:
    """The accounts of the demo, and the code of their shared second factor at this moment."""
    _only_in_a_demo()
    now = int(timezone.now().timestamp())
    accounts = Membership.objects.exclude(role=Membership.Role.PRACTITIONER)
    context = {
        "password": PASSWORD,
        "now_code": _code_at(now),
        "next_code": _code_at(now + PERIOD),
        "seconds": PERIOD - now % PERIOD,
        "accounts": accounts.select_related("user", "centre").order_by(
            F("centre__name").asc(nulls_first=True), "role", "user__email"
        ),
    }
    return render(request, "pages/demo/codes.html", context)


def _code_at(second: int) -> str:
    return str(format_hotp_value(hotp_value(TOTP_SECRET, second // PERIOD)))


def _only_in_a_demo() -> None:
    if not settings.DEMO:
        raise Http404
