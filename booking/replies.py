"""What a family's SMS does: « 1 » keeps, « 2 » cancels after one more question, « 3 » has them
called back, STOP is the last one. What was not understood is for the centre's desk to read. What
answers a time that was offered is offer_replies' to follow.

Called by `notifications.replies` inside the transaction that closes the reply.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from booking import actions, offer_replies
from booking.actors import FAMILY_BY_SMS
from booking.errors import Refusal
from booking.locking import lock_shifts_of
from booking.messages import CANCELLED
from booking.models import Appointment, Guardian, Household
from booking.offer_replies import ANSWER_FOR
from booking.queries import visits_told
from booking.telling import short_values
from centres.models import Department
from notifications import replies
from notifications.models import Inbound, OutboxMessage
from notifications.replies import Outcome
from notifications.sms.senders import takes_replies

Meaning = Inbound.Meaning
# How long the question « cancel? » waits for its answer.
ASK_FOR = timedelta(hours=24)
NOT_UNDERSTOOD = "not_understood"


@dataclass(frozen=True, slots=True)
class Day:
    """What the answered message was about: a household's day, and what is left of it."""

    subject_ref: str
    household: Household
    language: str
    visits: Sequence[Appointment]  # still ahead, by time; all of one day


def act(inbound: Inbound, now: datetime) -> Outcome:
    """Do what the reply asks for."""
    if inbound.meaning == Meaning.STOP:
        return _stop(inbound, now=now)
    return offer_replies.act(inbound, now) or _about_day(inbound, now=now)


def _about_day(inbound: Inbound, *, now: datetime) -> Outcome:
    day = _day_of(inbound, now=now)
    if day is None or inbound.meaning == Meaning.UNKNOWN:
        return _not_understood(inbound, now=now)
    if not day.visits:
        # Moved or cancelled meanwhile: whatever they mean, somebody should tell them.
        return Outcome("nothing_left", needs_person=True)
    if inbound.meaning == Meaning.KEEP:
        _answer(inbound, "reply_kept", day, now=now)
        return Outcome("kept")
    if inbound.meaning == Meaning.CALL:
        _call_back(inbound, day.visits[0], now=now)
        _answer(inbound, "reply_callback", day, now=now)
        return Outcome("callback")
    return _cancel(inbound, day, now=now)


def _cancel(inbound: Inbound, day: Day, *, now: datetime) -> Outcome:
    """Ask first; a second « 2 », to the question and within its time, cancels."""
    if replies.answers_question(inbound):
        return _cancel_all(inbound, day, now=now)
    if replies.is_asked_already(inbound, day.subject_ref):
        return Outcome("asked")
    asked = inbound.answers
    if asked is not None and not takes_replies(_sender_of(asked)):
        return Outcome("cannot_ask", needs_person=True)
    _answer(inbound, "reply_ask", day, now=now, valid_for=ASK_FOR)
    return Outcome("asked")


def _cancel_all(inbound: Inbound, day: Day, *, now: datetime) -> Outcome:
    """What may still be cancelled is; the rest is talked over on the telephone. One SMS says so:
    the usual one about each appointment does not go to this number as well."""
    gone = _cancel_each(day.visits, now=now)
    cancelled = [visit for visit in day.visits if visit.pk in gone]
    kept = [visit for visit in day.visits if visit.pk not in gone]
    if kept:
        _call_back(inbound, kept[0], now=now)
    if not cancelled:
        _answer(inbound, "reply_callback", day, now=now)
        return Outcome("too_late", needs_person=True)
    replies.withdraw_sms(
        inbound, subject_refs=[str(visit.uid) for visit in cancelled], kind=CANCELLED
    )
    _answer(inbound, "reply_cancelled", day, now=now, visits=cancelled)
    return Outcome("partly_cancelled" if kept else "cancelled", needs_person=bool(kept))


def _cancel_each(visits: Sequence[Appointment], *, now: datetime) -> set[int]:
    """Those that are cancelled; one after the other as all lock them (locking.py)."""
    lock_shifts_of([visit.pk for visit in visits])
    in_order = sorted(visits, key=lambda visit: visit.pk)
    return {visit.pk for visit in in_order if _is_cancelled(visit, now=now)}


def _is_cancelled(visit: Appointment, *, now: datetime) -> bool:
    try:
        with transaction.atomic():
            actions.cancel(uid=visit.uid, now=now, actor=FAMILY_BY_SMS)
    except Refusal:
        return False
    return True


def _call_back(inbound: Inbound, visit: Appointment, *, now: datetime) -> None:
    guardian = _caller(inbound, visit)
    household = visit.household
    actions.request_callback(
        centre_id=visit.centre_id,
        type_id=visit.type_id,
        first_name=guardian.first_name if guardian else "",
        last_name=guardian.last_name if guardian else "",
        phone=inbound.sender[:20],
        email=guardian.email if guardian else "",
        language=household.language if household else "fr",
        now=now,
    )


def _caller(inbound: Inbound, visit: Appointment) -> Guardian | None:
    """Whose number it is, among the parents; else whoever booked."""
    of_number = Guardian.objects.filter(household=visit.household_id, phone=inbound.sender)
    return of_number.order_by("pk").first() or visit.guardian


def _stop(inbound: Inbound, *, now: datetime) -> Outcome:
    """The number is left in peace by `notifications`; said once, as its last SMS."""
    if not replies.is_first_stop(inbound):
        return Outcome(replies.STOPPED)
    known = _known_by(inbound)
    _answer_plainly(inbound, "reply_stop", known, now=now)
    return Outcome(replies.STOPPED, scope=known.scope)


def _not_understood(inbound: Inbound, *, now: datetime) -> Outcome:
    """For the desk; whoever wrote is told so once a day."""
    known = _known_by(inbound)
    if not replies.said_lately(inbound, NOT_UNDERSTOOD):
        _answer_plainly(inbound, "reply_unknown", known, now=now)
    return Outcome(NOT_UNDERSTOOD, needs_person=True, scope=known.scope)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a number apart from any message: its centre, language and whom to phone."""

    scope: str
    language: str
    phone: str


def _known_by(inbound: Inbound) -> Known:
    visits = Appointment.objects.filter(guardian__phone=inbound.sender).order_by("-starts_at")
    asked = inbound.answers
    if asked is not None and asked.scope:
        visits = visits.filter(centre__slug=asked.scope)
    visit = visits.select_related("centre", "household").first()
    if visit is not None:
        language = visit.household.language if visit.household else "fr"
        return Known(visit.centre.slug, asked.language if asked else language, visit.centre.phone)
    department = Department.objects.first()
    phone = department.phone if department else ""
    return Known(inbound.scope, asked.language if asked else "fr", phone)


def _answer(
    inbound: Inbound,
    kind: str,
    day: Day,
    *,
    now: datetime,
    visits: Sequence[Appointment] = (),
    valid_for: timedelta = ANSWER_FOR,
) -> None:
    """About these visits of the day, or all; useful until the first begins, at the latest."""
    about = visits or day.visits
    replies.answer(
        inbound,
        kind,
        _values(about, day.language),
        language=day.language,
        subject_ref=day.subject_ref,
        now=now,
        valid_until=min(now + valid_for, about[0].starts_at),
    )


def _answer_plainly(inbound: Inbound, kind: str, known: Known, *, now: datetime) -> None:
    replies.answer(
        inbound,
        kind,
        {"phone": known.phone, "centre_slug": known.scope},
        language=known.language,
        subject_ref=inbound.answers.subject_ref if inbound.answers else f"inbound:{inbound.pk}",
        now=now,
        valid_until=now + ANSWER_FOR,
    )


def _values(visits: Sequence[Appointment], language: str) -> dict[str, Any]:
    """What an answer says, in words; another appointment is made from the first page."""
    return {
        **short_values(visits, language),
        "short_link": f"{settings.PUBLIC_URL}{reverse('home')}",
        "centre_slug": visits[0].centre.slug,
    }


def _day_of(inbound: Inbound, *, now: datetime) -> Day | None:
    """The household's day that the answered message is about, as it is now."""
    asked = inbound.answers
    kind, _, rest = (asked.subject_ref if asked else "").partition(":")
    pk, _, on = rest.partition(":")
    if asked is None or kind != "day" or not pk.isdecimal():
        return None
    household = Household.objects.filter(pk=int(pk)).first()
    if household is None:
        return None
    of_day = visits_told(household.pk, date.fromisoformat(on), asked.person_ref)
    visits = [visit for visit in of_day if visit.starts_at > now]
    return Day(asked.subject_ref, household, asked.language, visits)


def _sender_of(message: OutboxMessage) -> str:
    return message.sender or getattr(settings, "SMS_SENDER", "")
