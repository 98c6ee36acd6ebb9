"""The log-in of staff: Django's own, with limits on how often a password may be tried."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from frontend.access import access
from frontend.limits import LOGINS_WINDOW, may_log_in, too_many


@access("public")
def login(request: HttpRequest) -> HttpResponseBase:
    if request.method == "POST":
        account = request.POST.get("username", "")
        if not may_log_in(request, account, now=timezone.now()):
            return too_many(request, LOGINS_WINDOW, template="pages/too_many_logins.html")
    return admin.site.login(request)
