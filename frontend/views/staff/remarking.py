"""A remark on an appointment: written, changed or removed by who may know what it is for."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from booking import actions, histories
from booking.actions.remarking import RemarkChanged
from booking.errors import Refusal
from booking.models import Appointment
from frontend.access import access
from frontend.forms_staff import RemarkForm
from frontend.history_words import who
from frontend.refusals import Step
from frontend.staff import Desk, desk_of
from frontend.views.staff.desk import unchanged
from frontend.views.staff.timeline import opened, remark_form, sent_back


@access("staff")
@require_http_methods(["GET", "HEAD", "POST"])
def remark(request: HttpRequest, reference: str) -> HttpResponseBase:
    """The form stands on the appointment's page; here it comes back with what is wrong."""
    desk, now = desk_of(request), timezone.now()
    appointment = opened(desk, reference, now=now)
    if not desk.knows_type(appointment):
        return _not_theirs(request, desk, appointment)
    if request.method != "POST":
        return _page(request, desk, appointment, remark_form(appointment))
    form = RemarkForm(request.POST)
    if not form.is_valid():
        return _page(request, desk, appointment, form, status=422)
    try:
        text = actions.write_remark(
            uid=appointment.uid,
            text=form.cleaned_data["text"],
            seen=form.cleaned_data["seen"],
            now=now,
            actor=desk.actor,
        )
    except Refusal as refusal:
        return _refused(request, desk, appointment, form, refusal)
    messages.success(request, _("C’est noté.") if text else _("Il n’y a plus de remarque."))
    return redirect("timeline", appointment.spoken_reference)


def _not_theirs(request: HttpRequest, desk: Desk, appointment: Appointment) -> HttpResponse:
    """What was typed comes back, for whoever may write it; nothing of what is noted does."""
    why = _("La remarque de ce rendez-vous est à son professionnel et au responsable.")
    if request.method != "POST":
        return sent_back(request, appointment, why)
    typed = "" if "vider" in request.POST else request.POST.get("text", "").strip()
    path = reverse("timeline", args=[appointment.spoken_reference])
    back = Step(path, _("Revenir au rendez-vous"))
    return unchanged(request, desk, why, status=403, typed=typed, back=back)


def _refused(
    request: HttpRequest, desk: Desk, appointment: Appointment, form: RemarkForm, refusal: Refusal
) -> HttpResponse:
    """What stands now, whose it is, and what was typed, to be written over it, or not."""
    typed, seen, said = form.cleaned_data["text"], form.cleaned_data["seen"], _(refusal.message)
    if isinstance(refusal, RemarkChanged):
        seen, by = str(refusal.details["stands"]), str(refusal.details["by"])
        values = {"who": who(by, histories.staff_named([by])), "text": seen}
        said = _("Pendant que vous écriviez, %(who)s a noté : « %(text)s ».") % values
        if not seen:
            said = _("Pendant que vous écriviez, quelqu’un a retiré la remarque.")
    again = RemarkForm(initial={"text": typed, "seen": seen})
    return _page(request, desk, appointment, again, refusal=said, status=refusal.status)


def _page(
    request: HttpRequest,
    desk: Desk,
    appointment: Appointment,
    form: RemarkForm,
    *,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    context = {"desk": desk, "appointment": appointment, "form": form, "refusal": refusal}
    return render(request, "pages/staff/remark.html", context, status=status)
