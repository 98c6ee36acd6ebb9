"""The day of a child's next visit, as a professional decides it; empty, its age tells it again."""

from __future__ import annotations

from datetime import date

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from booking import actions
from booking.actions.following import DayOutOfReach
from booking.actors import Actor
from booking.errors import Refusal
from frontend.access import access
from frontend.refusals import sentence
from frontend.staff import desk_of
from frontend.views.staff.families import household_of
from frontend.views.staff.practice import practitioner_of


@access("staff")
@require_POST
def decide(request: HttpRequest, pk: int, child: int) -> HttpResponseBase:
    """Raises Http404 to who is no practitioner, and for another's family or child."""
    desk, now = desk_of(request), timezone.now()
    practitioner_of(desk)
    household = household_of(pk, desk, now=now)
    if child not in {each.pk for each in household.children.all()}:
        raise Http404
    typed, today = request.POST.get("on", "").strip(), timezone.localdate(now)
    actor = Actor("agent", desk.label)
    try:
        if typed:
            actions.decide_next(child_id=child, on=_day(typed), today=today, now=now, actor=actor)
        else:
            actions.forget_next(child_id=child, now=now, actor=actor)
    except Refusal as refusal:
        messages.error(request, sentence(refusal))
    else:
        messages.success(request, _("C’est noté."))
    return redirect(reverse("family", args=[pk]) + "#next")


def _day(typed: str) -> date:
    """Raises DayOutOfReach, also for what is no day at all."""
    try:
        return date.fromisoformat(typed)
    except ValueError as error:
        raise DayOutOfReach from error
