"""Telling a second press from another family's: each page of times carries a key of its own.

When the answer to a press is lost on the way, its cookie is too. The same page, in the same
browser, is then all that says whose hold it is.
"""

from __future__ import annotations

import secrets

from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from booking.actors import FAMILY, Actor, family_on

FIELD = "page"


def new_key() -> str:
    """What the forms of a page send along; no script and no cookie of its own."""
    return secrets.token_urlsafe(12)


def who_pressed(request: HttpRequest) -> Actor:
    """The family of this page and browser. A form without a key is nobody's in particular."""
    key = request.POST.get(FIELD, "")
    if not key:
        return FAMILY
    browser = request.COOKIES.get(settings.CSRF_COOKIE_NAME, "")
    return family_on(salted_hmac("frontend.press", f"{browser}:{key[:40]}").hexdigest()[:32])
