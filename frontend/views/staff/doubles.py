"""Two records of one person in a family, compared before they are made one."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from booking import actions, doubles, histories
from booking.errors import Refusal
from booking.locking import FamilyChanged
from booking.models import Child, Guardian, Household
from frontend.access import access
from frontend.doubles import Pair
from frontend.forms_person import ContactsForm
from frontend.staff import Desk
from frontend.views.staff.families import family_of
from frontend.views.staff.people import P, tell_unfit


@access("staff")
@require_http_methods(["GET", "HEAD", "POST"])
def parent(request: HttpRequest, pk: int, kept_id: int, other_id: int) -> HttpResponseBase:
    """One parent written twice: what each record says, and which contact is right."""
    desk, household = family_of(request, pk)
    pair = _two(household.guardians.all(), kept_id, other_id)
    if pair is None:
        return _back(request, household.pk)
    kept, other = pair
    form = ContactsForm(request.POST if request.method == "POST" else None, kept, other)
    context = _context(desk, household, Pair(*pair)) | {"form": form}
    if request.method != "POST" or not form.is_valid():
        return _page(request, context, status=422 if form.is_bound else 200)
    join = partial(actions.join_guardians, takes=form.takes)
    return _join(request, context, join)


@access("staff")
@require_http_methods(["GET", "HEAD", "POST"])
def child(request: HttpRequest, pk: int, kept_id: int, other_id: int) -> HttpResponseBase:
    """One child written twice: whose first name and day of birth stay."""
    desk, household = family_of(request, pk)
    pair = _two(household.children.all(), kept_id, other_id)
    if pair is None:
        return _back(request, household.pk)
    context = _context(desk, household, Pair(*pair))
    if request.method != "POST":
        return _page(request, context)
    return _join(request, context, actions.join_children)


def _two(people: Iterable[P], kept: int, other: int) -> tuple[P, P] | None:
    """None when not both are of the family: joined since a page was shown, or another family's,
    which is told like none. Raises Http404: nobody is joined with themselves."""
    if kept == other:
        raise Http404
    found = {each.pk: each for each in people}
    return (found[kept], found[other]) if {kept, other} <= found.keys() else None


def _back(request: HttpRequest, household: int) -> HttpResponse:
    """To the family as it is: there are no two to compare."""
    messages.error(
        request,
        _(
            "Une de ces deux fiches n’est plus dans cette famille : elle vient sans doute d’être "
            "réunie. Voici la famille telle qu’elle est."
        ),
    )
    return redirect("family", household)


def _context(desk: Desk, household: Household, pair: Pair) -> dict[str, Any]:
    kept, other = pair
    whose = {"guardian" if isinstance(other, Guardian) else "child": other}
    centres = desk.scope(now=timezone.now()).centres
    found = histories.appointments_of_household(household.pk, centres).filter(**whose)
    return {
        "desk": desk,
        "household": household,
        "kept": kept,
        "other": other,
        "is_parent": isinstance(kept, Guardian),
        "is_same_name": doubles.words(str(kept)) == doubles.words(str(other)),
        "swapped": Pair(other, kept).path,
        "number": found.count(),
        "today": timezone.localdate(),
    }


def _join(request: HttpRequest, context: dict[str, Any], join: Any) -> HttpResponseBase:
    household, kept = context["household"], context["kept"]
    try:
        done = join(
            household_id=household.pk,
            kept_id=kept.pk,
            joined_id=context["other"].pk,
            now=timezone.now(),
            actor=context["desk"].actor,
        )
    except FamilyChanged:
        return _back(request, household.pk)
    except Refusal as refusal:
        return _page(request, context | {"refused": _(refusal.message)}, status=refusal.status)
    said = _("C’est fait : %(person)s n’est plus qu’une fois dans la famille.")
    messages.success(request, said % {"person": kept})
    if isinstance(kept, Child):
        tell_unfit(request, context["desk"], done.unfit)
    return redirect("family", household.pk)


def _page(request: HttpRequest, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    return render(request, "pages/staff/person_join.html", context, status=status)
