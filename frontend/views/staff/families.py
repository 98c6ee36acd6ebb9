"""A family found in one field, its page, and who has opened it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from booking import actions, finding, histories, usual
from booking.actors import Actor
from booking.contacts import spoken_language, spoken_languages
from booking.desk import appointment_of_reference
from booking.errors import BadTime, Refusal
from booking.models import (
    Appointment,
    Household,
    WaitingListEntry,
)
from booking.seeking import sought
from centres.calendar import from_minute
from frontend.access import access
from frontend.called import calling
from frontend.doubles import likely
from frontend.family_history import tell, tell_all
from frontend.following import Words
from frontend.forms_child import ChildForm
from frontend.forms_talking import CHOSEN, carried, read_chosen
from frontend.history_words import who
from frontend.reading import note_family, note_reads
from frontend.staff import Desk, desk_of

# Of the history, what a family's page shows, and a page of the whole.
LINES, A_PAGE = 12, 50


@access("staff")
@require_safe
def search(request: HttpRequest) -> HttpResponseBase:
    """The families of the desk's centres that what is typed means; a reference opens its page.
    Raises Http404 to who has no centre."""
    desk = desk_of(request)
    if not desk.centres:
        raise Http404
    now, called = timezone.now(), calling(request.GET, desk)
    # Who is called is looked for by the number that is called.
    typed = request.GET.get("q", called.phone if called else "").strip()[:100]
    scope = desk.scope(now=now)
    appointment = appointment_of_reference(typed) if typed else None
    if appointment and appointment.centre in desk.centres:
        return redirect("timeline", appointment.spoken_reference)
    opened = _numbered(typed, desk, scope)
    if opened is not None:
        return _lead_to(opened, request.GET)
    asked = sought(typed, today=timezone.localdate())
    context = {
        "desk": desk,
        "typed": typed,
        "calling": called,
        "asks_enough": asked.is_enough,
        "found": finding.find(asked, scope),
        "recent": [] if typed else finding.recent(desk.label, scope),
        "carried": carried(request.GET),
        "wishes": QueryDict(carried(request.GET)).items(),
        "newcomer": _newcomer(request.GET),
        "chosen": _chosen_start(request.GET, desk),
        "today": timezone.localdate(),
    }
    return render(request, "pages/staff/families.html", context)


def _numbered(typed: str, desk: Desk, scope: finding.Scope) -> int | None:
    """A digit alone finds nobody by name: it is the place of a family in the list of the last."""
    if not (typed.isascii() and typed.isdecimal() and len(typed) == 1):
        return None
    last = finding.recent(desk.label, scope)
    place = int(typed) - 1
    return last[place].pk if 0 <= place < len(last) else None


def _lead_to(household: int, given: QueryDict) -> HttpResponse:
    """A family's page, or at once its booking when a time or a reason was chosen before."""
    wishes = carried(given)
    if not wishes:
        return redirect("family", household)
    return redirect(f"{reverse('book-for', args=[household])}?{wishes}")


def _newcomer(given: QueryDict) -> str:
    """Where a family that is not found is written down, with what was typed and wished."""
    query = QueryDict(carried(given), mutable=True)
    if typed := given.get("q", "").strip()[:100]:
        query["q"] = typed
    path = reverse("family-new")
    return f"{path}?{query.urlencode()}" if query else path


def _chosen_start(given: QueryDict, desk: Desk) -> datetime | None:
    """The time chosen on another page, for which a family is looked for now."""
    try:
        chosen = read_chosen(given.get(CHOSEN, ""))
    except BadTime:
        return None
    named = next((each for each in desk.centres if each.slug == given.get("centre")), None)
    return from_minute(chosen.start, ZoneInfo(named.time_zone)) if named else None


@access("staff")
@require_safe
def page(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Everything a desk needs of one family: whom to phone, what is ahead, what was said."""
    desk, now = desk_of(request), timezone.now()
    scope = desk.scope(now=now)
    kept = histories.merged_into(pk)
    if kept and finding.may_see(kept, scope):
        return redirect("family", kept)
    return _page(request, desk, _household(pk, scope))


def _page(
    request: HttpRequest,
    desk: Desk,
    household: Household,
    *,
    language_form: LanguageForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """With the form of the language as it was sent, when that comes back."""
    now, pk = timezone.now(), household.pk
    scope = desk.scope(now=now)
    centres = scope.centres
    found = histories.appointments_of_household(pk, centres)
    number = request.GET.get("page", "1")
    past_page = int(number) if number.isdecimal() and 0 < int(number) < 1000 else 1
    past, has_more = histories.behind(found, now=now, page=past_page)
    ahead = histories.ahead(found, now=now)
    note_family(household, desk, now=now)
    told = tell([*ahead, *past], household, desk, now=now)
    context: dict[str, Any] = {
        "desk": desk,
        "household": household,
        "calling": calling(request.GET, desk),
        "spoken": spoken_language(household.language),
        "ahead": ahead,
        "past": past,
        "earlier": past_page + 1 if has_more else None,
        "later": past_page - 1,
        "is_discreet": household.is_discreet,
        "language_form": language_form or LanguageForm(initial=_spoken(household)),
        "doubles": likely(household),
        "twins": finding.twins(pk, scope),
        "sees_reads": finding.may_see(pk, desk.audit_scope(now=now)),
        "today": timezone.localdate(),
        "next_visits": _next_visits(household, desk, [*ahead, *past], now=now),
        **_waiting(pk, centres),
        "child_form": ChildForm(household=household, today=timezone.localdate(now))
        if household.guardians.all()
        else None,
        "lines": told.lines[:LINES],
        "has_older": len(told.lines) > LINES,
        "messages_told": told.messages,
    }
    return render(request, "pages/staff/family.html", context, status=status)


def _spoken(household: Household) -> dict[str, Any]:
    return {"language": household.language, "needs_interpreter": household.needs_interpreter}


def _next_visits(
    household: Household, desk: Desk, known: Iterable[Appointment], *, now: datetime
) -> list[Words]:
    """When each child is usually seen next, looked for first where the family was last: four
    queries, whatever the children."""
    centre = next((each.centre for each in known if each.centre in desk.centres), None)
    guardian = next(iter(household.guardians.all()), None)
    centre = centre or next(iter(desk.centres), None)
    if centre is None or guardian is None:
        return []
    children, today = list(household.children.all()), timezone.localdate(now)
    ids = [child.pk for child in children]
    found = usual.suggestions(
        children,
        schedule=usual.schedule(today),
        visits=usual.visits_of(ids),
        decided=usual.decisions(ids),
        today=today,
        now=now,
    )
    return [
        Words(each, guardian=guardian.pk, centre=centre.slug, today=today)
        for each in found.values()
    ]


class LanguageForm(forms.Form):
    """What a family speaks, and whether somebody has to interpret."""

    language = forms.ChoiceField(label=_lazy("Langue"), choices=spoken_languages)
    needs_interpreter = forms.BooleanField(label=_lazy("Besoin d’un interprète"), required=False)


@access("staff")
@require_POST
def speak(request: HttpRequest, pk: int) -> HttpResponse:
    """The language noted while talking with a family of this desk."""
    desk, now = desk_of(request), timezone.now()
    household = household_of(pk, desk, now=now)
    form = LanguageForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choisissez une langue de la liste."))
        return redirect("family", household.pk)
    try:
        is_news = actions.note_language(
            household_id=household.pk,
            now=now,
            actor=Actor("agent", desk.label),
            **form.cleaned_data,
        )
    except Refusal as refusal:
        form.add_error(None, _(refusal.message))
        stands = household_of(pk, desk, now=now)
        return _page(request, desk, stands, language_form=form, status=refusal.status)
    messages.success(request, _("La langue est notée.") if is_news else _("Rien n’a changé."))
    return redirect("family", household.pk)


def household_of(pk: int, desk: Desk, *, now: datetime) -> Household:
    """A family of this desk, or the one it became a part of since a page was shown. Raises
    Http404."""
    scope = desk.scope(now=now)
    try:
        return _household(pk, scope)
    except Http404:
        kept = histories.merged_into(pk)
        if kept is None:
            raise
        return _household(kept, scope)


def family_of(
    request: HttpRequest, pk: int, *, needs_parent: bool = False
) -> tuple[Desk, Household]:
    """The desk and the family it may see, which is a thing to be on record. Raises Http404, also
    of one that lacks somebody to speak with."""
    desk, now = desk_of(request), timezone.now()
    household = household_of(pk, desk, now=now)
    if needs_parent and not household.guardians.all():
        raise Http404
    note_family(household, desk, now=now)
    return desk, household


def _household(pk: int, scope: finding.Scope) -> Household:
    """Raises Http404: one that is not theirs is answered like none."""
    found = finding.load([pk]) if finding.may_see(pk, scope) else []
    if not found:
        raise Http404
    return found[0]


def _waiting(household: int, centres: Collection[int] | None) -> dict[str, Any]:
    """Which of its appointments would come earlier, and whether it waits in these centres (None: in
    any) without one."""
    found = WaitingListEntry.objects.filter(household=household, state="open")
    if centres is not None:
        found = found.filter(centre__in=centres)
    waiting = list(found.values_list("appointment", flat=True))
    return {"waiting_for": waiting, "waits_for_any": None in waiting}


@access("staff")
@require_http_methods(["GET", "HEAD", "POST"])
def merge(request: HttpRequest, pk: int, other: int) -> HttpResponseBase:
    """What it would be to make one family of two; pressed, it is done. Both must be theirs."""
    desk, now = desk_of(request), timezone.now()
    scope = desk.scope(now=now)
    if pk == other:
        raise Http404
    kept, merged = (household_of(each, desk, now=now) for each in (pk, other))
    if kept.pk == merged.pk:  # a colleague was quicker
        return redirect("family", kept.pk)
    for each in (kept, merged):
        note_family(each, desk, now=now)
    refused = ""
    if request.method == "POST":
        try:
            actions.merge_households(
                kept_id=kept.pk, merged_id=merged.pk, now=now, actor=Actor("agent", desk.label)
            )
        except Refusal as refusal:
            refused = _(refusal.message)
        else:
            messages.success(request, _("C’est fait : ces deux familles n’en sont plus qu’une."))
            return redirect("family", kept.pk)
    context = {
        "desk": desk,
        "kept": kept,
        "merged": merged,
        "number": histories.appointments_of_household(merged.pk, scope.centres).count(),
        "refused": refused,
        "today": timezone.localdate(),
    }
    return render(request, "pages/staff/family_merge.html", context, status=409 if refused else 200)


@access("staff")
@require_safe
def history(request: HttpRequest, pk: int) -> HttpResponse:
    """All that was done for a family and sent to it, page by page, the newest first."""
    desk, household = family_of(request, pk)
    pages = Paginator(tell_all(household, desk, now=timezone.now()), A_PAGE)
    shown = pages.get_page(request.GET.get("page"))
    context = {"desk": desk, "household": household, "shown": shown}
    return render(request, "pages/staff/family_history.html", context)


@access("staff")
@require_safe
def reads(request: HttpRequest, pk: int) -> HttpResponse:
    """Who has opened a family's pages: for its managers, and for who audits the Département."""
    desk, now = desk_of(request), timezone.now()
    scope = desk.audit_scope(now=now)
    household = _household(pk, scope)
    note_reads(pk, desk, now=now)
    found = histories.reads_of(pk, scope.centres)
    places = histories.places_of(found, scope.centres)
    named = histories.staff_named(each.reader for each in found)
    context = {
        "desk": desk,
        "household": household,
        "may_open": finding.may_see(pk, desk.scope(now=now)),
        "reads": [(each, who(each.reader, named), places[each.pk]) for each in found],
    }
    return render(request, "pages/staff/family_reads.html", context)
