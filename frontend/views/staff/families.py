"""A family found in one field, its page, and who has opened it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from booking import actions, finding, histories, usual
from booking.actors import Actor
from booking.contacts import LANGUAGES
from booking.desk import appointment_of_reference
from booking.errors import BadTime, Refusal
from booking.models import (
    Appointment,
    AppointmentEvent,
    FamilyRead,
    Household,
    WaitingListEntry,
)
from booking.seeking import sought
from centres.calendar import from_minute
from centres.models import Centre
from frontend.access import access
from frontend.following import Words
from frontend.forms_child import ChildForm
from frontend.forms_talking import CHOSEN, carried, read_chosen
from frontend.history_words import (
    child_sentence,
    correction_sentence,
    message_sentence,
    sentences,
    who,
)
from frontend.languages import LanguageSelect
from frontend.message_words import Step
from frontend.staff import Desk, desk_of
from notifications.models import OutboxMessage

# Of the history, what a family's page shows; each appointment's own page tells the rest.
LINES = 12


@access("staff")
@require_safe
def search(request: HttpRequest) -> HttpResponseBase:
    """The families of the desk's centres that what is typed means; a reference opens its page.
    Raises Http404 to who has no centre."""
    desk = desk_of(request)
    if not desk.centres:
        raise Http404
    now, typed = timezone.now(), request.GET.get("q", "").strip()[:100]
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
    household = _household(pk, scope)
    centres = scope.centres
    found = histories.appointments_of_household(pk, centres)
    number = request.GET.get("page", "1")
    past_page = int(number) if number.isdecimal() and 0 < int(number) < 1000 else 1
    past, has_more = histories.behind(found, now=now, page=past_page)
    ahead = histories.ahead(found, now=now)
    actions.note_read(
        reader=desk.label,
        household_id=pk,
        centre_id=_read_from(desk, [*ahead, *past]),
        page=FamilyRead.Page.FAMILY,
        now=now,
    )
    context: dict[str, Any] = {
        "desk": desk,
        "household": household,
        "spoken": LANGUAGES.get(household.language, household.language),
        "ahead": ahead,
        "past": past,
        "earlier": past_page + 1 if has_more else None,
        "later": past_page - 1,
        "is_discreet": household.is_discreet,
        "language_form": LanguageForm(
            initial={
                "language": household.language,
                "needs_interpreter": household.needs_interpreter,
            }
        ),
        "twins": finding.twins(pk, scope),
        "sees_reads": finding.may_see(pk, desk.audit_scope(now=now)),
        "today": timezone.localdate(),
        "next_visits": _next_visits(household, desk, [*ahead, *past], now=now),
        **_waiting(pk),
        "child_form": ChildForm(household=household, today=timezone.localdate(now))
        if household.guardians.all()
        else None,
        **_told([*ahead, *past], household, desk),
    }
    return render(request, "pages/staff/family.html", context)


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

    language = forms.ChoiceField(
        label=_lazy("Langue"), choices=list(LANGUAGES.items()), widget=LanguageSelect
    )
    needs_interpreter = forms.BooleanField(label=_lazy("Besoin d’un interprète"), required=False)


@access("staff")
@require_POST
def speak(request: HttpRequest, pk: int) -> HttpResponse:
    """The language noted while talking with a family of this desk."""
    desk, now = desk_of(request), timezone.now()
    household = household_of(pk, desk, now=now)
    form = LanguageForm(request.POST)
    if form.is_valid():
        actions.note_language(household_id=household.pk, now=now, **form.cleaned_data)
        messages.success(request, _("La langue est notée."))
    else:
        messages.error(request, _("Choisissez une langue de la liste."))
    return redirect("family", household.pk)


def household_of(pk: int, desk: Desk, *, now: datetime) -> Household:
    """A family of this desk. Raises Http404."""
    return _household(pk, desk.scope(now=now))


def note_family(household: Household, desk: Desk, *, now: datetime) -> None:
    """Its record was looked at from another page than its own."""
    actions.note_read(
        reader=desk.label,
        household_id=household.pk,
        centre_id=desk.centres[0].pk if len(desk.centres) == 1 else None,
        page=FamilyRead.Page.FAMILY,
        now=now,
    )


def _household(pk: int, scope: finding.Scope) -> Household:
    """Raises Http404: one that is not theirs is answered like none."""
    found = finding.load([pk]) if finding.may_see(pk, scope) else []
    if not found:
        raise Http404
    return found[0]


def _read_from(desk: Desk, appointments: Iterable[Appointment]) -> int | None:
    """From which of their centres they read: the only one, else the family's."""
    mine = [centre.pk for centre in desk.centres]
    if len(mine) == 1:
        return mine[0]
    return next((each.centre_id for each in appointments if each.centre_id in mine), None)


def _waiting(household: int) -> dict[str, Any]:
    """Which of its appointments would come earlier, and whether it waits without any."""
    found = WaitingListEntry.objects.filter(household=household, state="open")
    waiting = list(found.values_list("appointment", flat=True))
    return {"waiting_for": waiting, "waits_for_any": None in waiting}


class Line(NamedTuple):
    """One sentence of the family's history, and the appointment it is of, if it is of one."""

    appointment: Appointment | None
    step: Step
    centre: Centre


def _told(appointments: list[Appointment], household: Household, desk: Desk) -> dict[str, Any]:
    """The history of these appointments and their messages, of children added and people put right,
    the newest first."""
    events = histories.events_of(appointments)
    added = histories.children_added(household.pk)
    corrections = histories.corrections_of(household)
    signed = [event.actor for event in events]
    signed += [each.by for each in added] + [each.by for each in corrections]
    named = histories.staff_named(signed)
    by_pk = {each.pk: each for each in appointments}
    by_ref: dict[str, Appointment] = {str(each.uid): each for each in appointments}
    lines = [
        Line(by_pk[pk], step, by_pk[pk].centre)
        for pk, own in _by_appointment(events).items()
        for step in sentences(
            own,
            zone=ZoneInfo(by_pk[pk].centre.time_zone),
            named=named,
            tells_why=desk.knows_type(by_pk[pk]),
        )
    ]
    if desk.centres:
        done = [child_sentence(each, named) for each in added]
        done += [correction_sentence(each, named) for each in corrections]
        lines += [Line(None, step, desk.centres[0]) for step in done]
    lines.sort(key=lambda line: line.step.at or timezone.now(), reverse=True)
    told = [
        (message_sentence(message), _about(message, by_ref, appointments))
        for message in histories.messages_of(appointments, events)
    ]
    return {"lines": lines[:LINES], "messages_told": told}


def _by_appointment(events: list[AppointmentEvent]) -> dict[int, list[AppointmentEvent]]:
    found: dict[int, list[AppointmentEvent]] = {}
    for event in events:
        found.setdefault(event.appointment_id, []).append(event)
    return found


def _about(
    message: OutboxMessage, by_ref: dict[str, Appointment], appointments: list[Appointment]
) -> Appointment:
    """The appointment whose page tells more of a message; a day's reminder is on any of them."""
    own = by_ref.get(message.subject_ref)
    day = message.subject_ref.rpartition(":")[2]
    same_day = (
        each
        for each in appointments
        if each.starts_at.astimezone(ZoneInfo(each.centre.time_zone)).date().isoformat() == day
    )
    return own or next(same_day, appointments[0])


@access("staff")
@require_http_methods(["GET", "HEAD", "POST"])
def merge(request: HttpRequest, pk: int, other: int) -> HttpResponseBase:
    """What it would be to make one family of two; pressed, it is done. Both must be theirs."""
    desk, now = desk_of(request), timezone.now()
    scope = desk.scope(now=now)
    if pk == other:
        raise Http404
    kept, merged = _household(pk, scope), _household(other, scope)
    for each in (kept, merged):
        note_family(each, desk, now=now)
    refused = ""
    if request.method == "POST":
        try:
            actions.merge_households(
                kept_id=pk, merged_id=other, now=now, actor=Actor("agent", desk.label)
            )
        except Refusal as refusal:
            refused = _(refusal.message)
        else:
            messages.success(request, _("C’est fait : ces deux familles n’en sont plus qu’une."))
            return redirect("family", pk)
    context = {
        "desk": desk,
        "kept": kept,
        "merged": merged,
        "number": histories.appointments_of_household(other, None).count(),
        "refused": refused,
        "today": timezone.localdate(),
    }
    return render(request, "pages/staff/family_merge.html", context, status=409 if refused else 200)


@access("staff")
@require_safe
def reads(request: HttpRequest, pk: int) -> HttpResponse:
    """Who has opened a family's pages: for its managers, and for who audits the Département."""
    desk, now = desk_of(request), timezone.now()
    household = _household(pk, desk.audit_scope(now=now))
    found = histories.reads_of(pk)
    named = histories.staff_named(each.reader for each in found)
    context = {
        "desk": desk,
        "household": household,
        "may_open": finding.may_see(pk, desk.scope(now=now)),
        "reads": [(each, who(each.reader, named)) for each in found],
    }
    return render(request, "pages/staff/family_reads.html", context)
