"""A family's answer to another time that the centre holds for it. A GET never changes anything."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from booking import actions
from booking.declared import last_case
from booking.errors import HoldExpired, Refusal
from frontend.access import access
from frontend.limits import SMALL, limited
from frontend.views.visit import unchanged, visit_of
from frontend.visit import address

ANSWERS = {"oui": actions.accept_proposal, "non": actions.refuse_proposal}


@access("link")
@require_http_methods(["GET", "HEAD", "POST"])
@limited(SMALL)
def answer(request: HttpRequest, token: str) -> HttpResponseBase:
    """Yes or no, one press; the appointment's own page shows what there is to answer."""
    visit = visit_of(token)
    do = ANSWERS.get(request.POST.get("reponse", ""))
    if do is None:
        return redirect(address("appointment", visit))
    case = last_case(visit.appointment)
    if case is None:
        return unchanged(request, visit, HoldExpired())
    try:
        do(case_id=case.pk, now=timezone.now())
    except Refusal as refusal:
        return unchanged(request, visit, refusal)
    is_yes = do is actions.accept_proposal
    return redirect(address("appointment", visit, news="deplace" if is_yes else "refus"))
