"""A family's people put right at the desk: a parent, one more parent, a child."""

from __future__ import annotations

from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from booking import actions
from booking.actors import Actor
from booking.errors import Refusal
from booking.models import Appointment, Household
from booking.wording import spoken_instant
from frontend.access import access
from frontend.forms_person import ChildCorrectionForm, PersonForm
from frontend.staff import Desk, desk_of
from frontend.views.staff.families import household_of, note_family


class Sheet(NamedTuple):
    """What the page shows."""

    desk: Desk
    household: Household
    form: PersonForm | ChildCorrectionForm
    title: str


@access("staff")
@require_http_methods(["GET", "HEAD", "POST"])
def guardian(request: HttpRequest, pk: int, guardian_id: int) -> HttpResponseBase:
    """How one of the parents is called and reached."""
    desk, household = _family(request, pk)
    person = next((one for one in household.guardians.all() if one.pk == guardian_id), None)
    if person is None:
        raise Http404
    form = PersonForm(request.POST if request.method == "POST" else None, person)
    sheet = Sheet(desk, household, form, _("Corriger : %(person)s") % {"person": person})
    if not form.is_valid():
        return _page(request, sheet)
    try:
        changed = actions.correct_guardian(
            household_id=pk,
            guardian_id=guardian_id,
            changes=form.changes,
            now=timezone.now(),
            actor=_actor(desk),
        )
    except Refusal as refusal:
        return _page(request, sheet, refusal)
    messages.success(request, _("C’est corrigé.") if changed else _("Rien n’a changé."))
    return redirect("family", pk)


@access("staff")
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, pk: int) -> HttpResponseBase:
    """One more parent, of all the children."""
    desk, household = _family(request, pk)
    form = PersonForm(request.POST if request.method == "POST" else None, None)
    sheet = Sheet(desk, household, form, _("Ajouter un parent"))
    if not form.is_valid():
        return _page(request, sheet)
    try:
        person, is_new = actions.add_guardian(
            household_id=pk, person=form.person, now=timezone.now(), actor=_actor(desk)
        )
    except Refusal as refusal:
        return _page(request, sheet, refusal)
    if is_new:
        said = _("C’est noté : %(person)s fait partie de la famille.")
        messages.success(request, said % {"person": person})
        return redirect("family", pk)
    said = _("%(person)s fait déjà partie de la famille. Voici sa fiche, à corriger s’il le faut.")
    messages.info(request, said % {"person": person})
    return redirect("family-parent-edit", pk, person.pk)


@access("staff")
@require_http_methods(["GET", "HEAD", "POST"])
def child(request: HttpRequest, pk: int, child_id: int) -> HttpResponseBase:
    """A child's first name and day of birth; said is which appointments fit it no more."""
    desk, household = _family(request, pk)
    known = next((one for one in household.children.all() if one.pk == child_id), None)
    if known is None:
        raise Http404
    today = timezone.localdate()
    form = ChildCorrectionForm(
        request.POST if request.method == "POST" else None, known, today=today
    )
    sheet = Sheet(desk, household, form, _("Corriger : %(person)s") % {"person": known})
    if not form.is_valid():
        return _page(request, sheet)
    try:
        done = actions.correct_child(
            household_id=pk,
            child_id=child_id,
            changes=form.changes,
            now=timezone.now(),
            actor=_actor(desk),
        )
    except Refusal as refusal:
        return _page(request, sheet, refusal)
    messages.success(request, _("C’est corrigé.") if done.what else _("Rien n’a changé."))
    for appointment in done.unfit:
        messages.warning(request, _unfit(appointment))
    return redirect("family", pk)


def _family(request: HttpRequest, pk: int) -> tuple[Desk, Household]:
    """The desk and the family it may see, which is a thing to be on record. Raises Http404."""
    desk, now = desk_of(request), timezone.now()
    household = household_of(pk, desk, now=now)
    note_family(household, desk, now=now)
    return desk, household


def _actor(desk: Desk) -> Actor:
    return Actor("agent", desk.label[:80])


def _unfit(appointment: Appointment) -> str:
    zone = ZoneInfo(appointment.centre.time_zone)
    moment = spoken_instant(appointment.starts_at.astimezone(zone))
    said = _("À cet âge, le rendez-vous %(reference)s du %(moment)s ne convient plus.")
    return said % {"reference": appointment.spoken_reference, "moment": moment}


def _page(request: HttpRequest, sheet: Sheet, refusal: Refusal | None = None) -> HttpResponse:
    form = sheet.form
    if refusal is not None:
        form.add_error(None, _(refusal.message))
    status = refusal.status if refusal else 422 if form.errors else 200
    return render(request, "pages/staff/person.html", sheet._asdict(), status=status)
