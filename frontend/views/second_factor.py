"""Setting up the second factor at the first log-in, and the recovery codes that go with it."""

from __future__ import annotations

import segno
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from centres.models import User
from frontend import passkeys, second_factor, signin
from frontend.access import access
from frontend.forms_signin import FactorForm
from frontend.limits import LOGINS_WINDOW, may_try_code, too_many


@access("account")
@require_http_methods(["GET", "HEAD", "POST"])
def set_up(request: HttpRequest) -> HttpResponseBase:
    """Only for who has none: a password alone must not replace one."""
    user = _person(request)
    may_add = second_factor.is_passed(request) and not second_factor.has_app(user)
    if second_factor.has_one(user) and not may_add:
        there = "security" if second_factor.is_passed(request) else "second-factor-code"
        return redirect_to_login(signin.next_page(request), login_url=resolve_url(there))
    if request.method != "POST":
        return _set_up_page(request, user, FactorForm())
    if not may_try_code(request, user.pk, now=timezone.now()):
        return too_many(request, LOGINS_WINDOW, template="pages/signin/too_many.html")
    form = FactorForm(request.POST)
    if form.is_valid() and second_factor.set_up(request, user, form.cleaned_data["code"]):
        answer = redirect("recovery-codes")
        if wanted := signin.next_page(request):
            request.session["next"] = wanted
        return answer
    if form.is_valid():
        form.add_error("code", _("Ce code n’est pas bon. Attendez le suivant, et réessayez."))
    return _set_up_page(request, user, form)


def _set_up_page(request: HttpRequest, user: User, form: FactorForm) -> HttpResponse:
    secret = second_factor.new_secret(request)
    picture = segno.make(second_factor.address_for(user, secret), micro=False)
    context = {
        "form": form,
        "next": signin.next_page(request),
        # Made of our own numbers only: a path in a square.
        "picture": mark_safe(picture.svg_inline(omitsize=True, light="#fff", dark="#000")),  # noqa: S308
        "secret": " ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
    }
    return render(request, "pages/signin/set_up.html", context)


@access("account")
@require_http_methods(["GET", "HEAD", "POST"])
def codes(request: HttpRequest) -> HttpResponseBase:
    """The recovery codes, until the person says they are noted; never again after that."""
    shown = _fresh(request)
    if request.method == "POST":
        second_factor.codes_are_noted(request)
    if request.method == "POST" or not shown:
        return redirect(request.session.pop("next", "") or signin.home_of(_person(request)))
    return render(request, "pages/signin/codes.html", {"codes": [_spoken(each) for each in shown]})


@access("account")
@require_safe
def codes_file(request: HttpRequest) -> HttpResponseBase:
    """The same as a file to keep."""
    shown = _fresh(request)
    if not shown:
        return redirect("recovery-codes")
    lines = [_("Codes de secours Emgav de %(who)s") % {"who": _person(request).email}, ""]
    lines += [_spoken(each) for each in shown]
    answer = HttpResponse("\r\n".join(lines) + "\r\n", content_type="text/plain; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="emgav-codes.txt"'
    return answer


@access("account")
@require_http_methods(["GET", "HEAD", "POST"])
def security(request: HttpRequest) -> HttpResponseBase:
    """One's second factors: keys, the authenticator's code, how many recovery codes are left."""
    user = _person(request)
    if not second_factor.is_passed(request):
        return redirect("second-factor")
    if request.method == "POST":
        second_factor.renew_codes(request, user)
        return redirect("recovery-codes")
    context = {
        "left": second_factor.codes_left(user),
        "keys": passkeys.of(user),
        "app": second_factor.app_of(user),
    }
    return render(request, "pages/signin/security.html", context)


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101  the rule has seen to it
    return request.user


def _fresh(request: HttpRequest) -> list[str]:
    is_in = second_factor.is_passed(request)
    return second_factor.fresh_codes(request, _person(request)) if is_in else []


def _spoken(code: str) -> str:
    return f"{code[:4]} {code[4:]}"
