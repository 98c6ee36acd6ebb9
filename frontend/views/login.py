"""The way in of staff: password, then a second factor, with limits on how often either is tried.

Everyone of the Département comes in here; the administration then opens to its own people only.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import authenticate, logout
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from centres.models import User
from frontend import idle, oidc, passkeys, second_factor, signin
from frontend.access import access
from frontend.forms_signin import FactorForm, LogInForm
from frontend.limits import LOGINS_WINDOW, may_log_in, may_try_code, too_many


@access("public")
@require_http_methods(["GET", "HEAD", "POST"])
def login(request: HttpRequest) -> HttpResponseBase:
    """The password; who is wholly in already goes on to the page that was wanted."""
    if request.method != "POST":
        return _login_page(request, LogInForm())
    account = request.POST.get("username", "")
    if not may_log_in(request, account, now=timezone.now()):
        return too_many(request, LOGINS_WINDOW, template="pages/signin/too_many.html")
    form = LogInForm(request.POST)
    if not form.is_valid():
        return _login_page(request, form)
    user = authenticate(request, **form.cleaned_data)
    if not isinstance(user, User):
        form.add_error(None, _("L’adresse et le mot de passe ne vont pas ensemble. Vérifiez-les."))
        return _login_page(request, form)
    return signin.begin(request, user, then=signin.next_page(request) or signin.home_of(user))


def _login_page(request: HttpRequest, form: LogInForm) -> HttpResponse:
    kept = idle.KEPT in request.session
    context = {"form": form, "next": signin.next_page(request), "kept": kept}
    context["directory"] = settings.OIDC.name if settings.OIDC else ""
    return render(request, "pages/signin/login.html", context)


@access("public")
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: HttpRequest) -> HttpResponseBase:
    """The second factor of who knew the password."""
    user = signin.half_way_in(request)
    if user is None:
        return redirect("account_login")
    if not second_factor.has_one(user):
        return redirect("second-factor")
    if request.method != "POST":
        return _code_page(request, user, FactorForm())
    if not may_try_code(request, user.pk, now=timezone.now()):
        return too_many(request, LOGINS_WINDOW, template="pages/signin/too_many.html")
    return _try_code(request, user, FactorForm(request.POST))


def _try_code(request: HttpRequest, user: User, form: FactorForm) -> HttpResponseBase:
    if not form.is_valid():
        return _code_page(request, user, form)
    authenticator = second_factor.verify(user, form.cleaned_data["code"])
    if authenticator is None:
        form.add_error("code", _("Ce code n’est pas bon, ou il a déjà servi. Attendez le suivant."))
        return _code_page(request, user, form)
    then = signin.next_page(request) or signin.home_of(user)
    return signin.finish(request, user, authenticator, then=then)


def _code_page(request: HttpRequest, user: User, form: FactorForm) -> HttpResponse:
    context = {
        "form": form,
        "next": signin.next_page(request),
        "has_keys": bool(passkeys.of(user)),
        "has_app": second_factor.has_app(user),
    }
    return render(request, "pages/signin/code.html", context)


@access("public")
@require_http_methods(["GET", "HEAD", "POST"])
def of_administration(request: HttpRequest) -> HttpResponseBase:
    """The administration sends here whom it does not let in: there is one way in for all."""
    answer = redirect("account_login")
    if request.GET:
        answer["Location"] += f"?{request.GET.urlencode()}"
    return answer


@access("public")
@require_POST
def leave(request: HttpRequest) -> HttpResponseBase:
    logout(request)
    oidc.note_left(request)
    return redirect("account_login")
