"""The paper list each evening by e-mail: asked for, and stopped, by who reads it."""

from __future__ import annotations

from typing import NamedTuple

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from booking import actions
from booking.errors import Refusal
from booking.models import PaperOrder
from centres.models import Site
from frontend.access import access
from frontend.refusals import sentence
from frontend.staff import Desk, desk_of


class Choice(NamedTuple):
    """A place, and whether its list is mailed to whoever looks."""

    site: Site
    is_ordered: bool


def choices(desk: Desk, sites: list[Site]) -> list[Choice]:
    """One query."""
    orders = PaperOrder.objects.filter(user=desk.user_id, site__in=sites)
    ordered = set(orders.values_list("site", flat=True))
    return [Choice(site, site.pk in ordered) for site in sites]


@access("staff")
@require_POST
def order(request: HttpRequest, centre_slug: str) -> HttpResponse:
    desk = desk_of(request)
    centre = desk.centre(centre_slug)
    site = centre.sites.filter(slug=request.POST.get("site", "").replace("\0", "")).first()
    if site is None:
        raise BadRequest
    if request.POST.get("feuille") == "non":
        actions.stop_paper(user_id=desk.user_id, site_id=site.pk)
        messages.success(request, _("La feuille du soir ne vous sera plus envoyée."))
        return redirect("board", centre.slug)
    try:
        actions.order_paper(user_id=desk.user_id, site_id=site.pk)
    except Refusal as refusal:
        messages.error(request, sentence(refusal))
    else:
        messages.success(request, _("Chaque soir, la feuille du lendemain arrive par e-mail."))
    return redirect("board", centre.slug)
