"""To the Département's directory and back, where one is configured; else no such pages."""

from __future__ import annotations

import logging

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from centres.models import User
from frontend import oidc, signin
from frontend.access import access
from frontend.limits import LOGINS_WINDOW, may_begin, too_many

logger = logging.getLogger(__name__)


@access("public")
@require_safe
def begin(request: HttpRequest) -> HttpResponseBase:
    """A link, not a form: our pages' forms are sent to ourselves only."""
    _must_be_configured()
    now = timezone.now()
    if not may_begin(request, "directory", now=now):
        return too_many(request, LOGINS_WINDOW, template="pages/signin/too_many.html")
    try:
        address = oidc.address_to_begin(request, then=signin.next_page(request), now=now)
    except oidc.Refused:
        logger.warning("The directory does not answer", exc_info=True)
        return _not_in(request, _("L’annuaire ne répond pas. Entrez par votre mot de passe."))
    return HttpResponseRedirect(address)


@access("public")
@require_safe
def back(request: HttpRequest) -> HttpResponseBase:
    """In, for whom it vouches and who has an account that is open; nobody else gets one by this."""
    _must_be_configured()
    try:
        found, then = oidc.identity(request)
    except oidc.Refused:
        logger.warning("The directory vouches for nobody", exc_info=True)
        return _not_in(request, _("L’annuaire n’a pas confirmé qui vous êtes. Réessayez."))
    user = User.objects.filter(email=found.email, is_active=True).first()
    if user is None:
        return _not_in(request, _("Aucun compte n’est ouvert ici à cette adresse."))
    then = then or signin.home_of(user)
    if found.has_second_factor:
        return signin.begin_vouched(request, user, then=then)
    return signin.begin(request, user, then=then)


def _must_be_configured() -> None:
    if settings.OIDC is None:
        raise Http404


def _not_in(request: HttpRequest, why: str) -> HttpResponseBase:
    messages.error(request, why)
    return redirect("account_login")
