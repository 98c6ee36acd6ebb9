"""Choosing a password by a link that an administrator gave: the first one, or after forgetting."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.tokens import default_token_generator
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import urlsafe_base64_decode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from centres import actions
from centres.models import User
from frontend.access import access
from frontend.forms_signin import NewPasswordForm


@access("link")
@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: HttpRequest, uid: str, token: str) -> HttpResponseBase:
    """Opening the link changes nothing: programmes that check mail open links too."""
    user = _owner(uid)
    if user is None or not default_token_generator.check_token(user, token):
        return render(request, "pages/signin/link_over.html", status=404)
    form = NewPasswordForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        logout(request)
        password = form.cleaned_data["password"]
        actions.choose_password(user=user, password=password, now=timezone.now())
        messages.success(request, _("Votre mot de passe est choisi. Connectez-vous avec lui."))
        return redirect("account_login")
    return render(request, "pages/signin/choose.html", {"form": form, "person": user})


def _owner(uid: str) -> User | None:
    try:
        pk = int(urlsafe_base64_decode(uid))
    except ValueError:
        return None
    return User.objects.filter(pk=pk, is_active=True).first()
