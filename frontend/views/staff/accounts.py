"""Accounts of a team, seen to by who runs it: invited, given roles, helped back in."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from booking.actions import invite_colleague, renew_colleague, reset_colleague, send_link
from centres.actions import withdraw_role
from centres.errors import AccountClosed, NotYours
from centres.models import Membership
from frontend.access import access
from frontend.accounts import Team, colleagues_of, reach_of, team_of, teams_of
from frontend.forms_accounts import InvitationForm
from frontend.staff import Desk, desk_of

DONE = {
    "lien": (send_link, gettext_noop("Le lien part vers sa messagerie.")),
    "remettre": (
        reset_colleague,
        gettext_noop("Sa connexion est remise à zéro ; un lien part vers sa messagerie."),
    ),
    "rendre": (
        renew_colleague,
        gettext_noop(
            "L’habilitation est rendue. Si son compte avait expiré, sa connexion recommence"
            " : un lien part vers sa messagerie."
        ),
    ),
    "retirer": (withdraw_role, gettext_noop("L’habilitation est retirée.")),
}


@access("staff")
@require_safe
def choice(request: HttpRequest) -> HttpResponseBase:
    """The only team that is theirs, or a list to choose from."""
    desk = desk_of(request)
    teams = teams_of(desk)
    if len(teams) == 1:
        return redirect("accounts-of", teams[0].slug)
    return render(request, "pages/staff/accounts_choice.html", {"desk": desk, "teams": teams})


@access("staff")
@require_http_methods(["GET", "HEAD", "POST"])
def team(request: HttpRequest, team: str) -> HttpResponseBase:
    """Who works there; a form invites one more."""
    desk = desk_of(request)
    theirs = team_of(desk, team)
    form = InvitationForm(request.POST or None, roles=theirs.roles)
    if request.method == "POST" and form.is_valid() and _invite(request, desk, theirs, form):
        return redirect("accounts-of", theirs.slug)
    return _page(request, desk, theirs, form)


def _page(request: HttpRequest, desk: Desk, theirs: Team, form: InvitationForm) -> HttpResponse:
    context: dict[str, Any] = {
        "desk": desk,
        "team": theirs,
        "form": form,
        "colleagues": colleagues_of(theirs, reach_of(desk)),
    }
    status = 422 if form.errors else 200
    return render(request, "pages/staff/accounts.html", context, status=status)


def _invite(request: HttpRequest, desk: Desk, theirs: Team, form: InvitationForm) -> bool:
    """False when it is refused: the form says why. What is said is the same of an address that was
    known, of one that was not, and of one whose account had lapsed."""
    try:
        _given, is_new = invite_colleague(
            **form.cleaned_data,
            department=theirs.department,
            centre=theirs.centre,
            reach=reach_of(desk),
            by=desk.label,
            now=timezone.now(),
        )
    except (NotYours, AccountClosed) as refusal:
        form.add_error("email", _(refusal.message))
        return False
    said = (
        _(
            "%(email)s a maintenant ce rôle. Si un mot de passe est à choisir, un lien part vers "
            "cette adresse."
        )
        if is_new
        else _("%(email)s avait déjà ce rôle.")
    )
    messages.success(request, said % {"email": form.cleaned_data["email"].lower()})
    return True


@access("staff")
@require_POST
def act(request: HttpRequest, team: str, pk: int, action: str) -> HttpResponseBase:
    """One press about one role of this team, signed."""
    desk = desk_of(request)
    theirs = team_of(desk, team)
    here = Membership.objects.filter(department=theirs.department, centre=theirs.centre)
    if action not in DONE or not here.filter(pk=pk).exists():
        raise Http404
    do, said = DONE[action]
    try:
        do(membership_id=pk, reach=reach_of(desk), by=desk.label, now=timezone.now())
    except (NotYours, AccountClosed) as refusal:
        messages.error(request, _(refusal.message))
    else:
        messages.success(request, _(said))
    return redirect("accounts-of", theirs.slug)
