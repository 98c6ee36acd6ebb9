"""The family of who books: found by its proved address or number, or made in one statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import IntegrityError, connection

from booking import messages
from booking.actors import EMAIL, FAMILY, SMS, Actor, Who
from booking.constraints import refuse_clash
from booking.errors import LimitReached
from booking.loading import FIELD, IS_KNOWN, load_guardians
from booking.models import Appointment, Child, Guardian, Guardianship, Household
from booking.rows import write_at_once
from centres.models import Centre
from notifications import outbox

# What a confirmation changes of an appointment, beside whose it is.
BOOKED_FIELDS = ("due_on", "state", "expires_at", "last_action", "actor", "changed_at")
OPEN_STATES = (Appointment.State.BOOKED, Appointment.State.ARRIVED)

PEOPLE = """
guardian AS (
    INSERT INTO booking_guardian
        (id, household_id, first_name, last_name, email, phone, email_verified_at,
         phone_verified_at)
    SELECT {guardian}, id, %(first_name)s, %(last_name)s, %(email)s, %(phone)s,
        %(email_verified_at)s::timestamptz, %(phone_verified_at)s::timestamptz
    FROM household RETURNING id),
child AS (
    INSERT INTO booking_child (household_id, first_name, last_name, born_on)
    SELECT id, %(child_first_name)s, '', %(child_born_on)s::date
    FROM household WHERE %(has_child)s RETURNING id),
tie AS (
    INSERT INTO booking_guardianship (guardian_id, child_id)
    SELECT guardian.id, child.id FROM guardian, child)
"""
HOUSEHOLD = """
household AS (
    INSERT INTO booking_household
        (id, language, needs_interpreter, contact_by, sms_sender, created_at)
    SELECT {household}, %(language)s, %(needs_interpreter)s, 'any', '', %(now)s::timestamptz
    {condition}
    RETURNING id),
"""
# By the channel of who books.
NEW_FAMILY = {
    channel: "WITH "
    + HOUSEHOLD.format(
        household="nextval('booking_household_id_seq')",
        condition=f"WHERE %({FIELD[channel]})s = '' OR NOT EXISTS ("
        f"SELECT FROM booking_guardian guardian WHERE {is_known})",
    )
    + PEOPLE.format(guardian="nextval('booking_guardian_id_seq')")
    for channel, is_known in IS_KNOWN.items()
}
ALONE = "SELECT household.id, guardian.id, (SELECT id FROM child) FROM household, guardian"
# The held time becomes theirs in the same statement.
WITH_APPOINTMENT = """
UPDATE booking_appointment SET
    household_id = household.id, guardian_id = guardian.id, child_id = (SELECT id FROM child),
    due_on = %(due_on)s, state = %(state)s, expires_at = %(expires_at)s,
    last_action = %(last_action)s, actor = %(actor)s, changed_at = %(changed_at)s
FROM household, guardian WHERE booking_appointment.id = %(appointment)s
RETURNING booking_appointment.household_id, booking_appointment.guardian_id,
    booking_appointment.child_id
"""
# All of that and its messages, under the locks that confirming takes, if the hold still is as it
# was seen and the contact still means nobody: one statement, a transaction by itself.
_LOCKED = """
WITH locked AS MATERIALIZED (
    SELECT 1 WHERE booking_lock_first(
        %(uid)s, %(contact)s, %(email)s, %(phone)s, %(is_by_phone)s) = %(version)s),
"""
FIRST_BOOKING = "".join(
    (
        _LOCKED,
        HOUSEHOLD.format(household="%(household_id)s::bigint", condition="FROM locked"),
        PEOPLE.format(guardian="%(guardian_id)s::bigint").rstrip(),
        f", message AS ({outbox.insert_if('EXISTS (SELECT FROM household)')})",
        WITH_APPOINTMENT,
    )
)


class Family(NamedTuple):
    """Who books, for which child if one is meant, and whether they are new here."""

    guardian: Guardian
    child: Child | None
    is_new: bool = False


def family_of(who: Who, centre: Centre, *, now: datetime, actor: Actor) -> Family:
    """The guardian of this contact and name, and the child if one is meant, made if need be.

    The caller has locked the contact itself, not its rows: two bookings at once can neither pass
    the limit together nor make two households of one, even when there is no row yet. Raises
    LimitReached.
    """
    new = _new_family(who, ALONE, {}, now=now, actor=actor)
    return new or known_family(who, centre, now=now, actor=actor)


def book_for_new_family(
    booked: Appointment, who: Who, *, now: datetime, actor: Actor
) -> Family | None:
    """Write an appointment, as it stands, for a family nobody knows yet: one statement for the
    commonest booking. None, and nothing is written, when the contact is known. Raises
    IntegrityError, as saving it would."""
    return _new_family(who, WITH_APPOINTMENT, _booked_values(booked), now=now, actor=actor)


def known_family(who: Who, centre: Centre, *, now: datetime, actor: Actor) -> Family:
    """The same for a contact that is known: a new guardian joins its household."""
    known, guardian = load_guardians(who)
    if not actor.is_agent:
        _check_limit(known, centre, now=now)
    if guardian is None:
        household = known[0].household
        guardian = Guardian.objects.create(household=household, **_person(who, now, actor))
    elif not actor.is_agent:
        _take_news(who, guardian, now=now)
    return Family(guardian, _child_for(who, guardian))


def _person(who: Who, now: datetime, actor: Actor) -> dict[str, Any]:
    """A guardian's own fields. A family proved its contact by a code; an agent only typed it, maybe
    wrongly."""
    proved_at = None if actor.is_agent else now
    return {
        "first_name": who.first_name,
        "last_name": who.last_name,
        "email": who.email,
        "phone": who.phone,
        "email_verified_at": proved_at if who.channel == EMAIL else None,
        "phone_verified_at": proved_at if who.channel == SMS else None,
    }


def _take_news(who: Who, guardian: Guardian, *, now: datetime) -> None:
    """What a known family says anew counts: a dead number or another's language helps nobody."""
    news: dict[str, Any] = {}
    if not guardian.has_proved(who.contact):
        news[f"{FIELD[who.channel]}_verified_at"] = now
    if who.channel == EMAIL and who.phone and who.phone != guardian.number:
        news |= {"phone": who.phone, "phone_verified_at": None}
    if who.channel == SMS and who.email and who.email != guardian.email:
        news |= {"email": who.email, "email_verified_at": None}
    _change(guardian, news)
    household = guardian.household
    _change(
        household,
        {
            "language": household.language if who.is_language_default else who.language,
            "needs_interpreter": who.needs_interpreter,
        },
    )


def _change(record: Guardian | Household, values: dict[str, Any]) -> None:
    """Write what differs from the record, if anything does."""
    changed = [name for name, value in values.items() if getattr(record, name) != value]
    for name in changed:
        setattr(record, name, values[name])
    if changed:
        record.save(update_fields=changed)


def _check_limit(known: list[Guardian], centre: Centre, *, now: datetime) -> None:
    ahead = Appointment.objects.filter(
        guardian__in=known, state__in=OPEN_STATES, starts_at__gt=now
    ).count()
    if ahead >= centre.max_open_per_contact:
        raise LimitReached(limit=centre.max_open_per_contact)


def book_first(booked: Appointment, who: Who, *, now: datetime) -> bool:
    """Lock, and write an appointment as it stands for a family nobody knows yet, with its messages,
    in one statement (ADR 0035). False, and nothing is written, when the hold is not any more as it
    was seen, the contact is known, or somebody has the time by another way."""
    if booked.new_ids is None or not who.contact:
        return False
    household_id, guardian_id = booked.new_ids
    family = _unwritten(who, now=now, actor=FAMILY)
    family.guardian.household.pk, family.guardian.pk = household_id, guardian_id
    belongs_to(booked, family)
    values = _details(who, family, now=now) | _booked_values(booked)
    values |= outbox.insert_values(messages.of_first(booked, now=now), now=now)
    values |= {
        "uid": booked.uid,
        "contact": who.contact,
        "is_by_phone": who.channel == SMS,
        "version": booked.row_version,
        "household_id": household_id,
        "guardian_id": guardian_id,
    }
    try:
        row = write_at_once(FIRST_BOOKING, values)
    except IntegrityError as error:
        refuse_clash(error)
        return False
    if row is None:
        return False
    _learn(family, row)
    belongs_to(booked, family)
    return True


def belongs_to(appointment: Appointment, family: Family) -> None:
    appointment.guardian, appointment.child = family.guardian, family.child
    appointment.household = family.guardian.household


def _booked_values(booked: Appointment) -> dict[str, Any]:
    return {name: getattr(booked, name) for name in BOOKED_FIELDS} | {"appointment": booked.pk}


def _new_family(
    who: Who, then: str, values: Mapping[str, Any], *, now: datetime, actor: Actor
) -> Family | None:
    """Household, guardian, child and their tie, and what is `then` to be written for them.

    None when the contact is known. Without one (an agent booked) nothing says who they are: new.
    """
    family = _unwritten(who, now=now, actor=actor)
    with connection.cursor() as cursor:
        cursor.execute(NEW_FAMILY[who.channel] + then, {**_details(who, family, now=now), **values})
        row = cursor.fetchone()
    if row is None:
        return None
    _learn(family, row)
    return family


def _unwritten(who: Who, *, now: datetime, actor: Actor) -> Family:
    """A new family, before anything is written of it."""
    household = Household(
        language=who.language, needs_interpreter=who.needs_interpreter, created_at=now
    )
    guardian = Guardian(household=household, **_person(who, now, actor))
    if not who.child_first_name or who.child_born_on is None:
        return Family(guardian, None, is_new=True)
    child = Child(household=household, first_name=who.child_first_name, born_on=who.child_born_on)
    return Family(guardian, child, is_new=True)


def _details(who: Who, family: Family, *, now: datetime) -> dict[str, Any]:
    guardian = family.guardian
    return {
        "first_name": who.first_name,
        "last_name": who.last_name,
        "email": who.email,
        "phone": guardian.number,
        "email_verified_at": guardian.email_verified_at,
        "phone_verified_at": guardian.phone_verified_at,
        "language": who.language,
        "needs_interpreter": who.needs_interpreter,
        "now": now,
        "child_first_name": who.child_first_name,
        "child_born_on": who.child_born_on,
        "has_child": family.child is not None,
    }


def _learn(family: Family, row: Sequence[int]) -> None:
    """The ids the database gave."""
    guardian, child, household = family.guardian, family.child, family.guardian.household
    household.pk, guardian.pk, child_id = row
    guardian.household = household  # its key too
    if child is not None:
        child.pk, child.household = child_id, household


def _child_for(who: Who, guardian: Guardian) -> Child | None:
    """The household's child of this first name and birth date, tied to the guardian."""
    if not who.child_first_name or who.child_born_on is None:
        return None
    children = Child.objects.filter(household=guardian.household_id, born_on=who.child_born_on)
    name = who.child_first_name.casefold()
    child = next((child for child in children if child.first_name.casefold() == name), None)
    if child is None:
        child = Child.objects.create(
            household=guardian.household, first_name=who.child_first_name, born_on=who.child_born_on
        )
        Guardianship.objects.create(guardian=guardian, child=child)
    else:
        Guardianship.objects.get_or_create(guardian=guardian, child=child)
    return child
