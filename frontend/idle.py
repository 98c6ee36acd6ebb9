"""Staff who leave their desk are logged out after a while, and lose nothing of what they typed.

A form that is sent too late is kept in the session, for the same person only, until the log-in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.urls import reverse
from django.utils import timezone

from centres import actions
from centres.models import User
from frontend import oidc, second_factor

SEEN, USED, KEPT = "seen_at", "used_on", "typed_too_late"
# How exactly the last sign of life is known: a page must not cost a write each time.
EXACT_SECONDS = 60
# A press restarts the page's own clock: both must say nearly the same.
PRESSED_SECONDS = 20
# A page that shows itself anew is no sign that anybody is there: an unattended board would stay
# open for ever. What is pressed by the same script is one.
REDRAWS = ("X-Board", "X-Calendar")
# A glance at a form that is still being typed.
GLANCE = "X-Likely"
NEVER_KEPT = ("csrfmiddlewaretoken", "password")


class IdleTimeout:
    """Before each page of staff: out who was away too long, else a note that they are here."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], *_rest: Any
    ) -> HttpResponseBase | None:
        if not _is_for_staff(request, view) or not isinstance(request.user, User):
            return None
        now = timezone.now()  # noqa: TID251  a middleware stands at the edge
        second = int(now.timestamp())
        away = second - request.session.get(SEEN, second)
        if away > settings.IDLE_MINUTES * 60:
            return _out(request, request.user)
        is_redraw = request.method in ("GET", "HEAD") and _is_by_script(request)
        exact = PRESSED_SECONDS if request.method == "POST" else EXACT_SECONDS
        if SEEN not in request.session or (away >= exact and not is_redraw):
            request.session[SEEN] = second
        if is_redraw:
            return None
        today = timezone.localdate(now)  # noqa: TID251  the same
        if request.session.get(USED) != today.isoformat() and second_factor.is_passed(request):
            midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
            actions.note_use(user=request.user, now=now, midnight=midnight)
            request.session[USED] = today.isoformat()
        if request.method == "POST" and request.session.get(KEPT, {}).get("path") == request.path:
            del request.session[KEPT]
        return None


def _is_for_staff(request: HttpRequest, view: Callable[..., Any]) -> bool:
    match = request.resolver_match
    in_admin = match is not None and "admin" in match.app_names
    return in_admin or getattr(view, "access", "") in ("staff", "account")


def _is_by_script(request: HttpRequest) -> bool:
    return any(name in request.headers for name in REDRAWS)


def _out(request: HttpRequest, user: User) -> HttpResponseBase:
    """To the log-in. A press of a script is not kept: it was for what the page showed then, and its
    answer is no page. After a glance the form itself is still to be sent, and is kept then."""
    is_post = request.method == "POST"
    if is_post and GLANCE in request.headers:
        return HttpResponse(status=403)
    kept = _typed(request.POST) if is_post and not _is_by_script(request) else []
    who, path = user.pk, request.get_full_path()
    logout(request)
    oidc.note_left(request)
    if request.method in ("GET", "HEAD"):
        return redirect_to_login(path)
    if not kept:
        return redirect_to_login("")
    request.session[KEPT] = {"user": who, "path": path, "fields": kept}
    return redirect_to_login(reverse("resume"))


def _typed(post: QueryDict) -> list[tuple[str, str]]:
    return [
        (name, str(value))
        for name, values in post.lists()
        if not any(secret in name for secret in NEVER_KEPT)
        for value in values
    ]


def kept_for(request: HttpRequest) -> dict[str, Any] | None:
    """The form this person sent too late; somebody else's is forgotten."""
    kept: dict[str, Any] | None = request.session.get(KEPT)
    if kept and kept["user"] != request.user.pk:
        forget(request)
        return None
    return kept


def forget(request: HttpRequest) -> None:
    request.session.pop(KEPT, None)
