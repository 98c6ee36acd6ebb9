"""What a centre's desk reads: whom to phone today, and the messages of one appointment.

`notifications` knows no appointment: this joins its rows to families, in a fixed number of queries.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Case, F, Model, OrderBy, QuerySet, When, Window
from django.db.models.functions import Coalesce, RowNumber

from booking.histories import former_of, refs_about
from booking.messages import CALLS
from booking.models import Appointment, AppointmentEvent, CallbackRequest, Guardian
from booking.planning import DayKey
from booking.queries import told_to
from centres.models import Centre
from notifications import handling
from notifications.models import Attempt, Inbound, OutboxMessage
from notifications.models.outbox import WAITING_STATES
from notifications.problems import Address, canonical, problems_of

State = OutboxMessage.State
# A reminder may be lost days before its appointment; what is longer past is nobody's call any more.
LOOK_BACK = timedelta(days=8)
# So long the provider is asked first; after that the family is.
UNCERTAIN_FOR = timedelta(minutes=15)
MOST = 300
# A promise to call back is kept within the hours of the day.
CALLS_END = time(18)
DAY = "day"
# What pages name of an appointment, or ask before they name it.
NAMED = ("guardian", "type", "centre", "site", "household", "practitioner", "child")
M = TypeVar("M", bound=Model)
REACHED = (*WAITING_STATES, State.SENDING, State.SENT, State.DELIVERED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One family to phone: because of a message that was lost, a reply, or a promise to call."""

    soonest: datetime
    centre: str
    message: OutboxMessage | None = None
    reply: Inbound | None = None
    callback: CallbackRequest | None = None
    guardian: Guardian | None = None
    appointments: Sequence[Appointment] = field(default_factory=list)
    # Why: what is known of the address, and how the last attempt ended.
    problem: str = ""
    outcome: str = ""

    @property
    def name(self) -> str:
        if self.callback:
            return f"{self.callback.first_name} {self.callback.last_name}"
        return str(self.guardian or "")

    @property
    def phone(self) -> str:
        """The family's number: the guardian's, else the one a message went to or came from."""
        if self.callback:
            return self.callback.phone
        if self.guardian and self.guardian.phone:
            return str(self.guardian.phone)
        if self.reply:
            return self.reply.sender
        is_sms = self.message is not None and self.message.channel == OutboxMessage.Channel.SMS
        return self.message.recipient if self.message and is_sms else ""

    @property
    def email(self) -> str:
        if self.callback:
            return self.callback.email
        return self.guardian.email if self.guardian else ""


class Calls(NamedTuple):
    """Whom to phone, and of which centres (slugs) there are more than could be read."""

    found: list[Call]
    capped: set[str]


def subject_day(subject_ref: str) -> DayKey | None:
    """The household and the day that a reminder is about; None for any other message."""
    kind, _, rest = subject_ref.partition(":")
    household, _, on = rest.partition(":")
    if kind != DAY or not household.isdecimal():
        return None
    try:
        return DayKey(int(household), date.fromisoformat(on))
    except ValueError:
        return None


def subject_uid(subject_ref: str) -> UUID | None:
    """The appointment that a message is about, if it is about one."""
    try:
        return UUID(subject_ref)
    except ValueError:
        return None


def calls(centres: Collection[Centre], *, now: datetime) -> Calls:
    """Whom these centres have to phone today, soonest appointment first."""
    scopes = {centre.slug: centre for centre in centres}
    lost, unsure = _lost(scopes, now=now), _unsure(scopes, now=now)
    messages = _newest([*lost, *unsure])
    waiting = Inbound.objects.filter(scope__in=scopes, needs_person=True, handled_at__isnull=True)
    replies = _first_of_each("scope", waiting.select_related("answers"), F("at").asc())
    answered = [reply.answers for reply in replies if reply.answers]
    about = _appointments_of([*messages, *answered])
    found = [
        *_lost_calls(messages, about, now=now),
        *(_reply_call(reply, about) for reply in replies),
        *_callbacks(centres, now=now),
    ]
    read = (Counter(each.scope for each in every) for every in (lost, unsure, replies))
    capped = {scope for count in read for scope, number in count.items() if number == MOST}
    return Calls(sorted(found, key=lambda call: call.soonest), capped)


def strays() -> list[Call]:
    """Replies of numbers that no appointment knows: no centre's, so the administrators'."""
    waiting = Inbound.objects.filter(scope="", needs_person=True, handled_at__isnull=True)
    return [_reply_call(reply, {}) for reply in waiting.order_by("at", "id")[:MOST]]


def _first_of_each(group: str, found: QuerySet[M], *order: OrderBy) -> list[M]:
    """The first ones of each group: no centre's disaster hides another's families."""
    place = Window(RowNumber(), partition_by=group, order_by=[*order, F("id").asc()])
    return list(found.alias(place=place).filter(place__lte=MOST))


def _lost(scopes: Iterable[str], *, now: datetime) -> list[OutboxMessage]:
    """What was lost: what is still useful comes first, then what has just ceased to be."""
    lost = handling.waiting_for_a_person().filter(
        scope__in=list(scopes), valid_until__gt=now - LOOK_BACK
    )
    ahead = Case(When(valid_until__gt=now, then=F("valid_until")))
    return _first_of_each("scope", lost, OrderBy(ahead, nulls_last=True), F("valid_until").desc())


def _unsure(scopes: Iterable[str], *, now: datetime) -> list[OutboxMessage]:
    """What has been uncertain for long."""
    unsure = OutboxMessage.objects.filter(
        state=State.UNCERTAIN,
        scope__in=list(scopes),
        handled_as="",
        ledger__closed_at__isnull=True,
        ledger__unknown_since__lte=now - UNCERTAIN_FOR,
    ).exclude(kind__in=handling.NOBODY_WAITS_FOR)
    return _first_of_each("scope", unsure, F("valid_until").asc())


def _newest(found: Iterable[OutboxMessage]) -> list[OutboxMessage]:
    """The newest of each subject and person, unless another message about the same reached that
    person or is on its way: what asks for a call is not told by a message."""
    newest = {_about(each): each for each in sorted(found, key=lambda message: message.pk)}
    told = OutboxMessage.objects.filter(
        subject_ref__in={each.subject_ref for each in newest.values()}, state__in=REACHED
    ).only("subject_ref", "person_ref", "recipient", "version")
    reached = {_about(each) for each in told}
    return [
        message
        for about, message in newest.items()
        if about not in reached or message.kind in CALLS
    ]


def _about(message: OutboxMessage) -> tuple[str, str, int]:
    return (message.subject_ref, message.person_ref or message.recipient, message.version)


def _appointments_of(messages: Iterable[OutboxMessage]) -> dict[UUID | DayKey, list[Appointment]]:
    """The appointments that these messages are about, by what their `subject_ref` says."""
    refs = {message.subject_ref for message in messages}
    uids = {uid for ref in refs if (uid := subject_uid(ref))}
    days = {day for ref in refs if (day := subject_day(ref))}
    about: dict[UUID | DayKey, list[Appointment]] = {}
    whole = Appointment.objects.select_related(*NAMED)
    for appointment in whole.filter(uid__in=uids):
        about.setdefault(appointment.uid, []).append(appointment)
    for appointment in _of_days(days):
        day = DayKey(appointment.household_id or 0, local_day(appointment))
        if day in days:
            about.setdefault(day, []).append(appointment)
    return about


def _of_days(days: Collection[DayKey]) -> Iterator[Appointment]:
    """Booked appointments of these households around these days: by guardian, which is indexed."""
    if not days:
        return iter(())
    first, last = min(day.on for day in days), max(day.on for day in days)
    return (
        Appointment.objects.filter(
            guardian__household__in={day.household for day in days},
            starts_at__range=(
                datetime.combine(first, time(), UTC) - timedelta(days=1),
                datetime.combine(last, time(), UTC) + timedelta(days=2),
            ),
            state=Appointment.State.BOOKED,
        )
        .select_related(*NAMED)
        .order_by("starts_at")
        .iterator(chunk_size=1000)
    )


def local_day(appointment: Appointment) -> date:
    """The day it falls on, on the clock of its centre."""
    return appointment.starts_at.astimezone(ZoneInfo(appointment.centre.time_zone)).date()


def appointments_of(message: OutboxMessage) -> list[Appointment]:
    """The appointments that one message is about."""
    about = _appointments_of([message])
    return [appointment for found in about.values() for appointment in found]


def family_of(message: OutboxMessage, about: Iterable[Appointment]) -> int | None:
    """The household that a message about these appointments is for, as far as that is known."""
    known = next((each.household_id for each in about if each.household_id), None)
    day = subject_day(message.subject_ref)
    kind, _, pk = message.person_ref.partition(":")
    if known or day or not pk.isdecimal():
        return known or (day.household if day else None)
    if kind == "household":
        return int(pk)
    found = Guardian.objects.filter(pk=int(pk)).values_list("household", flat=True)
    return found.first()


def _lost_calls(
    messages: Sequence[OutboxMessage],
    about: dict[UUID | DayKey, list[Appointment]],
    *,
    now: datetime,
) -> Iterator[Call]:
    problems = _problems(messages)
    outcomes = dict(
        Attempt.objects.filter(message__in=messages)
        .order_by("message_id", "number")
        .values_list("message_id", "outcome")
    )
    for message in messages:
        subject = subject_uid(message.subject_ref) or subject_day(message.subject_ref)
        ahead = [each for each in _told(message, about) if _concerns(message, each, now=now)]
        if subject and not ahead:
            continue
        yield Call(
            soonest=min([each.starts_at for each in ahead], default=message.valid_until),
            centre=message.scope,
            message=message,
            guardian=ahead[0].guardian if ahead else None,
            appointments=ahead,
            problem=problems.get(canonical(message.channel, message.recipient), ""),
            outcome=outcomes.get(message.pk, ""),
        )


def _told(
    message: OutboxMessage, about: dict[UUID | DayKey, list[Appointment]]
) -> Sequence[Appointment]:
    """What it is about: of a day, the visits of whom it is for, as far as that is still known."""
    uid, day = subject_uid(message.subject_ref), subject_day(message.subject_ref)
    if uid is not None or day is None:
        return about.get(uid, []) if uid else []
    visits = about.get(day, [])
    return told_to(message.person_ref, visits) or visits


def _concerns(message: OutboxMessage, appointment: Appointment, *, now: datetime) -> bool:
    """Whether what it was to tell is still so, and still ahead. A later change has a message of its
    own."""
    is_same = subject_day(message.subject_ref) or appointment.sequence == message.version
    return bool(is_same) and appointment.starts_at > now


def _problems(messages: Iterable[OutboxMessage]) -> dict[Address, str]:
    addresses = [canonical(message.channel, message.recipient) for message in messages]
    return {address: each.reason for address, each in problems_of(addresses).items()}


def problem_with(message: OutboxMessage) -> str:
    """What is known against the address of one message."""
    return _problems([message]).get(canonical(message.channel, message.recipient), "")


def _reply_call(reply: Inbound, about: dict[UUID | DayKey, list[Appointment]]) -> Call:
    appointments = _told(reply.answers, about) if reply.answers else []
    ahead = [each for each in appointments if each.starts_at > reply.at]
    return Call(
        soonest=min([each.starts_at for each in ahead], default=reply.at),
        centre=reply.scope,
        reply=reply,
        guardian=appointments[0].guardian if appointments else None,
        appointments=ahead,
    )


def _callbacks(centres: Collection[Centre], *, now: datetime) -> Iterator[Call]:
    """Promises to call back that are due, each on the clock of its centre."""
    tomorrow = (now + timedelta(days=1)).date()
    due = Coalesce("again_on", "promised_on")
    asked = (
        CallbackRequest.objects.filter(centre__in=centres, state=CallbackRequest.State.OPEN)
        .alias(due=due)
        .filter(due__lte=tomorrow)
        .select_related("type", "centre")
    )
    for request in _first_of_each("centre", asked, OrderBy(due)):
        zone = ZoneInfo(request.centre.time_zone)
        if request.due_on <= now.astimezone(zone).date():
            promised = datetime.combine(request.due_on, CALLS_END, zone)
            yield Call(soonest=promised, centre=request.centre.slug, callback=request)


def messages_about(appointment: Appointment) -> list[OutboxMessage]:
    """All messages about an appointment, its household's reminders of that day (or of the days it
    was moved from) included, oldest first, with what was tried and what came back."""
    events = AppointmentEvent.objects.filter(appointment=appointment)
    moments = {appointment.starts_at, *events.values_list("starts_at", flat=True)}
    former = former_of(appointment.household_id) if appointment.household_id else ()
    refs = refs_about(appointment, moments, former=former)
    return list(
        OutboxMessage.objects.filter(subject_ref__in=refs)
        .order_by("id")
        .prefetch_related("ledger", "receipts", "replies", "replacements")[:MOST]
    )


def news_leaves_at(appointment: Appointment) -> datetime | None:
    """When the message that tells of this version of an appointment leaves, or has left; None when
    no way reaches its family, which somebody has to phone."""
    about = OutboxMessage.objects.filter(
        subject_ref=str(appointment.uid), version=appointment.sequence, state__in=REACHED
    )
    return about.order_by("send_at").values_list("send_at", flat=True).first()


def is_to_be_called(appointment: Appointment) -> bool:
    """Whether the desk is to phone its family about it as it stands: two queries."""
    lost = handling.waiting_for_a_person().filter(
        subject_ref=str(appointment.uid), version=appointment.sequence
    )
    return bool(_newest(lost))


def appointment_of_reference(typed: str) -> Appointment | None:
    """The appointment of a reference, however it was typed: ABCD-EFGH, abcd efgh…"""
    reference = "".join(c for c in typed.upper() if c.isalnum())
    if len(reference) != 8:
        return None
    return (
        Appointment.objects.exclude(state__in=["held", "lapsed"])
        .select_related(*NAMED, "remark")
        .filter(reference=reference)
        .first()
    )
