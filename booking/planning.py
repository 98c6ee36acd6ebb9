"""The reminder rows of households' days: what they depend on, read and locked in one statement, and
what makes them say what the rules want."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection

from booking import policy, reminders
from booking.models import Appointment, Guardian, Household
from booking.parties import FIRST, Contact, parties, person_ref
from booking.reaching import hours_of, ways, ways_of
from booking.reminders import EMAIL, SMS, Day, Hours, Settlement, Visit, Written
from notifications import outbox
from notifications.models import OutboxMessage
from notifications.outbox import Intent
from notifications.words.kinds import known_language

REMINDER = "reminder"
READ_DAYS = """
SELECT * FROM booking_household_days(%(households)s::bigint[], %(days)s::date[], %(is_locked)s)
"""


class DayKey(NamedTuple):
    """A household and a day on the clock of the place."""

    household: int
    on: date

    @property
    def subject_ref(self) -> str:
        return f"day:{self.household}:{self.on}"

    @classmethod
    def of(cls, subject_ref: str) -> DayKey:
        _day, household, on = subject_ref.split(":")
        return cls(int(household), date.fromisoformat(on))


def key_of(household_id: int, starts_at: datetime, time_zone: str) -> DayKey:
    return DayKey(household_id, starts_at.astimezone(ZoneInfo(time_zone)).date())


def day_of(appointment: Appointment) -> DayKey | None:
    """The household's day an appointment falls on now."""
    if appointment.household_id is None:
        return None
    return key_of(appointment.household_id, appointment.starts_at, appointment.centre.time_zone)


@dataclass(frozen=True, slots=True)
class Plans:
    """What to withdraw, by subject, but for these keys; and what to write."""

    withdraw: list[str]
    intents: list[Intent]
    wanted: list[str]


def plan_days(keys: Iterable[DayKey | None], *, now: datetime, is_locked: bool = True) -> Plans:
    """What the reminders of these days lack, or have too much of: one statement.

    The caller is in the transaction of the change, which is written already, and keeps the lock
    until it ends.
    """
    wanted = sorted({key for key in keys if key is not None})
    if not wanted:
        return Plans([], [], [])
    known = policy.current(now=now)
    plans = Plans([], [], [])
    for row in _read(wanted, is_locked=is_locked):
        _add(plans, _HouseholdDay.read(row, known), now=now)
    return plans


def plan_first(appointment: Appointment, *, now: datetime) -> Plans:
    """The same for a family that nobody else can know yet, from what is at hand."""
    plans = Plans([], [], [])
    household, guardian = appointment.household, appointment.guardian
    if household is not None and guardian is not None:
        known = policy.current(now=now)
        _add(plans, _HouseholdDay.first(appointment, guardian, household, known), now=now)
    return plans


def out_of_date(keys: Collection[DayKey], *, now: datetime) -> list[DayKey]:
    """Those of these days whose reminders are not what the rules want; nothing is locked."""
    if not keys:
        return []
    known = policy.current(now=now)
    days = (_HouseholdDay.read(row, known) for row in _read(keys, is_locked=False))
    return [day.key for day in days if day.settlement(now=now).is_needed]


def about_to_leave(*, before: datetime) -> set[DayKey]:
    """The days whose reminders wait to leave by then."""
    refs = (
        OutboxMessage.objects.filter(
            kind=REMINDER,
            channel__in=[EMAIL, SMS],  # which the index of what waits begins with
            priority=outbox.BULK,
            state__in=[OutboxMessage.State.PLANNED, OutboxMessage.State.CLAIMED],
            send_at__lt=before,
        )
        .values_list("subject_ref", flat=True)
        .distinct()
    )
    return {DayKey.of(ref) for ref in refs}


def apply(plans: Plans, *, now: datetime) -> int:
    """Write what was planned, where nothing else is written with it; how many reminders."""
    if plans.withdraw:
        outbox.supersede(subject_refs=plans.withdraw, kinds=[REMINDER], wanted=plans.wanted)
    return len(outbox.enqueue(plans.intents, now=now))


def _add(plans: Plans, day: _HouseholdDay, *, now: datetime) -> None:
    settlement = day.settlement(now=now)
    if settlement.is_withdrawn:
        plans.withdraw.append(day.key.subject_ref)
        plans.wanted.extend(settlement.leaving)
    plans.intents.extend(day.intents(settlement))


def _read(keys: Collection[DayKey], *, is_locked: bool) -> list[tuple[Any, ...]]:
    values: dict[str, Any] = {
        "households": [key.household for key in keys],
        "days": [key.on for key in keys],
        "is_locked": is_locked,
    }
    with connection.cursor() as cursor:
        cursor.execute(READ_DAYS, values)
        return [
            (DayKey(household, on), *map(json.loads, documents))
            for household, on, *documents in cursor.fetchall()
        ]


class _Told(NamedTuple):
    """What one party of a household is told of a day, and the centre that tells it."""

    day: Day
    scope: str


@dataclass(frozen=True, slots=True)
class _HouseholdDay:
    """A day as the rules see it for each party, and what is written for it already."""

    key: DayKey
    told: Mapping[int, _Told]
    language: str
    sender: str
    written: list[Written]

    @classmethod
    def read(cls, row: tuple[Any, ...], known: policy.Policy) -> _HouseholdDay:
        key, family, found, messages = row
        visits = [each for each in found if _local_day(each) == key.on]
        return cls(
            key,
            {
                number: _Told(_day(key.on, family, theirs, known), theirs[0]["slug"])
                for number, theirs in parties(visits, _contact).items()
            },
            known_language(family["language"]),
            family["sms_sender"],
            [written for message in messages if (written := _written(message))],
        )

    @classmethod
    def first(
        cls,
        appointment: Appointment,
        guardian: Guardian,
        household: Household,
        known: policy.Policy,
    ) -> _HouseholdDay:
        centre = appointment.centre
        key = key_of(household.pk, appointment.starts_at, centre.time_zone)
        rules = known.rules(centre=centre.pk, type=appointment.type_id)
        language = known_language(household.language)
        day = Day(
            on=key.on,
            zone=ZoneInfo(centre.time_zone),
            visits=[Visit(appointment.starts_at, appointment.changed_at, rules)],
            ways=dict(ways_of(appointment, guardian, household)),
            voice=f"{language} {household.sms_sender}",
            hours=hours_of(household),
            holidays=known.holidays.get(centre.department_id, ()),
        )
        return cls(key, {FIRST: _Told(day, centre.slug)}, language, household.sms_sender, [])

    def settlement(self, *, now: datetime) -> Settlement:
        wanted = [
            reminder._replace(step=_step(reminder.step, number))
            for number, told in self.told.items()
            for reminder in reminders.plan(told.day)
        ]
        return reminders.settle(wanted, self.written, now=now)

    def intents(self, settlement: Settlement) -> list[Intent]:
        household, on = self.key
        return [
            Intent(
                intent_key=f"{REMINDER}:{household}:{on}:{each.step}:{each.channel}:{generation}",
                kind=REMINDER,
                subject_ref=self.key.subject_ref,
                person_ref=person_ref(household, _number(each.step)),
                scope=self.told[_number(each.step)].scope,
                channel=each.channel,
                recipient=each.recipient,
                sender=self.sender,
                language=self.language,
                alternatives=each.others,
                priority=outbox.BULK,
                send_at=each.send_at,
                valid_until=each.valid_until,
                leave_by=each.leave_by,
            )
            for each, generation in settlement.write
        ]


def _day(
    on: date, family: Mapping[str, Any], visits: Sequence[Mapping[str, Any]], known: policy.Policy
) -> Day:
    """These visits of one party, the first of whom says where it is told."""
    first = visits[0]
    found = ways(
        contact_by=family["contact_by"],
        email=first["email"],
        phone=first["phone"],
        is_discreet=any(each["is_discreet"] for each in visits),
        has_proved_email=all(each["has_proved_email"] for each in visits),
        has_proved_phone=all(each["has_proved_phone"] for each in visits),
    )
    return Day(
        on=on,
        zone=ZoneInfo(first["zone"]),
        visits=[
            Visit(
                datetime.fromisoformat(each["starts_at"]),
                datetime.fromisoformat(each["told_at"]),
                known.rules(centre=each["centre"], type=each["type"]),
            )
            for each in visits
        ],
        ways=dict(found),
        voice=f"{known_language(family['language'])} {family['sms_sender']}",
        hours=_hours(family),
        holidays=known.holidays.get(first["department"], ()),
    )


def _contact(visit: Mapping[str, Any]) -> Contact:
    return Contact(visit["guardian"], visit["email"], visit["phone"], visit["is_discreet"])


def _step(step: str, number: int) -> str:
    """Each party has steps of its own."""
    return f"{step}@{number}" if number else step


def _number(step: str) -> int:
    return int(step.partition("@")[2] or FIRST)


def _local_day(visit: Mapping[str, Any]) -> date:
    starts_at = datetime.fromisoformat(visit["starts_at"])
    return starts_at.astimezone(ZoneInfo(visit["zone"])).date()


def _hours(family: Mapping[str, Any]) -> Hours | None:
    opens, closes = family["contact_from"], family["contact_until"]
    return Hours(time.fromisoformat(opens), time.fromisoformat(closes)) if opens else None


def _written(message: list[Any]) -> Written | None:
    """A row as the plan knows it; a replacement's key goes on after its original's."""
    key, channel, recipient, language, sender, send_at, valid_until, leave_by, *rest = message
    alternatives, state, is_replacement = rest
    try:
        _kind, _household, _on, step, _way, generation, *_rest = key.split(":")
        number = int(generation)
    except ValueError:
        return None  # not of ours
    return Written(
        step,
        number,
        channel,
        recipient,
        datetime.fromisoformat(send_at),
        datetime.fromisoformat(valid_until),
        datetime.fromisoformat(leave_by) if leave_by else None,
        f"{language} {sender}",
        tuple((way["channel"], way["recipient"]) for way in alternatives),
        state,
        is_replacement,
        key,
    )
