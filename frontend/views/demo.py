"""The demo's inbox: every message as its reader gets it, since a demo sends none."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from frontend.access import access
from notifications.queries import recent_messages

SHOWN = 30


@access("public")
@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    if not settings.DEMO:
        raise Http404
    return render(request, "pages/demo/inbox.html", {"messages_shown": recent_messages(SHOWN)})
