"""A family's people put right at the desk: a parent, one more parent, a child."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from booking import actions
from booking.actions.people import Corrected
from booking.errors import Refusal
from booking.locking import FamilyChanged
from booking.models import Appointment, Child, Guardian, Household
from booking.wording import spoken_instant
from frontend.access import access
from frontend.doubles import Pair, with_each
from frontend.forms_person import ChildCorrectionForm, PersonForm
from frontend.refusals import Step
from frontend.staff import Desk
from frontend.views.staff.desk import refused
from frontend.views.staff.families import family_of

P = TypeVar("P", Guardian, Child)


class Sheet(NamedTuple):
    """What the page shows; `others` are those that may be the same person."""

    desk: Desk
    household: Household
    form: PersonForm | ChildCorrectionForm
    title: str
    others: list[Pair] = []


@access("staff")
@require_http_methods(["GET", "HEAD", "POST"])
def guardian(request: HttpRequest, pk: int, guardian_id: int) -> HttpResponseBase:
    """How one of the parents is called and reached."""
    desk, household = family_of(request, pk)
    person = _one_or_none(household.guardians.all(), guardian_id)
    if person is None:
        return _gone(request, desk, household, PersonForm(_typed(request), None))
    form = PersonForm(_typed(request), person)
    write = partial(actions.correct_guardian, guardian_id=guardian_id)
    return _correct(request, _sheet(desk, household, form, person), write)


@access("staff")
@require_http_methods(["GET", "HEAD", "POST"])
def child(request: HttpRequest, pk: int, child_id: int) -> HttpResponseBase:
    """A child's names and day of birth; said is which appointments fit it no more."""
    desk, household = family_of(request, pk)
    person, today = _one_or_none(household.children.all(), child_id), timezone.localdate()
    if person is None:
        return _gone(request, desk, household, ChildCorrectionForm(_typed(request), today=today))
    form = ChildCorrectionForm(_typed(request), person, today=today)
    write = partial(actions.correct_child, child_id=child_id)
    return _correct(request, _sheet(desk, household, form, person), write)


@access("staff")
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, pk: int) -> HttpResponseBase:
    """One more parent, of all the children."""
    desk, household = family_of(request, pk)
    form = PersonForm(_typed(request), None)
    sheet = Sheet(desk, household, form, _("Ajouter un parent"))
    if not form.is_valid():
        return _page(request, sheet)
    try:
        person, is_new = actions.add_guardian(
            household_id=household.pk, person=form.person, now=timezone.now(), actor=desk.actor
        )
    except Refusal as refusal:
        return _page(request, sheet, refusal)
    if is_new:
        said = _("C’est noté : %(person)s fait partie de la famille.")
        messages.success(request, said % {"person": person})
        return redirect("family", pk)
    said = _("%(person)s fait déjà partie de la famille. Voici sa fiche, à corriger s’il le faut.")
    messages.info(request, said % {"person": person})
    return redirect("family-parent-edit", household.pk, person.pk)


def _one_or_none(people: Iterable[P], pk: int) -> P | None:
    return next((one for one in people if one.pk == pk), None)


def _gone(
    request: HttpRequest, desk: Desk, household: Household, form: PersonForm | ChildCorrectionForm
) -> HttpResponse:
    """Joined with another record while the form was open: what was typed is not lost. Raises
    Http404 when nothing was: another family's are answered like none, in both cases."""
    if not form.is_bound:
        raise Http404
    typed = [f"{field.label} : {field.value()}" for field in form if field.value()]
    back = Step(reverse("family", args=[household.pk]), _("Revenir à la famille"))
    return refused(request, desk, FamilyChanged(), typed="\n".join(typed), back=back)


def tell_unfit(request: HttpRequest, desk: Desk, appointments: Iterable[Appointment]) -> None:
    """Say on the next page which appointments do not fit a child's age. That there is one of
    another centre, or for whom it is, is not this desk's to know."""
    said = _("À cet âge, le rendez-vous %(reference)s du %(moment)s ne convient plus.")
    for each in appointments:
        if each.centre not in desk.centres or not desk.knows_type(each):
            continue
        moment = spoken_instant(each.starts_at.astimezone(ZoneInfo(each.centre.time_zone)))
        values = {"reference": each.spoken_reference, "moment": moment}
        messages.warning(request, said % values)


def _typed(request: HttpRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _sheet(
    desk: Desk,
    household: Household,
    form: PersonForm | ChildCorrectionForm,
    person: Guardian | Child,
) -> Sheet:
    title = _("Corriger : %(person)s") % {"person": person}
    return Sheet(desk, household, form, title, with_each(person, household))


def _correct(
    request: HttpRequest, sheet: Sheet, write: Callable[..., Corrected]
) -> HttpResponseBase:
    form, household = sheet.form, sheet.household
    if not form.is_valid():
        return _page(request, sheet)
    now: datetime = timezone.now()
    try:
        done = write(
            household_id=household.pk, changes=form.changes, now=now, actor=sheet.desk.actor
        )
    except Refusal as refusal:
        return _page(request, sheet, refusal)
    messages.success(request, _("C’est corrigé.") if done.what else _("Rien n’a changé."))
    tell_unfit(request, sheet.desk, done.unfit)
    return redirect("family", household.pk)


def _page(request: HttpRequest, sheet: Sheet, refusal: Refusal | None = None) -> HttpResponse:
    form = sheet.form
    if refusal is not None:
        form.add_error(None, _(refusal.message))
    status = refusal.status if refusal else 422 if form.errors else 200
    return render(request, "pages/staff/person.html", sheet._asdict(), status=status)
