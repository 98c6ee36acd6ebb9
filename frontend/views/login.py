"""The log-in of staff: Django's own, with limits on how often a password may be tried.

Everyone of the Département comes in here; the administration then opens to its own people only.
"""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth import logout
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from frontend.access import access
from frontend.limits import LOGINS_WINDOW, may_log_in, too_many

# The administration's own form turns away who works at a desk.
admin.site.login_form = AuthenticationForm


@access("public")
def login(request: HttpRequest) -> HttpResponseBase:
    if request.method == "POST":
        account = request.POST.get("username", "")
        if not may_log_in(request, account, now=timezone.now()):
            return too_many(request, LOGINS_WINDOW, template="pages/too_many_logins.html")
    return admin.site.login(request)


@access("public")
@require_POST
def leave(request: HttpRequest) -> HttpResponseBase:
    logout(request)
    return redirect("desk-choice")
