"""How django-allauth behaves here: nobody signs up, it says and sends nothing by itself."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.stages import LoginStage, LoginStageController
from allauth.account.utils import perform_login
from allauth.mfa.models import Authenticator
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme

from centres.models import User
from frontend import second_factor


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]  # it ships no types
    """Accounts are made in the administration, and every word people read is on our pages."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def add_message(self, *args: Any, **options: Any) -> None:
        return None

    def send_mail(self, *args: Any, **options: Any) -> None:
        return None

    def get_login_stages(self) -> list[str]:
        return ["frontend.signin.SecondFactorStage"]


class SecondFactorStage(LoginStage):  # type: ignore[misc]  # the same
    """Between the password and the session: the code page, for who has a second factor."""

    key = "second_factor"
    urlname = "second-factor-code"

    def handle(self) -> tuple[HttpResponseBase | None, bool]:
        user = self.login.user
        is_shown = second_factor.was_shown(self.request, user)
        waits = isinstance(user, User) and not is_shown and second_factor.has_one(user)
        return redirect(self.urlname) if waits else None, True


def pending(request: HttpRequest) -> LoginStage | None:
    """The log-in that waits for its code in this session."""
    stage: LoginStage | None = LoginStageController.enter(request, SecondFactorStage.key)
    return stage


def begin(request: HttpRequest, user: User, *, then: str) -> HttpResponseBase:
    """Go on from a right password: to the code, or in, for who has no second factor to show yet."""
    if request.user.is_authenticated:
        logout(request)
    request.session.cycle_key()
    answer: HttpResponseBase = perform_login(request, user, redirect_url=then)
    return answer


def half_way_in(request: HttpRequest) -> User | None:
    """Who has shown a password in this session and is yet to show a second factor."""
    stage = pending(request)
    user = stage.login.user if stage else request.user
    return user if isinstance(user, User) and not second_factor.is_passed(request) else None


def finish(
    request: HttpRequest, user: User, authenticator: Authenticator, *, then: str
) -> HttpResponseBase:
    """In, after the second factor of who knew the password."""
    second_factor.pass_with(request, authenticator, user)
    second_factor.renew_encryption(user)
    if stage := pending(request):
        answer: HttpResponseBase = stage.exit()
        return answer
    request.session.cycle_key()
    return redirect(then)


def begin_with_key(
    request: HttpRequest, user: User, key: Authenticator, *, then: str
) -> HttpResponseBase:
    """In by a passkey alone: it was unlocked by its owner, which is both factors at once."""
    if request.user.is_authenticated:
        logout(request)
    request.session.cycle_key()
    second_factor.pass_with(request, key, user)
    answer: HttpResponseBase = perform_login(request, user, redirect_url=then)
    return answer


def begin_vouched(request: HttpRequest, user: User, *, then: str) -> HttpResponseBase:
    """In by a directory that has asked for a second factor itself."""
    if request.user.is_authenticated:
        logout(request)
    request.session.cycle_key()
    second_factor.pass_elsewhere(request, user)
    answer: HttpResponseBase = perform_login(request, user, redirect_url=then)
    return answer


def next_page(request: HttpRequest) -> str:
    """Where the person wanted to go, if it is a page of ours; else nothing."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if ours else ""


def home_of(user: User) -> str:
    """The desk; the administration for who has none."""
    has_desk = user.memberships.filter(suspended_at=None).exists() or not user.is_staff
    return resolve_url("today" if has_desk else "admin:index")
