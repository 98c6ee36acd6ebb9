"""The six-digit code that proves the e-mail address or the number, and confirms the appointment."""

from datetime import datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from booking import actions, verification
from booking.access import appointment_for_hold, hold_to_confirm, hold_token
from booking.errors import CodeExpired, CodeWrong, Refusal, TooManyAttempts, TooManyGuesses
from booking.models import Appointment, Verification
from frontend import cookies, limits, pending, refusals, typed
from frontend.access import access
from frontend.forms import CodeForm, who_from_payload
from frontend.limits import CODES, limited
from frontend.refusals import Step


@access("hold")
@limited(CODES)
def code(request: HttpRequest, token: str, uid: UUID) -> HttpResponse:
    held = (hold_to_confirm if request.method == "POST" else appointment_for_hold)(token)
    now = timezone.now()
    waiting = pending.code_for(held, uid)
    typed_so_far = _typed(request, held, waiting)
    if (elsewhere := pending.elsewhere(request, held, typed_so_far, now=now)) is not None:
        return elsewhere
    form = CodeForm(request.POST if request.method == "POST" else None)
    if not form.is_bound:
        return _page(request, held, waiting, form, now=now)
    if not form.is_valid():
        return _page(request, held, waiting, form, now=now, status=422)
    try:
        waiting = verification.check_code(
            uid=uid,
            code=form.cleaned_data["code"],
            now=now,
            asker=limits.client_of(request),
        )
    except TooManyGuesses as refusal:
        other = Step(_details_url(held), _("Prendre un autre contact"))
        return refusals.page(request, refusal, steps=[other, refusals.call(held.centre)])
    except (CodeWrong, CodeExpired, TooManyAttempts) as refusal:
        form.add_error("code", refusals.sentence(refusal))
        waiting.refresh_from_db()
        return _page(request, held, waiting, form, now=now, status=refusal.status)
    return _confirm(request, held, waiting, now=now)


def _confirm(
    request: HttpRequest, held: Appointment, waiting: Verification, *, now: datetime
) -> HttpResponse:
    """The contact is proved, whatever becomes of the time: a refusal here costs no second code."""
    person = who_from_payload(waiting.payload, language=get_language() or "fr")
    try:
        booked = actions.confirm(uid=held.uid, who=person, now=now, seen=held)
    except Refusal as refusal:
        response = _refused(request, held, waiting, refusal, now=now)
        cookies.remember_contact(response, waiting.contact, now=now)
        return response
    verification.use(waiting, now=now)
    limits.came_to_good(request, held, booked, now=now)
    return pending.confirmed(booked, waiting.contact, now=now)


def _refused(
    request: HttpRequest,
    held: Appointment,
    waiting: Verification,
    refusal: Refusal,
    *,
    now: datetime,
) -> HttpResponse:
    held.refresh_from_db()
    carried = typed.from_payload(waiting.payload)
    if (elsewhere := pending.elsewhere(request, held, carried, now=now)) is not None:
        return elsewhere
    back = Step(_details_url(held), _("Corriger mes informations"))
    return refusals.page(request, refusal, steps=[back, *refusals.default_steps()])


def _typed(request: HttpRequest, held: Appointment, waiting: Verification) -> typed.Fields:
    """What was typed, for the browser that typed it only: an address may have been passed on."""
    return typed.from_payload(waiting.payload) if cookies.is_holder(request, held) else []


@access("hold")
@limited(CODES)
def resend(request: HttpRequest, token: str, uid: UUID) -> HttpResponse:
    held, now = appointment_for_hold(token), timezone.now()
    waiting = pending.code_for(held, uid)
    typed_so_far = _typed(request, held, waiting)
    if (elsewhere := pending.elsewhere(request, held, typed_so_far, now=now)) is not None:
        return elsewhere
    if request.method != "POST":
        return redirect("code", token, uid)
    try:
        limits.check_may_send(request, waiting.contact, now=now)
        language = waiting.payload.get("message_language") or get_language() or "fr"
        verification.resend_code(uid=uid, language=language, now=now)
    except Refusal as refusal:
        back = Step(_details_url(held), _("Corriger mes informations"))
        return refusals.page(request, refusal, steps=[back, *refusals.default_steps()])
    return redirect(f"{request.path.removesuffix('renvoyer/')}?renvoye=1")


def _details_url(held: Appointment) -> str:
    """The step before, filled in as it was left."""
    return reverse("who", args=[hold_token(held)])


def _page(
    request: HttpRequest,
    held: Appointment,
    waiting: Verification,
    form: CodeForm,
    *,
    now: datetime,
    status: int = 200,
) -> HttpResponse:
    can_try = waiting.attempts < verification.MAX_ATTEMPTS
    context = {
        "appointment": held,
        "waiting": waiting,
        "form": form,
        "clock": pending.clock(held, now=now),
        "details_url": _details_url(held),
        "was_resent": "renvoye" in request.GET,
        "can_resend": can_try and waiting.sends < verification.MAX_SENDS,
        "can_try": can_try,
    }
    return render(request, "pages/code.html", context, status=status)
