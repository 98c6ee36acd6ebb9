"""Who: the few details a centre needs, for the time that is held."""

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from booking import actions, verification
from booking.access import (
    BadLink,
    appointment_for_hold,
    guardians_of_contact,
    hold_to_confirm,
    hold_token,
)
from booking.actions.confirming import check_person
from booking.actors import SMS, channel_of
from booking.errors import (
    AddressUnreachable,
    AgeNotAllowed,
    AlreadyBookedThen,
    LimitReached,
    NumberUnreachable,
    TooManyAttempts,
    TooManyGuesses,
    TooManySms,
    Unreachable,
    WeeksNotAllowed,
)
from booking.models import Appointment, Verification
from booking.reaching import has_sms
from frontend import cookies, draft, limits, pending, refusals, typed
from frontend.access import access
from frontend.forms import WhoForm
from frontend.limits import DETAILS, SMALL, limited

LANGUAGE_FIELDS = ("message_language", "offered_language")
# Refusals that the person can mend on this very page, and the field each is about.
MENDABLE = (
    AgeNotAllowed,
    WeeksNotAllowed,
    LimitReached,
    AlreadyBookedThen,
    TooManyAttempts,
    TooManyGuesses,
    Unreachable,
)
FIELD_OF = {
    AgeNotAllowed: "child_born_on",
    WeeksNotAllowed: "due_on",
    TooManySms: "phone",
    NumberUnreachable: "phone",
    AddressUnreachable: "email",
}


@access("hold")
@draft.keeping
@limited(DETAILS)
def who(request: HttpRequest, token: str) -> HttpResponse:
    now = timezone.now()
    held = (hold_to_confirm if request.method == "POST" else appointment_for_hold)(token)
    if request.method != "POST":
        if (elsewhere := pending.elsewhere(request, held, [], now=now)) is not None:
            return elsewhere
        return _page(request, held, _form(held, now, initial=_known(request, held, now)), now=now)
    carried = typed.from_post(request.POST)
    if (elsewhere := pending.elsewhere(request, held, carried, now=now)) is not None:
        return elsewhere
    form = _form(held, now, data=request.POST)
    if not form.is_valid():
        return _page(request, held, form, now=now, status=422)
    try:
        return _go_on(request, held, form, now=now)
    except MENDABLE as refusal:
        form.add_error(FIELD_OF.get(type(refusal)), refusals.sentence(refusal))
        return _page(request, held, form, now=now, status=refusal.status)


def _go_on(
    request: HttpRequest, held: Appointment, form: WhoForm, *, now: datetime
) -> HttpResponse:
    """Confirm at once for a contact proved lately; otherwise send it a code."""
    person = form.who
    if cookies.proved_contact(request, now=now) == person.contact:
        booked = actions.confirm(uid=held.uid, who=person, now=now, seen=held)
        limits.came_to_good(request, held, booked, now=now)
        return pending.confirmed(booked, person.contact, now=now)
    check_person(held.type, held.centre, person, starts_at=held.starts_at)
    waiting = pending.same_code(held, person.contact, form.payload, now=now)
    if waiting is None:
        limits.check_may_send(request, person.contact, now=now)
        waiting = verification.send_code(
            purpose=Verification.Purpose.BOOKING,
            contact=person.contact,
            language=person.language,
            now=now,
            appointment=held,
            payload=form.payload,
        )
    return redirect("code", hold_token(held), waiting.uid)


def _form(held: Appointment, now: datetime, **options: Any) -> WhoForm:
    today = timezone.localdate(now, ZoneInfo(held.centre.time_zone))
    return WhoForm(audience=held.type.audience, today=today, has_sms=has_sms(), **options)


def _known(request: HttpRequest, held: Appointment, now: datetime) -> dict[str, Any]:
    """What this browser typed before: on its way (it went back, or elsewhere), for this very time
    (it changes the contact), or as a contact proved in the last half hour."""
    if fields := draft.kept(request):
        return typed.as_initial(fields)
    if cookies.is_holder(request, held) and (payload := pending.last_typed(held)):
        return payload
    contact = cookies.proved_contact(request, now=now)
    return {} if contact is None else known_of(contact)


def known_of(contact: str) -> dict[str, Any]:
    """What is known of whoever proved this contact."""
    channel = channel_of(contact)
    proved = {"phone" if channel == SMS else "email": contact, "contact_channel": channel}
    guardians = guardians_of_contact(contact)
    if not guardians:
        return proved
    person = guardians[0]
    names = {"first_name": person.first_name, "last_name": person.last_name}
    language = dict.fromkeys(LANGUAGE_FIELDS, person.household.language)
    # Of several who share a contact, nobody is shown what another gave beside it.
    given = {} if len(guardians) > 1 else {"email": person.email, "phone": person.number}
    return names | language | given | proved


def _page(
    request: HttpRequest,
    held: Appointment,
    form: WhoForm,
    *,
    now: datetime,
    status: int = 200,
    was_extended: bool = False,
) -> HttpResponse:
    context = {
        "appointment": held,
        "form": form,
        "typed_form": "who-form",
        "clock": pending.clock(held, now=now),
        "was_extended": was_extended,
        "is_proved": cookies.proved_contact(request, now=now) is not None,
    }
    return render(request, "pages/who.html", context, status=status)


@access("hold")
@draft.keeping
@limited(SMALL)
def extend(request: HttpRequest, token: str) -> HttpResponse:
    """Hold a quarter of an hour more, and show the page again with what was typed so far."""
    held, now = appointment_for_hold(token), timezone.now()
    if request.method != "POST":
        return redirect("who", token)
    carried = typed.from_post(request.POST)
    if (elsewhere := pending.elsewhere(request, held, carried, now=now)) is not None:
        return elsewhere
    if not held.is_extended:
        held = actions.extend_hold(uid=held.uid, now=now)
    if code := request.POST.get("code_uid", ""):
        return redirect("code", token, pending.code_for(held, _uuid(code)).uid)
    form = _form(held, now, initial=typed.as_initial(request.POST))
    return _page(request, held, form, now=now, was_extended=True)


@access("hold")
@limited(SMALL)
def keep(request: HttpRequest, token: str) -> HttpResponse:
    """Keep what was typed so far while the family reads what becomes of it."""
    held = appointment_for_hold(token)
    if request.method != "POST":
        return redirect("who", token)
    response = redirect("privacy")
    if held.state in pending.UNCONFIRMED:  # a tab left open must not bring back what is done
        draft.keep(response, request.POST)
    return response


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise BadLink from error
