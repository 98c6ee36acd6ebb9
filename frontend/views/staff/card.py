"""What a family takes home: a card in its own language, and its message once more."""

from __future__ import annotations

import io

import segno
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from booking import actions, telling
from booking.contacts import LANGUAGES, spoken_languages
from booking.errors import Refusal
from booking.models import Appointment
from frontend.access import access
from frontend.map import picture
from frontend.refusals import sentence
from frontend.staff import desk_of
from frontend.views.staff.timeline import appointment_of, opened
from notifications.words.defaults import phrase
from notifications.words.kinds import RIGHT_TO_LEFT, html_language, known_language

WORDS = ("title", "where", "with", "for", "bring", "call", "reference", "scan", "off", "french")


@access("staff")
@require_safe
def card(request: HttpRequest, reference: str) -> HttpResponse:
    """On A6 or A5. Printing it is reading: it is noted as such."""
    desk, now = desk_of(request), timezone.now()
    appointment = opened(desk, reference, now=now)
    household = appointment.household
    asked = request.GET.get("langue", "")
    own = household.language if household else "fr"
    language = known_language(asked if asked in LANGUAGES else own)
    said = telling.card_values(appointment, language)
    context = {
        "appointment": appointment,
        "said": said,
        "words": {name: phrase(f"card_{name}", language) for name in WORDS},
        "spoken": html_language(language),
        "direction": "rtl" if language in RIGHT_TO_LEFT else "ltr",
        "languages": [(code, name, code == language) for code, name in spoken_languages()],
        "code": qr(said["short_link"]),
        "map": picture([appointment.centre], here=[appointment.centre_id]),
        "is_off": appointment.state == Appointment.State.CANCELLED,
    }
    return render(request, "pages/staff/card.html", context)


def qr(address: str) -> SafeString:
    """A drawing that phones read, without any style of its own."""
    drawing = io.BytesIO()
    segno.make_qr(address, error="m").save(
        drawing, kind="svg", xmldecl=False, svgns=False, omitsize=True, border=4, lineclass=None
    )
    return mark_safe(drawing.getvalue().decode())  # noqa: S308  made of squares alone


@access("staff")
@require_POST
def send_again(request: HttpRequest, reference: str) -> HttpResponse:
    desk = desk_of(request)
    appointment = appointment_of(desk, reference)
    try:
        actions.send_again(
            uid=appointment.uid,
            channel=request.POST.get("channel", "")[:8],
            now=timezone.now(),
            actor=desk.actor,
        )
    except Refusal as refusal:
        messages.error(request, sentence(refusal))
    else:
        messages.success(request, _("C’est reparti : la famille le reçoit dans la minute."))
    return redirect("timeline", appointment.spoken_reference)
