"""A session that goes on, and what was sent after one had ended, to be sent again."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from centres.models import User
from frontend import idle, second_factor, signin
from frontend.access import access

LONGEST_SHOWN = 300


@access("account")
@require_POST
def go_on(request: HttpRequest) -> HttpResponseBase:
    """Coming here is all it takes; the page stays where it is."""
    return HttpResponse(status=204)


@access("account")
@require_http_methods(["GET", "HEAD", "POST"])
def resume(request: HttpRequest) -> HttpResponseBase:
    """The form as it was typed, one press from being sent; or given up."""
    assert isinstance(request.user, User)  # noqa: S101  the rule has seen to it
    if not second_factor.is_passed(request):
        return redirect("second-factor")
    kept = idle.kept_for(request)
    if request.method == "POST" or not kept:
        idle.forget(request)
        return redirect(signin.home_of(request.user))
    shown = [value[:LONGEST_SHOWN] for _, value in kept["fields"] if len(value.strip()) > 1]
    context = {"path": kept["path"], "fields": kept["fields"], "shown": shown}
    return render(request, "pages/signin/resume.html", context)
