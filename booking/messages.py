"""Which message tells of which event, to whom, by which way: written in the caller's transaction
with the reminders of the days it changes. What they say is `telling`'s.

Whoever booked is told. A message is useful until the appointment begins, a code until it expires.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from booking import planning
from booking.actors import FAMILY, Actor
from booking.models import Appointment, Household, Verification
from booking.planning import REMINDER, DayKey, Plans
from booking.reaching import Way, hours_of, opening, ways_of
from booking.reminders import LEAD, SMS
from notifications import handling, outbox
from notifications.hours import PROMPT, Opening
from notifications.outbox import Intent
from notifications.words.kinds import known_language

CONFIRMATION, MOVED, CANCELLED, CLOSED = "confirmation", "moved", "cancelled", "closed"
# At the same time, but for something else than was said.
CORRECTED = "corrected"
PROPOSED = "proposed"
CODE = "code"
# Several appointments of a day, booked at once: what it is about is the day, like a reminder.
TOGETHER = "together"
# What no message says: somebody phones, because it was so decided, or because of the answer, or the
# silence, of a family that another time was proposed to.
TO_CALL, REFUSED, UNANSWERED = "to_call", "proposal_refused", "proposal_unanswered"
# The former time holds again, after another one had been proposed.
KEPT = "time_kept"
CALLS = (TO_CALL, REFUSED, UNANSWERED, KEPT)
# What a later change of the same appointment makes untrue.
ABOUT_APPOINTMENT = (CONFIRMATION, MOVED, CORRECTED, CANCELLED, CLOSED, PROPOSED)
# What tells a family of its appointment as it is arranged.
ARRANGED = (CONFIRMATION, MOVED, CORRECTED)
# News from the centre about a day this near takes every way: one of them may be read too late.
NEAR = timedelta(days=3)


class Was(NamedTuple):
    """When an appointment was to begin before it was moved, and on which day of its household."""

    starts_at: datetime
    day: DayKey | None


def before_move(appointment: Appointment) -> Was:
    """To be asked before the appointment takes its new place."""
    return Was(appointment.starts_at, planning.day_of(appointment))


def confirmation(
    appointment: Appointment,
    *,
    now: datetime,
    is_new: bool = False,
    actor: Actor = FAMILY,
    is_told: bool = True,
) -> None:
    """The appointment is booked. Of a family that `is_new` nothing else can be known yet; one that
    an agent books for hears of it where it said, which nothing proves. Unless it `is_told` now, it
    is told of several at once (`booked_together`). Who stands at the desk, at a time that has
    begun, is told by whoever they face."""
    if is_new:
        plans = planning.plan_first(appointment, now=now)
    else:
        plans = planning.plan_days([planning.day_of(appointment)], now=now)
    if plans.withdraw:
        outbox.supersede(subject_refs=plans.withdraw, kinds=[REMINDER], wanted=plans.wanted)
    told: list[Intent] = []
    if is_told and appointment.starts_at > now:
        told = messages_of(CONFIRMATION, appointment, now=now, is_by_agent=actor.is_agent)
    outbox.enqueue([*told, *plans.intents], now=now)


def of_first(appointment: Appointment, *, now: datetime) -> list[Intent]:
    """The same of a family that booked by itself and is new, not written yet: whoever writes the
    appointment writes these with it."""
    plans = planning.plan_first(appointment, now=now)
    return [*messages_of(CONFIRMATION, appointment, now=now), *plans.intents]


def booked_together(appointments: Sequence[Appointment], *, now: datetime) -> None:
    """An agent has booked all of these of one day for one family: one message, which says what is
    true of that day when it leaves."""
    first = appointments[0]
    if first.starts_at <= now:
        return
    day = planning.day_of(first)
    told = messages_of(TOGETHER, first, now=now, is_by_agent=True)
    if day is None or not told:
        return
    (intent,) = told
    about = "-".join(str(each.pk) for each in appointments)
    outbox.enqueue(
        [
            replace(
                intent,
                intent_key=f"{TOGETHER}:{day.household}:{day.on}:{about}"[:200],
                subject_ref=day.subject_ref,
                version=0,
            )
        ],
        now=now,
    )


def again(appointment: Appointment, channel: str, *, number: int, now: datetime) -> bool:
    """The same confirmation once more, by this channel and no other; False when there is no such
    way to this family."""
    known = messages_of(CONFIRMATION, appointment, now=now, is_by_agent=True, every_way=True)
    intents = [
        replace(each, intent_key=f"{CONFIRMATION}-again-{number}:{appointment.uid}")
        for each in known
        if each.channel == channel
    ]
    outbox.enqueue(intents, now=now)
    return bool(intents)


def moved(appointment: Appointment, *, now: datetime, was: Was, actor: Actor = FAMILY) -> None:
    """It has a new time. Before anything of the old one has left, that is all there is to confirm;
    what the centre changes soon before takes every way."""
    plans = planning.plan_days([was.day, planning.day_of(appointment)], now=now)
    kind = CONFIRMATION if _withdraw(appointment, plans) else MOVED
    is_near = min(was.starts_at, appointment.starts_at) < now + NEAR
    intents = messages_of(
        kind, appointment, now=now, actor=actor, every_way=is_near and _is_staff(actor)
    )
    if _is_staff(actor) and not intents:
        leave_to_desk(kind, [appointment], now=now)
    outbox.enqueue([*intents, *plans.intents], now=now)


def corrected(appointment: Appointment, *, now: datetime, actor: Actor) -> None:
    """An agent put right what it is for: a family that was told otherwise is told so. What had not
    left yet is said as it is now; what will tell of the whole day tells of this too."""
    day = planning.day_of(appointment)
    plans = planning.plan_days([day], now=now)  # locks households first
    ref, person = str(appointment.uid), f"guardian:{appointment.guardian_id}"
    will_be_told = day is not None and outbox.hold_back(
        subject_ref=day.subject_ref, kind=TOGETHER, person_ref=person
    )
    kind = outbox.waiting(subject_refs=[ref], kinds=ARRANGED).get(ref, CORRECTED)
    _withdraw(appointment, plans)
    intents: list[Intent] = []
    is_ahead = appointment.state == Appointment.State.BOOKED and appointment.starts_at > now
    if is_ahead and not will_be_told:
        intents = messages_of(kind, appointment, now=now, actor=actor)
        if not intents:
            leave_to_desk(kind, [appointment], now=now)
    outbox.enqueue([*intents, *plans.intents], now=now)


def cancelled(
    appointment: Appointment,
    *,
    now: datetime,
    actor: Actor = FAMILY,
    is_asked: bool = False,
    leaves_at: datetime | None = None,
) -> None:
    """It will not take place. A family that cancels, or has asked an agent to, before it was told
    of anything is told nothing; one whose appointment the centre cancels always is, by every way.
    It leaves at once, or not before `leaves_at`.
    """
    at = leaves_at or now
    plans = planning.plan_days([planning.day_of(appointment)], now=now)
    was_untold = _withdraw(appointment, plans)
    intents: list[Intent] = []
    if _is_staff(actor) and not is_asked:
        intents = messages_of(CLOSED, appointment, now=at, actor=actor, every_way=True)
        if not intents:
            leave_to_desk(CLOSED, [appointment], now=now)
    elif not was_untold:
        intents = messages_of(CANCELLED, appointment, now=at, actor=actor)
    outbox.enqueue([*intents, *plans.intents], now=now)


def closed(
    appointments: Iterable[Appointment], *, now: datetime, actor: Actor
) -> list[Appointment]:
    """The centre cancels all of these: as many statements as for one. Those whose family no message
    can reach, for somebody to phone."""
    unreached, intents, listed = [], [], list(appointments)
    for appointment in listed:
        told = messages_of(
            CLOSED, appointment, now=now, actor=actor, every_way=True, priority=outbox.BULK
        )
        intents += told
        if not told:
            unreached.append(appointment)
    plans = planning.plan_days(map(planning.day_of, listed), now=now)
    refs = [*(str(appointment.uid) for appointment in listed), *plans.withdraw]
    outbox.supersede(subject_refs=refs, kinds=[*ABOUT_APPOINTMENT, REMINDER], wanted=plans.wanted)
    leave_to_desk(CLOSED, unreached, now=now)
    outbox.enqueue([*intents, *plans.intents], now=now)
    return unreached


def code(verification: Verification, code_text: str, *, language: str, now: datetime) -> None:
    """A six-digit code, to the very contact it is to prove and no other; a former one of the same
    verification no longer leaves. Somebody waits for it: it goes whatever the family wants to be
    told of later."""
    subject_ref, held = str(verification.uid), verification.appointment
    outbox.supersede(subject_refs=[subject_ref], kinds=[CODE])
    minutes = max(1, int((verification.expires_at - now).total_seconds()) // 60)
    values = {"code": code_text, "minutes": minutes}
    intent = Intent(
        intent_key=f"{CODE}:{verification.uid}:{verification.sends}",
        kind=CODE,
        subject_ref=subject_ref,
        scope=held.centre.slug if held is not None else "",
        channel=verification.channel,
        recipient=verification.contact,
        language=known_language(language),
        context={**values, "french": values, outbox.SECRET: True},
        send_at=now,
        valid_until=verification.expires_at,
        priority=outbox.URGENT,
    )
    outbox.enqueue([intent], now=now)


def _is_staff(actor: Actor) -> bool:
    return actor.kind != FAMILY.kind


def _withdraw(appointment: Appointment, plans: Plans) -> bool:
    """Withdraw what was still to be said; whether the family had been told nothing yet."""
    withdrawn = outbox.supersede(
        subject_refs=[str(appointment.uid), *plans.withdraw],
        kinds=[*ABOUT_APPOINTMENT, REMINDER],
        wanted=plans.wanted,
    )
    about = [each for each in withdrawn if each.kind != REMINDER]
    return any(each.kind == CONFIRMATION for each in about) and not any(
        each.has_left for each in about
    )


def leave_to_desk(
    kind: str, appointments: Iterable[Appointment], *, now: datetime, event: str = ""
) -> None:
    """No message can reach these families: they are on the list of those to phone, as if one had
    been lost. Nobody is called about what has begun, nor without a family to call."""
    handling.leave_to_a_person(
        [
            Intent(
                intent_key=_key(f"{kind}-nowhere", appointment, event),
                kind=kind,
                subject_ref=str(appointment.uid),
                person_ref=f"guardian:{appointment.guardian_id}",
                scope=appointment.centre.slug,
                recipient="",
                language=known_language(appointment.household.language),
                version=appointment.sequence,
                send_at=now,
                valid_until=appointment.starts_at,
            )
            for appointment in appointments
            if appointment.household and appointment.starts_at > now
        ],
        now=now,
    )


def messages_of(
    kind: str,
    appointment: Appointment,
    *,
    now: datetime,
    actor: Actor = FAMILY,
    every_way: bool = False,
    is_by_agent: bool = False,
    priority: int = outbox.NORMAL,
    event: str = "",
    valid_until: datetime | None = None,
) -> list[Intent]:
    """The messages of one event: by the best way, with the others to fall back on, or by all. An
    `event` tells apart what may be said twice of one version of an appointment."""
    guardian, household = appointment.guardian, appointment.household
    if guardian is None or household is None:
        return []
    is_own_doing = not (is_by_agent or _is_staff(actor))
    known = ways_of(appointment, guardian, household, is_proved_only=is_own_doing)
    intents = []
    for place, way in enumerate(known if every_way else known[:1]):
        open_now = _opening(way, appointment, household, actor=actor, now=now)
        if open_now is None:
            continue
        purpose = f"{kind}-{way.channel}" if place else kind
        intents.append(
            Intent(
                intent_key=_key(purpose, appointment, event),
                kind=kind,
                subject_ref=str(appointment.uid),
                person_ref=f"guardian:{guardian.pk}",
                scope=appointment.centre.slug,
                channel=way.channel,
                recipient=way.recipient,
                sender=household.sms_sender,
                language=known_language(household.language),
                version=appointment.sequence,
                alternatives=[] if every_way else known[1:],
                priority=priority,
                send_at=open_now.send_at,
                valid_until=valid_until or appointment.starts_at,
                leave_by=open_now.leave_by,
            )
        )
    return intents


def _key(purpose: str, appointment: Appointment, event: str) -> str:
    key = f"{purpose}:{appointment.uid}:{appointment.sequence}"
    return f"{key}:{event}" if event else key


def _opening(
    way: Way, appointment: Appointment, household: Household, *, actor: Actor, now: datetime
) -> Opening | None:
    """When it may leave. A family that has just pressed the button has the phone in its hand; a
    little later it may not any more."""
    hours = hours_of(household)
    if _is_staff(actor):
        return opening(
            way,
            hours,
            zone=ZoneInfo(appointment.centre.time_zone),
            now=now,
            before=appointment.starts_at - LEAD,
        )
    return Opening(now, now + PROMPT if hours or way.channel == SMS else None)
