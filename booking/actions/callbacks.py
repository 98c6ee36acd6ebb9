"""Call-back requests: when no free time suits, the centre promises a call by a date."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet

from booking import rules
from booking.actors import Actor
from booking.constraints import broken_constraint
from booking.errors import AskedAgain, CallbackClosed, CallbackTaken
from booking.models import Appointment, CallbackRequest, CallbackTry
from centres.calendar import add_working_days
from centres.models import Centre, PublicHoliday

State, Outcome = CallbackRequest.State, CallbackRequest.Outcome
# As long as a call may take, and a new try of a busy line.
TAKEN_FOR = timedelta(minutes=20)
CLOSING = ("state", "outcome", "note", "closed_at", "closed_by")
TAKING = ("taken_by", "taken_until")

# Asked again, the promised date stays; what is said anew counts, what is left empty takes nothing
# back.
ASK = """
INSERT INTO booking_callbackrequest AS known
    (uid, centre_id, type_id, first_name, last_name, phone, email, language, preference,
     promised_on, again_on, state, created_at, outcome, note, closed_by, taken_by)
VALUES (%(uid)s, %(centre)s, %(type)s, %(first_name)s, %(last_name)s, %(phone)s, %(email)s,
        %(language)s, %(preference)s, %(promised_on)s, %(again_on)s, 'open', %(now)s,
        '', '', '', '')
ON CONFLICT (centre_id, type_id, phone) WHERE state = 'open' DO UPDATE SET
    first_name = excluded.first_name, last_name = excluded.last_name,
    language = excluded.language,
    email = coalesce(nullif(excluded.email, ''), known.email),
    preference = coalesce(nullif(excluded.preference, ''), known.preference),
    again_on = coalesce(excluded.again_on, known.again_on)
RETURNING id
"""


@transaction.atomic
def request_callback(
    *,
    centre_id: int,
    type_id: int,
    first_name: str,
    last_name: str,
    phone: str,
    now: datetime,
    email: str = "",
    language: str = "fr",
    preference: str = "",
    again_on: date | None = None,
) -> CallbackRequest:
    """Ask to be called back; `again_on` says another day than the one that is promised to all.

    Asking again with the same phone, for the same type and centre, brings the open request up to
    date: one call, by the date first promised."""
    centre = Centre.objects.get(pk=centre_id)
    today = now.astimezone(ZoneInfo(centre.time_zone)).date()
    holidays = PublicHoliday.objects.filter(
        department_id=centre.department_id, on__gte=today
    ).values_list("on", flat=True)
    values: dict[str, Any] = {
        "uid": uuid4(),
        "centre": centre.pk,
        "type": type_id,
        "first_name": first_name,
        "last_name": last_name,
        "phone": phone,
        "email": email,
        "language": language,
        "preference": preference[:200],
        "promised_on": rules.callback_promise(today=today, holidays=frozenset(holidays)),
        "again_on": again_on,
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(ASK, values)
        (key,) = cursor.fetchone()
    return CallbackRequest.objects.select_related("centre", "type").get(pk=key)


@transaction.atomic
def close_callback(
    *, uid: UUID, outcome: str, note: str, now: datetime, actor: Actor
) -> CallbackRequest:
    """Say what came of a request, signed and dated; the family may then ask anew.

    Closing twice with the same outcome is one closing. Raises CallbackClosed.
    """
    request = _locked(uid)
    chosen = Outcome(outcome)
    if request.state != State.OPEN:
        if request.outcome != chosen:
            raise CallbackClosed
        return request
    _close(request, chosen, note=note, now=now, actor=actor)
    return request


@transaction.atomic
def call_to_book(*, uid: UUID, note: str, now: datetime, actor: Actor) -> CallbackRequest:
    """The family is called, and a time is looked for: the request stays open until one is booked,
    and what is noted meanwhile is kept. It is this agent's for a while, unless a colleague took it.

    Raises CallbackClosed.
    """
    request = _locked(uid)
    if request.state != State.OPEN:
        raise CallbackClosed
    if request.taken(now=now) in ("", actor.label):
        request.taken_by, request.taken_until = actor.label, now + TAKEN_FOR
    request.note = note.strip()[:200] or request.note
    request.save(update_fields=["note", *TAKING])
    return request


class Called(NamedTuple):
    """What was booked on a call, if anything, and whether its request is closed by that."""

    booked: Appointment | None
    is_closed: bool


@transaction.atomic
def book_called(
    *, uid: UUID, book: Callable[[], Appointment | None], now: datetime, actor: Actor
) -> Called:
    """Book for a family that asked to be called back: what is booked closes its request, with it or
    not at all. A request that is gone, or closed by somebody else, stays as it is; nobody's booking
    waits for that. It is locked last of all.

    Raises whatever `book` raises; then the request stays open.
    """
    booked = book()
    request = _locked_if_any(uid) if booked is not None else None
    if request is None:
        return Called(booked, is_closed=False)
    if request.state == State.OPEN:
        _close(request, Outcome.BOOKED, note="", now=now, actor=actor)
    return Called(booked, is_closed=request.outcome == Outcome.BOOKED)


@transaction.atomic
def call_again(
    *,
    uid: UUID,
    now: datetime,
    actor: Actor,
    again_on: date | None = None,
    note: str = "",
    seen: int | None = None,
) -> CallbackRequest:
    """Nobody answered: the request stays open, to be called again on that day, or on the next
    working day. `seen` is how many tries the page showed: pressed twice, it was one call.

    Raises CallbackClosed.
    """
    request = _locked(uid)
    if request.state != State.OPEN:
        raise CallbackClosed
    if seen is not None and made_tries(request).count() > seen:
        return request
    today = now.astimezone(ZoneInfo(request.centre.time_zone)).date()
    holidays = PublicHoliday.objects.filter(
        department_id=request.centre.department_id, on__gte=today
    ).values_list("on", flat=True)
    day = again_on or add_working_days(today, 1, frozenset(holidays))
    _write_try(request, Outcome.UNREACHED, note=note, now=now, actor=actor, again_on=day)
    request.again_on, request.taken_by, request.taken_until = day, "", None
    request.save(update_fields=["again_on", *TAKING])
    return request


@transaction.atomic
def undo_call(*, uid: UUID, now: datetime, call: int | None = None) -> CallbackRequest:
    """The last call noted was a mistake: the request is again as before it, and open. `call` is the
    one (its key) that the page showed as the last: pressed twice, no other is undone.

    Nothing happens when no call is noted. Raises AskedAgain.
    """
    request = _locked(uid)
    last = made_tries(request).order_by("-pk").first()
    if last is None or call not in (None, last.pk):
        return request
    last.undone_at = now
    last.save(update_fields=["undone_at"])
    # A day that was agreed since this call stands.
    if last.again_on is not None and request.again_on == last.again_on:
        request.again_on = last.again_before
    request.state, request.outcome, request.note = State.OPEN, "", ""
    request.closed_at, request.closed_by = None, ""
    try:
        with transaction.atomic():
            request.save(update_fields=["again_on", *CLOSING])
    except IntegrityError as error:
        if broken_constraint(error) != "callback_one_open_per_phone":
            raise
        raise AskedAgain from error
    return request


@transaction.atomic
def take_callback(*, uid: UUID, now: datetime, actor: Actor) -> CallbackRequest:
    """Tell colleagues that one is about to call, for a while.

    Raises CallbackClosed, CallbackTaken."""
    request = _locked(uid)
    if request.state != State.OPEN:
        raise CallbackClosed
    if request.taken(now=now) not in ("", actor.label):
        raise CallbackTaken
    request.taken_by, request.taken_until = actor.label, now + TAKEN_FOR
    request.save(update_fields=TAKING)
    return request


@transaction.atomic
def leave_callback(*, uid: UUID, now: datetime, actor: Actor) -> CallbackRequest:
    """Leave a call to the colleagues. Nothing happens when it is somebody else's."""
    request = _locked(uid)
    if request.taken(now=now) in ("", actor.label):
        request.taken_by, request.taken_until = "", None
        request.save(update_fields=TAKING)
    return request


def made_tries(request: CallbackRequest) -> QuerySet[CallbackTry]:
    """The calls that stand."""
    return CallbackTry.objects.filter(request=request, undone_at=None)


def _locked(uid: UUID) -> CallbackRequest:
    """Raises CallbackRequest.DoesNotExist."""
    request = _locked_if_any(uid)
    if request is None:
        raise CallbackRequest.DoesNotExist
    return request


def _locked_if_any(uid: UUID) -> CallbackRequest | None:
    found = CallbackRequest.objects.select_for_update(of=("self",)).select_related("centre")
    return found.filter(uid=uid).first()


def _close(
    request: CallbackRequest,
    outcome: CallbackRequest.Outcome,
    *,
    note: str,
    now: datetime,
    actor: Actor,
) -> None:
    """An open one, locked; what was noted while a time was looked for is told with it."""
    note = note.strip()[:200] or request.note
    _write_try(request, outcome, note=note, now=now, actor=actor)
    request.outcome, request.state, request.note = outcome, outcome.state, note
    request.closed_at, request.closed_by = now, actor.label
    request.taken_by, request.taken_until = "", None
    request.save(update_fields=[*CLOSING, *TAKING])


def _write_try(
    request: CallbackRequest,
    outcome: str,
    *,
    note: str,
    now: datetime,
    actor: Actor,
    again_on: date | None = None,
) -> None:
    CallbackTry.objects.create(
        request=request,
        at=now,
        by=actor.label,
        outcome=outcome,
        note=note.strip()[:200],
        again_on=again_on,
        again_before=request.again_on,
    )
