"""Passkeys: made and kept on one's own page, used at the log-in. The browser's part is js/signin.

Without JavaScript there are none, and the authenticator's code serves as before.
"""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from centres.models import User
from frontend import passkeys, second_factor, signin
from frontend.access import access
from frontend.forms_signin import KeyForm
from frontend.limits import LOGINS_WINDOW, may_begin, may_try_code, too_many

TOO_MANY = "pages/signin/too_many.html"


@access("public")
@require_POST
def options(request: HttpRequest) -> HttpResponseBase:
    """What the browser asks of a key: of the person whose password was right, or of anybody."""
    if not may_begin(request, "key", now=timezone.now()):
        return too_many(request, LOGINS_WINDOW, template=TOO_MANY)
    return JsonResponse(passkeys.options_to_use(request, signin.half_way_in(request)))


@access("public")
@require_POST
def use(request: HttpRequest) -> HttpResponseBase:
    """In, by a key: after the password, or instead of it. Whose key it says it is proves nothing,
    so who has shown no password counts for their own address alone: they shut nobody out."""
    answer = request.POST.get("credential", "")
    half_way, now = signin.half_way_in(request), timezone.now()
    may = (
        may_try_code(request, half_way.pk, now=now)
        if half_way
        else may_begin(request, "used", now=now)
    )
    if not may:
        return too_many(request, LOGINS_WINDOW, template=TOO_MANY)
    try:
        user = half_way or passkeys.owner_of(answer)
        key = passkeys.check(request, user, answer, asked_of=half_way)
    except passkeys.Refused:
        messages.error(request, _("Cette clé n’ouvre aucun compte ici. Essayez autrement."))
        return redirect("second-factor-code" if half_way else "account_login")
    then = signin.next_page(request) or signin.home_of(user)
    if half_way:
        return signin.finish(request, user, key, then=then)
    return signin.begin_with_key(request, user, key, then=then)


@access("account")
@require_POST
def new(request: HttpRequest) -> HttpResponseBase:
    """What the browser makes a key of."""
    return JsonResponse(passkeys.options_to_add(request, _may_add(request)))


@access("account")
@require_POST
def add(request: HttpRequest) -> HttpResponseBase:
    """Keep it, under the name its owner knows it by."""
    user = _may_add(request)
    form = KeyForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Donnez un nom à cette clé : par exemple « mon téléphone »."))
        return redirect("security" if second_factor.is_passed(request) else "second-factor")
    if len(passkeys.of(user)) >= passkeys.MOST:
        messages.error(request, _("Vous avez déjà beaucoup de clés. Retirez-en une d’abord."))
        return redirect("security")
    try:
        is_first = passkeys.add(
            request,
            user,
            name=form.cleaned_data["name"],
            answer=request.POST.get("credential", ""),
            now=timezone.now(),
        )
    except passkeys.Refused:
        messages.error(request, _("La clé n’a pas été créée. Réessayez."))
        return redirect("security" if second_factor.is_passed(request) else "second-factor")
    if is_first:
        request.session["next"] = signin.next_page(request)
        return redirect("recovery-codes")
    messages.success(request, _("Votre clé est ajoutée."))
    return redirect("security")


@access("account")
@require_POST
def act(request: HttpRequest, pk: int, action: str) -> HttpResponseBase:
    """Rename a key, or take one away (the authenticator's code too)."""
    user = _may_add(request)
    if action == "nommer":
        form = KeyForm(request.POST)
        if form.is_valid():
            passkeys.rename(user, pk, form.cleaned_data["name"])
    elif action == "retirer":
        if passkeys.remove(user, pk, now=timezone.now()):
            messages.success(request, _("C’est retiré."))
        else:
            messages.error(request, _("C’est votre seul second facteur : ajoutez-en un d’abord."))
    else:
        raise Http404
    return redirect("security")


def _may_add(request: HttpRequest) -> User:
    """Who showed a second factor, or has none yet. Raises Http404: a password adds nothing."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101  the rule has seen to it
    if not second_factor.is_passed(request) and second_factor.has_one(user):
        raise Http404
    return user
