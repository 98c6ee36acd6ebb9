"""The lock every change of an appointment takes first: its shift's row (ADR 0004).

One order for all — who books (numbers, then addresses), shifts by id, appointments, requests of the
waiting list and what is offered to them, last households — so actions wait for each other briefly
and never in a ring.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection

from booking.actors import EMAIL, SMS, Actor, Who, channel_of
from booking.errors import WrongState, gettext_noop
from booking.loading import load_guardians, load_locked
from booking.models import Appointment, Child, Guardian, WaitingListEntry
from centres.models import Shift

LOCK_SHIFTS_BESIDE = """
SELECT id FROM centres_shift WHERE id IN (
    SELECT %(shift)s
    UNION
    SELECT s.id FROM centres_shift own JOIN centres_shift s
    ON s.practitioner_id = own.practitioner_id AND s.starts_at < %(until)s
       AND s.starts_at > %(since)s - interval '14 hours' AND s.ends_at > %(since)s
    WHERE own.id = %(shift)s)
ORDER BY id FOR NO KEY UPDATE
"""

# Of many appointments: their shifts, and any other of their practitioners at that time.
LOCK_SHIFTS_OF = """
SELECT id FROM centres_shift WHERE id IN (
    SELECT shift_id FROM booking_appointment WHERE id = ANY (%(ids)s)
    UNION
    SELECT s.id FROM booking_appointment a JOIN centres_shift s
    ON s.practitioner_id = a.practitioner_id AND s.starts_at < a.busy_until
       AND s.starts_at > a.busy_from - interval '14 hours' AND s.ends_at > a.busy_from
    WHERE a.id = ANY (%(ids)s))
ORDER BY id FOR NO KEY UPDATE
"""

# Half-days that change, and all that these people have at those times: the appointments of any of
# them are counted anew.
LOCK_HALF_DAYS = """
SELECT id FROM centres_shift WHERE id IN (
    SELECT unnest(%(ids)s::bigint[])
    UNION
    SELECT s.id FROM centres_shift own JOIN centres_shift s
    ON s.practitioner_id = ANY (%(people)s) AND s.starts_at < own.ends_at
       AND s.starts_at > own.starts_at - interval '14 hours' AND s.ends_at > own.starts_at
    WHERE own.id = ANY (%(ids)s))
ORDER BY id FOR NO KEY UPDATE
"""

# Of one appointment to be moved: its shift, those that could take the start, and any other of the
# people concerned at either time, since the trigger that recounts `busy` writes to all.
LOCK_SHIFTS_TO_MOVE = """
SELECT id FROM centres_shift WHERE id IN (
    WITH moved AS (
        SELECT *, %(start)s::timestamptz - (starts_at - busy_from) AS since,
            %(start)s::timestamptz + (busy_until - starts_at) AS until
        FROM booking_appointment WHERE uid = %(uid)s),
    candidates AS (
        SELECT s.id, s.practitioner_id FROM moved m
        JOIN centres_shifttype o ON o.type_id = m.type_id AND o.centre_id = m.centre_id
            AND o.starts_at > %(start)s::timestamptz - interval '14 hours'
            AND o.starts_at <= %(start)s
        JOIN centres_shift s ON s.id = o.shift_id)
    SELECT shift_id FROM moved
    UNION SELECT id FROM candidates
    UNION SELECT s.id FROM moved m JOIN centres_shift s
    ON s.practitioner_id = m.practitioner_id AND s.starts_at < m.busy_until
       AND s.starts_at > m.busy_from - interval '14 hours' AND s.ends_at > m.busy_from
    UNION SELECT s.id FROM moved m CROSS JOIN candidates c JOIN centres_shift s
    ON s.practitioner_id = c.practitioner_id AND s.starts_at < m.until
       AND s.starts_at > m.since - interval '14 hours' AND s.ends_at > m.since)
ORDER BY id FOR NO KEY UPDATE
"""


class FamilyChanged(WrongState):
    """Somebody was corrected, joined or is gone since the page that names them was shown."""

    code = "family_changed"
    message = gettext_noop(
        "Cette famille vient d’être corrigée ou réunie : rien n’est enregistré. Vérifiez les "
        "personnes, puis recommencez."
    )


def lock_address(contact: str) -> None:
    """Let one transaction at a time book for an e-mail address or a number, until it ends; before
    any shift."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [contact])


def key_of(guardian: Guardian) -> str:
    """What is locked of a parent that an agent acts for."""
    return guardian.email or guardian.number or f"guardian {guardian.pk}"


def lock_family(
    guardian: Guardian, children: Collection[Child] = ()
) -> tuple[Guardian, list[Child]]:
    """One press after the other for one parent, and none while two records of a family become one;
    before any shift. Who they are is read again under the lock. Raises FamilyChanged when one of
    them is gone, or the parent is reached elsewhere, which is not locked: the caller's page is
    old."""
    key = key_of(guardian)
    lock_address(key)
    known = Guardian.objects.select_related("household").filter(pk=guardian.pk).first()
    if known is None or key_of(known) != key:
        raise FamilyChanged
    ids = [child.pk for child in children]
    found = Child.objects.filter(household=known.household_id).in_bulk(ids) if ids else {}
    if len(found) != len(set(ids)):
        raise FamilyChanged
    return known, [found[pk] for pk in ids]


def lock_parent(guardian: Guardian, child: Child | None) -> tuple[Guardian, Child | None]:
    """As `lock_family`, with one child or without any."""
    known, children = lock_family(guardian, [child] if child else [])
    return known, next(iter(children), None)


def lock_newcomer(who: Who, actor: Actor) -> None:
    """One press after the other of one agent for families nobody knows, and whoever else books by
    this contact; before any shift."""
    lock_address(f"newcomer of {actor.label}")
    if who.contact:
        lock_address(who.contact)


def lock_proved(who: Who) -> list[Guardian]:
    """Whoever books by this proved contact, or for those it means, by their address (`key_of`);
    before any shift. Those it means. The number comes first: under its lock nobody else gives its
    parents another address."""
    lock_address(who.contact)
    known, _ = load_guardians(who)
    if who.channel == SMS:
        for address in sorted({who.email, *(each.email for each in known)} - {""}):
            lock_address(address)
    return known


def lock_people(people: Iterable[Guardian], *, contacts: Collection[str] = ()) -> None:
    """Whoever books for any of these, by whichever contact, or will by these `contacts`."""
    # One without any contact is booked for under a key of its own.
    keys = {key for each in people for key in (each.email, each.number, key_of(each))}
    for key in sorted({*keys, *contacts} - {""}, key=lambda key: (channel_of(key) == EMAIL, key)):
        lock_address(key)  # numbers before addresses


def lock_appointments(
    uids: Sequence[UUID], *, address: str = "", seen: Collection[Appointment] = ()
) -> dict[UUID, Appointment]:
    """Lock the shifts of these one or two appointments, then themselves; all they name is loaded.

    With an `address`, lock first who books. `seen` are those the caller has loaded for this same
    request (see load_locked). Raises WrongState when one was moved to another shift while we
    waited: the caller's page is old.
    """
    found, is_elsewhere = load_locked(uids, address=address, seen=seen)
    if is_elsewhere:
        raise WrongState
    return found


def lock_shift(shift_id: int, *, since: datetime, until: datetime) -> Shift:
    """Lock a shift for an appointment to be written into it, and all that its time touches."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK_SHIFTS_BESIDE, {"shift": shift_id, "since": since, "until": until})
    return Shift.objects.select_related("centre__department", "site").get(pk=shift_id)


def lock_shifts_of(appointment_ids: Collection[int]) -> list[int]:
    """Lock the shifts of many appointments, before any of them is changed; their ids.

    Whoever changes several in one transaction begins so: each change also locks its household,
    which comes after all shifts.
    """
    with connection.cursor() as cursor:
        cursor.execute(LOCK_SHIFTS_OF, {"ids": list(appointment_ids)})
        return [pk for (pk,) in cursor.fetchall()]


def lock_half_days(ids: Collection[int], people: Collection[int]) -> None:
    """Lock half-days that are to change, and those of these people beside them; after the people
    themselves, before any appointment."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK_HALF_DAYS, {"ids": list(ids), "people": list(people)})


def lock_waiting(households: Collection[int]) -> None:
    """Lock the requests of these households, and so what becomes of their offers; after all
    appointments, before any household."""
    theirs = WaitingListEntry.objects.filter(household__in=households).order_by("pk")
    list(theirs.select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))


def keep_household(pk: int) -> bool:
    """Let nobody delete a household before what names it is written; last of all. Whether it still
    is there: it may have become another's."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM booking_household WHERE id = %s FOR KEY SHARE", [pk])
        return cursor.fetchone() is not None


def lock_shifts_to_move(uid: UUID, *, start: datetime) -> list[int]:
    """Lock all shifts that moving this appointment to this start may touch; their ids."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK_SHIFTS_TO_MOVE, {"uid": uid, "start": start})
        return [pk for (pk,) in cursor.fetchall()]
