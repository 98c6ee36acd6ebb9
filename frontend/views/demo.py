"""The demo's inbox: every message as its reader gets it, since a demo sends none."""

from __future__ import annotations

from typing import Any

from csp.constants import UNSAFE_INLINE
from csp.decorators import csp_update
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from frontend.access import access
from notifications.queries import letter_of, recent_messages

SHOWN = 30
LONGEST_SEARCH = 100


@access("public")
@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    _only_in_a_demo()
    search = request.GET.get("q", "").strip()[:LONGEST_SEARCH]
    opened = request.GET.get("lire", "")
    shown = recent_messages(
        SHOWN,
        search=search,
        now=timezone.now(),
        opened=int(opened) if opened.isdecimal() and len(opened) < 19 else None,
    )
    context: dict[str, Any] = {"messages_shown": shown, "search": search, "opened": opened}
    return render(request, "pages/demo/inbox.html", context)


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


def _only_in_a_demo() -> None:
    if not settings.DEMO:
        raise Http404
