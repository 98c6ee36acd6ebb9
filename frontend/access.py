"""Who may open a page: each view says it by `@access(rule)`, and a test walks every address.

public: anyone. hold: who has the held time's token. link: who has a signed link, an appointment's
or of a password to choose. contact: who proved an e-mail address or a number lately (cookie).
staff: people of the Département, logged in by password and second factor (which centres are
theirs, frontend.staff says). account: the same, their second factor perhaps still to be set up.
feed: a calendar programme that has a practitioner's secret address.
watch: who has the signed address of a day's version, which tells that something changed and nothing
else. provider: whoever carries our messages, and has the secret of its webhook. metrics: who shows
the token METRICS_TOKEN.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, Literal, ParamSpec

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import resolve_url
from django.utils.cache import patch_cache_control
from django.utils.crypto import constant_time_compare

from booking.access import BadLink
from booking.errors import Refusal
from frontend import refusals, second_factor

Rule = Literal[
    "public",
    "hold",
    "link",
    "contact",
    "staff",
    "account",
    "feed",
    "watch",
    "provider",
    "metrics",
]
P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def _log_in_first(request: HttpRequest) -> HttpResponseBase | None:
    """Who is not logged in comes back to this page afterwards; a form is never sent by itself."""
    if request.user.is_authenticated:
        return None
    return redirect_to_login(_this_page(request))


def _come_in(request: HttpRequest) -> HttpResponseBase | None:
    """The same, and whoever has shown a password only is led to the second factor."""
    if not request.user.is_authenticated or second_factor.is_passed(request):
        return _log_in_first(request)
    return redirect_to_login(_this_page(request), login_url=resolve_url("second-factor"))


def _this_page(request: HttpRequest) -> str:
    return request.get_full_path() if request.method in ("GET", "HEAD") else ""


def _show_token(request: HttpRequest) -> HttpResponseBase | None:
    shown = request.headers.get("Authorization", "")
    if settings.METRICS_TOKEN and constant_time_compare(shown, f"Bearer {settings.METRICS_TOKEN}"):
        return None
    raise Http404


# What a rule asks before the view is reached; the others are the views' own to ask.
DOORS: dict[str, Callable[[HttpRequest], HttpResponseBase | None]] = {
    "staff": _come_in,
    "account": _log_in_first,
    "metrics": _show_token,
}


def access(rule: Rule) -> Callable[[View[P]], View[P]]:
    """Mark a view with its rule, keep personal pages out of every cache, and answer what the view
    lets through: an unknown link by 404, a refusal by its page and status."""

    def mark(view: View[P]) -> View[P]:
        @wraps(view)
        def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            door = DOORS.get(rule)
            turned_away = door(request) if door else None
            try:
                response = turned_away or view(request, *args, **kwargs)
            except BadLink as error:
                raise Http404 from error
            except Refusal as refusal:
                response = refusals.page(request, refusal)
            if rule != "public" or request.method == "POST":
                # What asks again with the tag of what it has must be let keep it, and nobody else.
                kept = {"no_cache": True} if rule == "feed" else {"no_store": True}
                patch_cache_control(response, private=True, **kept)
                response["X-Robots-Tag"] = "noindex"
            return response

        answer.access = rule  # type: ignore[attr-defined]
        return answer

    return mark
