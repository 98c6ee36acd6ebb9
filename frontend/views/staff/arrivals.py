"""A family that has come to an open session: found in one field, or typed, and noted at a press."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from booking import actions, daybook, finding
from booking.actions.arriving import KindClosed
from booking.board import Block
from booking.errors import Refusal
from booking.locking import FamilyChanged
from booking.models import Appointment, Household
from booking.seeking import sought
from centres.calendar import to_minute
from centres.models import AppointmentType, Centre, Shift
from frontend.access import access
from frontend.board import Section, Watcher, name_of
from frontend.forms_arrival import ArrivalForm, ArrivalNewcomerForm
from frontend.forms_newcomer import ALONE, first_guess, likely_ones
from frontend.reading import note_family
from frontend.refusals import sentence
from frontend.staff import Desk, desk_of
from frontend.views.staff.families import household_of

FAMILY = "famille"


@dataclass(frozen=True, slots=True)
class Session:
    """An open session, its words, and what it is open for: types by id, as this desk reads them."""

    desk: Desk
    centre: Centre
    shift: Shift
    section: Section
    kinds: dict[str, tuple[AppointmentType, str]]
    now: datetime

    @property
    def board(self) -> str:
        """The board of its day."""
        on, today = (
            self.section.watcher.day(to_minute(at)) for at in (self.shift.starts_at, self.now)
        )
        path = reverse("board", args=[self.centre.slug])
        return path if on == today else f"{path}?jour={on.isoformat()}"


def _session(request: HttpRequest, centre_slug: str, pk: int) -> Session:
    """Raises Http404: another's, or one to which nobody can have come without an appointment."""
    desk, now = desk_of(request), timezone.now()
    centre = desk.centre(centre_slug)
    shift = daybook.read_half_day(centre, pk)
    if shift is None:
        raise Http404
    watcher = Watcher(desk, centre, to_minute(now))
    section = Section(Block(daybook.half_day(shift), []), watcher)
    if not section.door.is_open:
        raise Http404
    may_read = watcher.may_read(shift.practitioner)
    open_for = [
        each.type
        for each in shift.offers.all()
        if each.type.is_active and each.type.booking == AppointmentType.Booking.WALK_IN
    ]
    kinds = _worded(open_for, may_read=may_read)
    if not kinds:
        raise Http404
    return Session(desk, centre, shift, section, kinds, now)


def _worded(
    open_for: list[AppointmentType], *, may_read: bool
) -> dict[str, tuple[AppointmentType, str]]:
    """These types by id, as this desk reads them; of those it may not know, the first stands for
    all: between two of the same words nobody can choose."""
    hidden = [kind for kind in open_for if kind.is_discreet and not may_read]
    return {
        str(kind.pk): (kind, _("Séance") if kind in hidden else kind.local_label)
        for kind in open_for
        if kind not in hidden[1:]
    }


@access("staff")
@require_http_methods(["GET", "HEAD", "POST"])
def arrival(request: HttpRequest, centre_slug: str, pk: int) -> HttpResponseBase:
    """Who it is; pressed, they wait. Those not found are typed on the next page."""
    session = _session(request, centre_slug, pk)
    given = request.POST if request.method == "POST" else request.GET
    typed, form, status, refused = given.get("q", "").strip()[:100], None, 200, ""
    is_sent = request.method == "POST"
    if is_sent or FAMILY in given:
        household = _household(session, given.get(FAMILY, ""))
        form = _form(session, household, data=request.POST if is_sent else None)
    if is_sent and form:
        status = 422
        try:
            if noted := _note(session, form):
                return _noted(request, session, noted)
        except Refusal as refusal:
            refused, status = sentence(refusal), refusal.status
            if isinstance(refusal, FamilyChanged | KindClosed):
                household = _household(session, given[FAMILY])
                form = _form(session, household, chosen=request.POST)
    sent = form if is_sent else None
    context = _found(session, typed, form) | {"refused": refused, "typed": typed, "form": sent}
    return render(request, "pages/staff/arrival.html", context, status=status)


def _household(session: Session, pk: str) -> Household:
    """Raises Http404."""
    if not (pk.isascii() and pk.isdecimal()):
        raise Http404
    household = household_of(int(pk[:18]), session.desk, now=session.now)
    note_family(household, session.desk, now=session.now)
    return household


def _form(session: Session, household: Household, **given: QueryDict | None) -> ArrivalForm:
    today = timezone.localdate()
    return ArrivalForm(household=household, kinds=session.kinds, today=today, **given)


def _note(session: Session, form: ArrivalForm) -> Appointment | None:
    """None when it is not said whole. Raises Refusal."""
    if not form.is_valid():
        if form.has_gone("guardian", "child"):
            raise FamilyChanged
        if form.has_gone("kind"):
            raise KindClosed
        return None
    return actions.note_arrival(
        shift_id=session.shift.pk,
        kind_id=int(form.cleaned_data["kind"]),
        guardian=form.parent,
        children=form.visitors,
        now=session.now,
        actor=session.desk.actor,
    )[0]


def _noted(request: HttpRequest, session: Session, visit: Appointment) -> HttpResponse:
    messages.success(request, _("C’est noté : %(name)s attend.") % {"name": name_of(visit)})
    return redirect(f"{session.board}#v{visit.pk}")


def _found(session: Session, typed: str, sent: ArrivalForm | None) -> dict[str, Any]:
    """The families that what is typed means, each with its form; one that is known comes first."""
    scope = session.desk.scope(now=session.now)
    asked = sought(typed, today=timezone.localdate())
    found = finding.find(asked, scope)
    recent = [] if typed else finding.recent(session.desk.label, scope)
    known = [each for each in [*found.same, *found.near, *recent] if each.guardians.all()]
    forms = [sent] if sent else []
    forms += [
        _form(session, each) for each in known if sent is None or each.pk != sent.household.pk
    ]
    return {
        "session": session,
        "desk": session.desk,
        "centre": session.centre,
        "forms": forms,
        "found_number": len(found),
        "is_recent": bool(recent),
        "asks_enough": asked.is_enough,
    }


@access("staff")
@require_http_methods(["GET", "HEAD", "POST"])
def newcomer(request: HttpRequest, centre_slug: str, pk: int) -> HttpResponseBase:
    """A family that no search has found, typed at the door. Those that are likely the same one are
    shown before it is made."""
    session = _session(request, centre_slug, pk)
    is_sent = request.method == "POST"
    form = ArrivalNewcomerForm(
        request.POST if is_sent else None,
        kinds=session.kinds,
        today=timezone.localdate(),
        initial=None if is_sent else first_guess(request.GET.get("q", "")[:100]),
    )
    context: dict[str, Any] = {
        "session": session,
        "desk": session.desk,
        "centre": session.centre,
        "form": form,
        "today": timezone.localdate(),
    }
    status = 200
    if is_sent:
        is_valid = form.is_valid()
        likely = likely_ones(form, session.desk.scope(now=session.now))
        context |= {"likely": likely.families, "known": likely.known}
        if request.headers.get(ALONE):
            return render(request, "partials/likely.html", context)
        status = 422 if not is_valid else 409
        if is_valid and not likely.is_news:
            try:
                return _noted(request, session, _note_newcomer(session, form))
            except Refusal as refusal:
                context["refused"], status = sentence(refusal), refusal.status
        elif is_valid:
            context["is_likely_news"] = True
    return render(request, "pages/staff/arrival_new.html", context, status=status)


def _note_newcomer(session: Session, form: ArrivalNewcomerForm) -> Appointment:
    """Raises Refusal."""
    return actions.note_newcomer(
        shift_id=session.shift.pk,
        kind_id=int(form.cleaned_data["kind"]),
        who=form.who,
        now=session.now,
        actor=session.desk.actor,
    )
