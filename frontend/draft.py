"""What a family typed and has not sent to its end: its own browser keeps it, so no detour loses it.

A signed cookie out of reach of scripts, good for half an hour, gone with the browser, sent to the
pages of a held time only, and forgotten once the appointment is confirmed (ADR 0008).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponseBase, QueryDict

from frontend import typed

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]

NAME, PATH, SALT = "draft", "/retenu/", "frontend.draft"
KEPT_FOR_SECONDS = 1800
# Browsers drop a longer cookie; what nobody types as a name or an address is not worth two.
LONGEST = 3500


def keep(response: HttpResponseBase, post: QueryDict) -> None:
    """Let the browser remember what it sent, if it is anything."""
    fields = typed.from_post(post)
    value = signing.dumps(fields, salt=SALT, compress=True)
    if fields and len(value) <= LONGEST:
        response.set_cookie(
            NAME, value, path=PATH, httponly=True, samesite="Lax", secure=settings.IS_HTTPS
        )


def kept(request: HttpRequest) -> dict[str, str]:
    """What this browser sent last, by the name of its field; empty when too old or forged."""
    value = request.COOKIES.get(NAME, "")
    try:
        return dict(signing.loads(value, salt=SALT, max_age=KEPT_FOR_SECONDS)) if value else {}
    except signing.BadSignature:
        return {}


def forget(response: HttpResponseBase) -> None:
    response.delete_cookie(NAME, path=PATH, samesite="Lax")


def keeping(view: View[P]) -> View[P]:
    """Keep what is posted to the view, whatever it answers; unless it says to forget."""

    @wraps(view)
    def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        if request.method == "POST" and NAME not in response.cookies:
            keep(response, request.POST)
        return response

    return answer
