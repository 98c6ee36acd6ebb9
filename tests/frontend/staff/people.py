"""Who works at the desks of these tests, logged in."""

from __future__ import annotations

import time

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page

from centres.models import Centre, Membership, User
from frontend import idle, second_factor
from tests.factories import make_department
from tests.following import follow

PASSWORD = "a password that is long enough"
SECRET = "ORSXG5BNONSWG4TFOQWW64ZNORSXG5DT"


def make_user(email: str, role: str = "", centre: Centre | None = None) -> User:
    """A member of staff with this role, in this centre or in the whole Département."""
    user = User.objects.create_user(email, PASSWORD)
    if role:
        Membership.objects.create(user=user, department=make_department(), centre=centre, role=role)
    return user


def log_in(client: Client, user: User) -> None:
    """Log in as if by password and second factor, and as somebody who was here a moment ago."""
    client.force_login(user)
    session = client.session
    session["account_authentication_methods"] = [{"method": second_factor.METHOD, "at": 0}]
    session["account_authentication_methods_user"] = str(user.pk)
    session[idle.SEEN] = int(timezone.now().timestamp())
    session[idle.USED] = timezone.localdate().isoformat()
    session.save()


def protect(user: User, secret: str = SECRET) -> User:
    """Give them an authenticator with this secret, and recovery codes."""
    TOTP.activate(user, secret)
    RecoveryCodes.activate(user)
    return user


def code_of(secret: str = SECRET, *, later: int = 0) -> str:
    """What an authenticator with this secret shows now, or some half-minutes later."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + later))


def come_in(context: BrowserContext, user: User, site: str) -> None:
    """A browser has the session of somebody logged in, without the pages that lead there."""
    client, name = Client(), settings.SESSION_COOKIE_NAME
    log_in(client, user)
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": site}])


def sign_in(page: Page, email: str) -> None:
    """In a browser that is on the log-in page: the password, then the code. The account gets an
    authenticator of its own if it has none; one whose code was used just now, another."""
    user = User.objects.get(email=email)
    user.authenticator_set.all().delete()
    protect(user)
    page.fill("[name=username]", email)
    page.fill("[name=password]", PASSWORD)
    follow(page, "main [type=submit]")
    page.fill("[name=code]", code_of())
    follow(page, "main [type=submit]")
    page.wait_for_selector("form[action='/equipe/quitter/']")


def at_desk(
    centre: Centre, *, email: str = "claire@example.org", role: str = "reception"
) -> Client:
    client = Client()
    log_in(client, make_user(email, role, centre))
    return client


def in_department(role: str = "administrator") -> Client:
    client = Client()
    log_in(client, make_user(f"{role}@example.org", role))
    return client
