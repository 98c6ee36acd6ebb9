"""The history of a family: its appointments, messages, people, waiting and calls, in one list."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from booking import histories
from booking.finding import THEIRS_FOR
from booking.models import (
    Appointment,
    AppointmentEvent,
    CallbackRequest,
    ChildAdded,
    FamilyCorrection,
    FamilyMerge,
    Household,
    NextVisit,
    WaitingListEntry,
)
from centres.models import Centre
from frontend.family_words import (
    call_steps,
    child_step,
    correction_step,
    decided_step,
    merge_step,
    waiting_steps,
)
from frontend.history_words import Named, message_sentence, sentences
from frontend.message_words import Step
from frontend.staff import Desk
from frontend.waiting_words import is_hidden
from notifications.models import OutboxMessage

What = FamilyCorrection.What
# Of its appointments and messages, how far back the whole history goes.
APPOINTMENTS, MESSAGES = 100, 200


class Line(NamedTuple):
    """One sentence of the family's history, and the appointment it is of, if it is of one."""

    appointment: Appointment | None
    step: Step
    centre: Centre


class Told(NamedTuple):
    """What was done, the newest first, and what became of the last messages."""

    lines: list[Line]
    messages: list[Line]


class _Deeds(NamedTuple):
    """All that is on record, as it was read: a fixed number of queries."""

    events: list[AppointmentEvent]
    added: list[ChildAdded]
    corrections: list[FamilyCorrection]
    merges: list[FamilyMerge]
    decided: list[NextVisit]
    waiting: list[WaitingListEntry]
    calls: list[CallbackRequest]

    @property
    def signed(self) -> Iterator[str]:
        yield from (event.actor for event in self.events)
        yield from self.signed_anywhere
        for entry in self.waiting:
            yield from (entry.asked_by, entry.closed_by)
            yield from (offer.answered_by for offer in entry.offers.all())
        yield from (made.by for asked in self.calls for made in asked.tries.all())

    @property
    def signed_anywhere(self) -> Iterator[str]:
        """Of what is no one centre's."""
        yield from (merge.actor for merge in self.merges)
        yield from (added.by for added in self.added)
        yield from (done.by for done in self.corrections)
        yield from (decided.decided_by for decided in self.decided)


def tell(
    appointments: Sequence[Appointment],
    household: Household,
    desk: Desk,
    *,
    now: datetime,
    most_messages: int = histories.MESSAGES_SHOWN,
) -> Told:
    """The history of these appointments, and of all that was done for the family beside them in the
    desk's centres. What somebody comes for is told to whom it concerns only."""
    centres = desk.scope(now=now).centres
    deeds = _read(appointments, household, centres, now=now)
    named = histories.staff_named(deeds.signed)
    lines = [*_of_appointments(appointments, deeds.events, named, desk)]
    if desk.centres:
        near = named if centres is None else _near(named, deeds, desk)
        lines += _of_people(deeds, household, near, desk)
        lines += _of_waiting_and_calls(deeds, named, desk)
    lines.sort(key=lambda line: line.step.at or now, reverse=True)
    written = histories.messages_of(
        appointments,
        deeds.events,
        former=[each.merged_id for each in deeds.merges],
        waiting=deeds.waiting,
        most=most_messages,
    )
    by_slug = {each.slug: each for each in desk.centres}
    messages = [_of_message(each, appointments, deeds.events, by_slug) for each in written]
    return Told(lines, [line for line in messages if line is not None])


def tell_all(household: Household, desk: Desk, *, now: datetime) -> list[Line]:
    """Everything in one list, what was sent included, the newest first."""
    found = histories.appointments_of_household(household.pk, desk.scope(now=now).centres)
    appointments = list(found.order_by("-starts_at", "-pk")[:APPOINTMENTS])
    told = tell(appointments, household, desk, now=now, most_messages=MESSAGES)
    # What was withdrawn by a change, at its very instant, is told after it: above.
    return sorted([*told.messages, *told.lines], key=lambda line: line.step.at or now, reverse=True)


def _read(
    appointments: Sequence[Appointment],
    household: Household,
    centres: Collection[int] | None,
    *,
    now: datetime,
) -> _Deeds:
    return _Deeds(
        events=histories.events_of(appointments),
        added=histories.children_added(household.pk),
        corrections=histories.corrections_of(household),
        merges=histories.merges_of(household.pk),
        decided=histories.decided_of(household),
        waiting=histories.waiting_of(household.pk, centres),
        calls=histories.calls_of(household, centres, since=now - THEIRS_FOR),
    )


def _of_appointments(
    appointments: Iterable[Appointment],
    events: Iterable[AppointmentEvent],
    named: Named,
    desk: Desk,
) -> Iterator[Line]:
    by_pk = {each.pk: each for each in appointments}
    own: dict[int, list[AppointmentEvent]] = {}
    for event in events:
        own.setdefault(event.appointment_id, []).append(event)
    for pk, found in own.items():
        appointment = by_pk[pk]
        zone, tells_why = ZoneInfo(appointment.centre.time_zone), desk.knows_type(appointment)
        for step in sentences(found, zone=zone, named=named, tells_why=tells_why):
            yield Line(appointment, step, appointment.centre)


def _near(named: Named, deeds: _Deeds, desk: Desk) -> Named:
    """Who works elsewhere is not named: it would tell where else the family goes."""
    signed = {label for label in deeds.signed_anywhere if "@" in label}
    far = signed - histories.known_at(signed, desk.centres)
    return {**named, **dict.fromkeys(far, (_("Un autre centre"), ""))}


def _of_people(deeds: _Deeds, household: Household, named: Named, desk: Desk) -> Iterator[Line]:
    """What was done at any centre is told by the clock of the reader's."""
    people = {each.pk: str(each) for each in household.guardians.all()}
    decided_at = {(each.child_id, each.decided_at) for each in deeds.decided}
    steps = [child_step(each, named) for each in deeds.added]
    steps += [
        correction_step(each, named)
        for each in deeds.corrections
        # That one is told with its day.
        if What.NEXT not in each.what or (each.child_id, each.at) not in decided_at
    ]
    steps += [merge_step(each, people, named) for each in deeds.merges]
    steps += [decided_step(each, named) for each in deeds.decided]
    yield from (Line(None, step, desk.centres[0]) for step in steps)


def _of_waiting_and_calls(deeds: _Deeds, named: Named, desk: Desk) -> Iterator[Line]:
    for entry in deeds.waiting:
        tells_why = not is_hidden(entry.type, entry.centre_id, desk)
        for step in waiting_steps(entry, named, tells_why=tells_why):
            yield Line(None, step, entry.centre)
    for asked in deeds.calls:
        tells_why = not is_hidden(asked.type, asked.centre_id, desk)
        for step in call_steps(asked, named, tells_why=tells_why):
            yield Line(None, step, asked.centre)


def _of_message(
    message: OutboxMessage,
    appointments: Sequence[Appointment],
    events: Iterable[AppointmentEvent],
    centres: Mapping[str, Centre],
) -> Line | None:
    """With the appointment whose page tells more, if it is about one: a day's reminder is on any of
    them."""
    own = next((each for each in appointments if str(each.uid) == message.subject_ref), None)
    day = message.subject_ref.rpartition(":")[2]
    same_day = (
        each
        for each in appointments
        if each.starts_at.astimezone(ZoneInfo(each.centre.time_zone)).date().isoformat() == day
    )
    about = own or next(same_day, None)
    centre = about.centre if about else centres.get(message.scope)
    if centre is None:
        return None
    if not message.subject_ref.startswith("day:"):
        events = [each for each in events if own and each.appointment_id == own.pk]
    zone = ZoneInfo(centre.time_zone)
    return Line(about, message_sentence(message, events, zone=zone), centre)
