"""Whom to phone today: the list of a centre, and each lost message with what can be done."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_POST, require_safe

from booking import correcting
from booking.desk import appointments_of, calls, family_of, problem_with, strays
from booking.errors import Refusal
from frontend.access import access
from frontend.calling import Line, other_ways
from frontend.forms_staff import AddressForm
from frontend.message_words import kind_of, timeline, why
from frontend.reading import note_message
from frontend.refusals import Step
from frontend.staff import Desk, desk_of
from notifications import handling
from notifications.models import Inbound, OutboxMessage
from notifications.models.outbox import LOST_STATES
from notifications.queries import readable

PLAIN = {
    "prevenu": (handling.tell, gettext_noop("C’est noté : la famille est prévenue.")),
    "renvoyer": (handling.resend, gettext_noop("Le message repart.")),
    "sans-suite": (handling.close, gettext_noop("C’est noté : sans suite.")),
}
# As many as a page can carry; the next ones come up as these are phoned.
SHOWN = 12
DONE = gettext_noop("C’est noté.")


@access("staff")
@require_safe
def choice(request: HttpRequest) -> HttpResponseBase:
    """One's own centres, each with how many families it has to phone."""
    desk = desk_of(request)
    if not desk.centres:
        return redirect(desk.home)
    lines = [Line(call) for call in strays()] if desk.runs_service else []
    if len(desk.centres) == 1 and not lines:
        return redirect("desk", desk.centres[0].slug)
    found, capped = calls(desk.centres, now=timezone.now())
    number = Counter(call.centre for call in found)
    rows = [(centre, number[centre.slug], centre.slug in capped) for centre in desk.centres]
    rows.sort(key=lambda row: (-row[1], row[0].name))
    context = {"desk": desk, "rows": rows, "lines": lines[:SHOWN]}
    return render(request, "pages/staff/choice.html", context)


@access("staff")
@require_safe
def listing(request: HttpRequest, centre_slug: str) -> HttpResponse:
    desk = desk_of(request)
    centre = desk.centre(centre_slug)
    found, capped = calls([centre], now=timezone.now())
    context = {
        "desk": desk,
        "centre": centre,
        "lines": [Line(call) for call in found[:SHOWN]],
        "total": len(found),
        "is_capped": bool(capped),
        "more": max(0, len(found) - SHOWN),
    }
    return render(request, "pages/staff/calls.html", context)


def _message(desk: Desk, pk: int) -> OutboxMessage:
    """A message of one of the desk's centres. Raises Http404. Codes are nobody's to read."""
    found = OutboxMessage.objects.exclude(kind__in=handling.NOBODY_WAITS_FOR)
    message = get_object_or_404(found, pk=pk)
    desk.must_have(message.scope)
    return message


@access("staff")
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    desk = desk_of(request)
    return _detail(request, desk, _message(desk, pk))


def _detail(
    request: HttpRequest, desk: Desk, message: OutboxMessage, form: AddressForm | None = None
) -> HttpResponse:
    appointments, centre = appointments_of(message), desk.centre(message.scope)
    if household := family_of(message, appointments):
        note_message(household, centre.pk, desk, now=timezone.now())
    guardian = appointments[0].guardian if appointments else None
    ways = handling.channels_for(message.kind)
    last = message.ledger.order_by("-number").first()
    context: dict[str, Any] = {
        "desk": desk,
        "message": message,
        "centre": centre,
        "appointments": appointments,
        "guardian": guardian,
        "what": kind_of(message),
        "why": why(message, problem=problem_with(message), outcome=last.outcome if last else ""),
        "words": readable(message),
        "steps": timeline(message),
        "is_open": not message.handled_as and message.state in LOST_STATES,
        "is_unsure": not message.handled_as and message.state == message.State.UNCERTAIN,
        "ways": other_ways(message, guardian, ways),
        "form": form or AddressForm(ways=ways),
    }
    return render(request, "pages/staff/message.html", context, status=422 if form else 200)


@access("staff")
@require_POST
def act(request: HttpRequest, pk: int, action: str) -> HttpResponseBase:
    """Told, sent again, or closed: one press, signed."""
    desk = desk_of(request)
    if action not in PLAIN:
        raise Http404
    message = _message(desk, pk)
    do, said = PLAIN[action]
    try:
        do(pk=pk, by=desk.label, now=timezone.now())
    except handling.NotHandled as refusal:
        return refused(request, desk, refusal, message)
    messages.success(request, _(said))
    return redirect("desk", message.scope)


@access("staff")
@require_POST
def redirect_message(request: HttpRequest, pk: int) -> HttpResponseBase:
    """To another address, or by the other channel."""
    desk = desk_of(request)
    message = _message(desk, pk)
    form = AddressForm(request.POST, ways=handling.channels_for(message.kind))
    if not form.is_valid():
        return _detail(request, desk, message, form)
    found = appointments_of(message) if form.cleaned_data["correct"] else []
    try:
        correcting.redirect(
            pk=pk,
            channel=form.cleaned_data["channel"],
            address=form.cleaned_data["address"],
            by=desk.label,
            now=timezone.now(),
            guardian=found[0].guardian if found else None,
        )
    except handling.NotHandled as refusal:
        if refusal.status != 422:
            typed = form.cleaned_data["address"]
            return refused(request, desk, refusal, message, typed=typed)
        form.add_error("address", getattr(refusal, "said", "") or _(refusal.message))
        return _detail(request, desk, message, form)
    messages.success(request, _("Le message part à la nouvelle adresse."))
    return redirect("desk", message.scope)


@access("staff")
@require_POST
def reply_read(request: HttpRequest, pk: int) -> HttpResponseBase:
    desk = desk_of(request)
    reply = get_object_or_404(Inbound, pk=pk)
    if reply.scope or not desk.runs_service:
        desk.must_have(reply.scope)
    try:
        handling.read_reply(pk=pk, by=desk.label, now=timezone.now())
    except handling.NotHandled as refusal:
        return refused(request, desk, refusal)
    messages.success(request, _(DONE))
    return redirect("desk", reply.scope) if reply.scope else redirect("desk-choice")


def refused(
    request: HttpRequest,
    desk: Desk,
    refusal: handling.NotHandled | Refusal,
    message: OutboxMessage | None = None,
    *,
    typed: str = "",
    back: Step | None = None,
) -> HttpResponse:
    """Nothing was changed: why, and where to go on."""
    if message is not None:
        message.refresh_from_db()
    return unchanged(
        request,
        desk,
        _(refusal.message),
        status=refusal.status,
        message=message,
        typed=typed,
        back=back,
    )


def unchanged(
    request: HttpRequest,
    desk: Desk,
    says: str,
    *,
    status: int,
    message: OutboxMessage | None = None,
    typed: str = "",
    back: Step | None = None,
) -> HttpResponse:
    """The same for other reasons. What was `typed` is shown, to be copied; `back` leads to where
    it was typed."""
    context = {"desk": desk, "says": says, "message": message, "typed": typed, "back": back}
    return render(request, "pages/staff/refused.html", context, status=status)
