"""Putting right what an appointment is for, or which child, without another time."""

from __future__ import annotations

from copy import copy
from datetime import datetime
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from booking import actions
from booking.actions.amending import AMENDABLE, shown
from booking.desk import news_leaves_at
from booking.errors import NotOffered, Refusal, SlotTaken
from booking.models import Appointment
from centres.calendar import to_minute
from centres.models import AppointmentType
from frontend.access import access
from frontend.forms_amend import AmendForm
from frontend.moving import Target, explain, news
from frontend.staff import Desk, desk_of
from frontend.views.staff.timeline import appointment_of, opened, sent_back


@access("staff")
@require_http_methods(["GET", "HEAD", "POST"])
def amend(request: HttpRequest, reference: str) -> HttpResponseBase:
    """The types of its half-day and the children of its family; pressed, it is put right."""
    desk, now = desk_of(request), timezone.now()
    appointment = opened(desk, reference, now=now)
    if not desk.knows_type(appointment):
        why = _("Le motif de ce rendez-vous est à son professionnel et au responsable.")
        return sent_back(request, appointment, why)
    form = _form(request.POST if request.method == "POST" else None, appointment)
    if not form.is_bound or not form.is_valid():
        return _page(request, desk, appointment, form, status=422 if form.is_bound else 200)
    try:
        amended = actions.amend(
            uid=appointment.uid,
            kind=form.asked_kind,
            child=form.asked_child,
            due_on=form.asked_due_on,
            seen=form.cleaned_data["version"],
            now=now,
            actor=desk.actor,
        )
    except Refusal as refusal:
        return _refused(request, desk, appointment, form, refusal)
    messages.success(request, _told(appointment, amended, now=now))
    return redirect("timeline", appointment.spoken_reference)


def _form(data: QueryDict | None, appointment: Appointment) -> AmendForm:
    """Two queries: what its half-day is for, and who the children are."""
    offered = AppointmentType.objects.filter(offers__shift=appointment.shift_id, is_active=True)
    at_door = Q(booking=AppointmentType.Booking.WALK_IN)
    is_at_door = appointment.booked_via == Appointment.Via.DOOR
    kinds = list(offered.filter(at_door if is_at_door else ~at_door).order_by("position"))
    if appointment.type not in kinds:
        kinds.insert(0, appointment.type)
    household = appointment.household
    children = list(household.children.order_by("born_on", "pk")) if household else []
    return AmendForm(data, appointment, kinds=kinds, children=children)


def _refused(
    request: HttpRequest,
    desk: Desk,
    appointment: Appointment,
    form: AmendForm,
    refusal: Refusal,
) -> HttpResponse:
    """Why not, in one sentence, and the way on; what was chosen stays chosen, of the version as it
    is now."""
    as_asked = copy(appointment)
    as_asked.type = form.asked_kind
    start = to_minute(appointment.starts_at)
    target = Target(start, appointment.site_id, appointment.practitioner_id)
    said = explain(refusal, as_asked, target, desk=desk, now=timezone.now())
    now_it_is = appointment_of(desk, appointment.reference)
    typed = request.POST.copy()
    typed["version"] = shown(now_it_is)
    return _page(
        request,
        desk,
        now_it_is,
        _form(typed, now_it_is),
        refusal=said,
        is_no_room=isinstance(refusal, SlotTaken | NotOffered),
        status=refusal.status,
    )


def _page(
    request: HttpRequest,
    desk: Desk,
    appointment: Appointment,
    form: AmendForm,
    *,
    refusal: str = "",
    is_no_room: bool = False,
    status: int,
) -> HttpResponse:
    context = {
        "desk": desk,
        "appointment": appointment,
        "form": form,
        "refusal": refusal,
        "is_no_room": is_no_room,
        "is_amendable": appointment.state in AMENDABLE,
    }
    return render(request, "pages/staff/amend.html", context, status=status)


def _told(before: Appointment, amended: Appointment, *, now: datetime) -> str:
    """What came of it, and whether its family hears of it: of another child it need not. One query
    at most."""
    if (amended.type_id, shown(amended)) == (before.type_id, shown(before)):
        return _("Rien n’a changé.")
    said = [_("C’est corrigé.")]
    is_awaited = amended.state == Appointment.State.BOOKED and amended.starts_at > now
    if amended.type_id != before.type_id and is_awaited and amended.household_id:
        said.append(news(news_leaves_at(amended), now, ZoneInfo(amended.centre.time_zone)))
    return " ".join(said)
