"""The messages of one appointment, found by the reference a family reads out."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from booking.desk import appointment_of_reference, messages_about
from booking.models import Appointment
from frontend.access import access
from frontend.forms_staff import ReferenceForm
from frontend.message_words import kind_of, timeline
from frontend.staff import Desk, desk_of


def _found(desk: Desk, typed: str) -> Appointment | None:
    """An appointment of one of the desk's centres; another's is not found."""
    appointment = appointment_of_reference(typed)
    if appointment is None or appointment.centre not in desk.centres:
        return None
    return appointment


@access("staff")
@require_safe
def search(request: HttpRequest) -> HttpResponseBase:
    desk = desk_of(request)
    form = ReferenceForm(request.GET if "reference" in request.GET else None)
    if form.is_bound and form.is_valid():
        appointment = _found(desk, form.cleaned_data["reference"])
        if appointment:
            return redirect("timeline", appointment.spoken_reference)
        form.add_error("reference", _("Aucun rendez-vous de vos centres n’a ce numéro."))
    status = 422 if form.is_bound else 200
    return render(request, "pages/staff/search.html", {"desk": desk, "form": form}, status=status)


@access("staff")
@require_safe
def of_appointment(request: HttpRequest, reference: str) -> HttpResponse:
    desk = desk_of(request)
    appointment = _found(desk, reference)
    if appointment is None:
        raise Http404
    found = messages_about(appointment)
    context = {
        "desk": desk,
        "appointment": appointment,
        "centre": appointment.centre,
        "messages_told": [(each, kind_of(each), timeline(each)) for each in found],
    }
    return render(request, "pages/staff/timeline.html", context)
