"""The family of who books: found by its proved address or number, or made in one statement."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from booking.actors import EMAIL, SMS, Actor, Who
from booking.errors import LimitReached
from booking.loading import FIELD, IS_KNOWN, load_guardians
from booking.models import Appointment, Child, Guardian, Guardianship, Household
from centres.models import Centre

OPEN_STATES = (Appointment.State.BOOKED, Appointment.State.ARRIVED)

# By the channel of who books.
NEW_FAMILY = {
    channel: f"""
WITH household AS (
    INSERT INTO booking_household
        (language, needs_interpreter, contact_by, sms_sender, created_at)
    SELECT %(language)s, %(needs_interpreter)s, 'any', '', %(now)s::timestamptz
    WHERE %({FIELD[channel]})s = '' OR NOT EXISTS (
        SELECT FROM booking_guardian guardian WHERE {is_known})
    RETURNING id),
guardian AS (
    INSERT INTO booking_guardian
        (household_id, first_name, last_name, email, phone, email_verified_at, phone_verified_at)
    SELECT id, %(first_name)s, %(last_name)s, %(email)s, %(phone)s,
        %(email_verified_at)s::timestamptz, %(phone_verified_at)s::timestamptz
    FROM household RETURNING id),
child AS (
    INSERT INTO booking_child (household_id, first_name, last_name, born_on)
    SELECT id, %(child_first_name)s, '', %(child_born_on)s::date
    FROM household WHERE %(has_child)s RETURNING id),
tie AS (
    INSERT INTO booking_guardianship (guardian_id, child_id)
    SELECT guardian.id, child.id FROM guardian, child)
SELECT household.id, guardian.id, (SELECT id FROM child) FROM household, guardian
"""  # noqa: S608 - made of our own column names
    for channel, is_known in IS_KNOWN.items()
}


class Family(NamedTuple):
    """Who books, for which child if one is meant, and whether they are new here."""

    guardian: Guardian
    child: Child | None
    is_new: bool = False


def family_of(who: Who, centre: Centre, *, now: datetime, actor: Actor) -> Family:
    """The guardian of this contact and name, and the child if one is meant.

    A new guardian joins the household the contact already has. The caller has locked the contact
    itself, not its rows: two bookings at once can neither pass the limit together nor make two
    households of one, even when there is no row yet. Raises LimitReached.
    """
    new = _new_family(who, now=now, actor=actor)
    if new is not None:
        return new
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


def _new_family(who: Who, *, now: datetime, actor: Actor) -> Family | None:
    """Household, guardian, child and their tie, in one statement: the commonest booking.

    None when the contact is known. Without one (an agent booked) nothing says who they are: new.
    """
    household = Household(
        language=who.language, needs_interpreter=who.needs_interpreter, created_at=now
    )
    person = _person(who, now, actor)
    guardian = Guardian(household=household, **person)
    values = person | {
        "phone": guardian.number,
        "language": who.language,
        "needs_interpreter": who.needs_interpreter,
        "now": now,
        "child_first_name": who.child_first_name,
        "child_born_on": who.child_born_on,
        "has_child": bool(who.child_first_name and who.child_born_on),
    }
    with connection.cursor() as cursor:
        cursor.execute(NEW_FAMILY[who.channel], values)
        row = cursor.fetchone()
    if row is None:
        return None
    household.pk, guardian.pk, child_id = row
    guardian.household = household
    if child_id is None or who.child_born_on is None:
        return Family(guardian, None, is_new=True)
    child = Child(
        pk=child_id,
        household=household,
        first_name=who.child_first_name,
        born_on=who.child_born_on,
    )
    return Family(guardian, child, is_new=True)


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
