"""What the waiting list reads: times just given back, who waits for them, which offers are due."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from booking import queries, rules
from booking.models import Appointment, WaitingListEntry, WaitingListOffer
from booking.rules import ANY_DAY, Days
from booking.waiting import Freed, Waiting
from centres.models import AppointmentType

State = WaitingListOffer.State
Audience = AppointmentType.Audience
# Nobody is asked about a time nearer than this (see waiting.BY_MESSAGE).
NEAREST = timedelta(hours=5)
REFUSED = (State.REFUSED, State.EXPIRED)
# Who has said no to a new time, or nothing, is asked about the next one so much later.
REST = timedelta(days=1)
NAMED = ("appointment__centre", "guardian__household", "child", "type", "centre")

# Times given back whose delay still keeps them off the public list, whose place is empty, and for
# which somebody waits. Few: one range of the partial index.
FREED = """
SELECT a.id FROM booking_appointment a JOIN centres_shift s ON s.id = a.shift_id
WHERE a.reoffer_at > %(now)s AND a.starts_at > %(nearest)s
  AND a.state IN ('cancelled', 'lapsed') AND a.last_action <> 'call_off' AND s.status = 'open'
  AND EXISTS (SELECT FROM booking_waitinglistentry e
              WHERE e.state = 'open' AND e.type_id = a.type_id AND a.site_id = ANY (e.sites))
  AND NOT EXISTS (
      SELECT FROM booking_appointment b
      WHERE b.practitioner_id = a.practitioner_id
        AND b.busy_from > a.busy_from - interval '14 hours'
        AND b.busy_from < a.busy_until AND b.busy_until > a.busy_from
        AND (b.seat = a.seat OR b.seat = 0 OR a.seat = 0)
        AND (b.state NOT IN ('cancelled', 'lapsed', 'held')
             OR b.state = 'held' AND b.expires_at > %(now)s
             -- Nobody is there to receive, whoever gave the time up before.
             OR b.last_action = 'call_off' AND b.reoffer_at > %(now)s))
ORDER BY a.reoffer_at, a.id
"""


def freed_times(*, now: datetime, only: int | None = None) -> list[int]:
    """The appointments (ids) that left a time which may now be offered to who waits: one query."""
    sql = FREED if only is None else FREED.replace("ORDER BY", "  AND a.id = %(only)s\nORDER BY")
    values: dict[str, Any] = {"now": now, "nearest": now + NEAREST, "only": only}
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [pk for (pk,) in cursor.fetchall()]


def freed(place: Appointment) -> Freed:
    """The time a row gives back."""
    zone = ZoneInfo(place.centre.time_zone)
    return Freed(
        place.type_id, place.site_id, place.practitioner_id, place.starts_at.astimezone(zone)
    )


def waiting_for(
    place: Appointment, *, now: datetime, new_since: datetime | None = None
) -> dict[int, WaitingListEntry]:
    """The open requests (by id) that this time may be offered to: not to whom it was offered
    before, nor to who has just given it up, has its appointment by another way, or thinks of
    another time. One that is new since then only to who waited before, and was not asked about
    another time of that half-day."""
    offers = WaitingListOffer.objects.filter(entry=OuterRef("pk"))
    theirs = offers.filter(practitioner=place.practitioner_id)
    found = _askable([place.type_id], now=now).filter(sites__contains=[place.site_id])
    found = found.exclude(Exists(theirs.filter(starts_at=place.starts_at)))
    if new_since is not None:
        shift = place.shift
        there = theirs.filter(starts_at__gte=shift.starts_at, starts_at__lt=shift.ends_at)
        asked = there.exclude(state=State.WITHDRAWN)
        found = _rested(found, now=now).filter(asked_at__lte=new_since).exclude(Exists(asked))
    if place.household_id:
        found = found.exclude(household=place.household_id)
    if place.moves_id:
        found = found.exclude(appointment=place.moves_id)
    return {each.pk: each for each in found.select_related(*NAMED)}


def may_be_asked(types: Collection[int], *, now: datetime) -> dict[int, WaitingListEntry]:
    """The open requests (by id) of these types that may be asked about a new time, with what they
    were asked before: two queries."""
    found = _rested(_askable(types, now=now), now=now).select_related(*NAMED)
    return {each.pk: each for each in found.prefetch_related("offers")}


def _askable(types: Collection[int], *, now: datetime) -> QuerySet[WaitingListEntry]:
    busy = WaitingListOffer.objects.filter(household=OuterRef("household"), state=State.OPEN)
    return (
        _counted(WaitingListEntry.objects.filter(state="open", type__in=types))
        .filter(Q(appointment__isnull=True) | Q(appointment__state="booked"))
        .exclude(Exists(busy))
        .exclude(_is_provided(now=now))
    )


def _rested(found: QuerySet[WaitingListEntry], *, now: datetime) -> QuerySet[WaitingListEntry]:
    """Without those that a new time was offered to in vain a short while ago: a plan that opens
    twenty mornings is not twenty questions in a row."""
    lately = WaitingListOffer.objects.filter(
        entry=OuterRef("pk"), is_new_time=True, state__in=REFUSED, answered_at__gt=now - REST
    )
    return found.exclude(Exists(lately))


def _is_provided(*, now: datetime) -> Q:
    """A request without an appointment, of a person who got one of this type since it was made: on
    the public pages, or by an agent. Its child is known by its own index, an adult by its own."""
    booked = Appointment.objects.filter(
        type=OuterRef("type"),
        state=Appointment.State.BOOKED,
        ends_at__gt=now,
        created_at__gt=OuterRef("asked_at"),
    )
    own = booked.filter(guardian=OuterRef("guardian"), child=None)
    return Q(appointment__isnull=True) & (
        Q(Exists(booked.filter(child=OuterRef("child")))) | Q(child__isnull=True) & Q(Exists(own))
    )


def is_provided(entry: WaitingListEntry, *, now: datetime) -> bool:
    """Whether nothing is to be found any more for this request: see `_is_provided`."""
    return WaitingListEntry.objects.filter(_is_provided(now=now), pk=entry.pk).exists()


def _counted(found: QuerySet[WaitingListEntry]) -> QuerySet[WaitingListEntry]:
    return found.annotate(
        offered=Count("offers", filter=~Q(offers__state=State.WITHDRAWN)),
        refused=Count("offers", filter=Q(offers__state__in=REFUSED)),
    )


def waiting(entries: Iterable[WaitingListEntry]) -> list[Waiting]:
    """What the ranking has to know of these (counted by `waiting_for` or `open_entries`)."""
    return [_waiting(entry) for entry in entries]


def _waiting(entry: WaitingListEntry) -> Waiting:
    appointment = entry.appointment
    return Waiting(
        id=entry.pk,
        household=entry.household_id,
        type=entry.type_id,
        sites=frozenset(entry.sites),
        days=frozenset(entry.days),
        asked_at=entry.asked_at,
        opens=entry.opens,
        closes=entry.closes,
        from_on=entry.from_on,
        until_on=entry.until_on,
        practitioner=entry.practitioner_id,
        notice=timedelta(minutes=entry.notice_min),
        fitting=fitting_days(entry),
        booked_on=_booked_on(appointment) if appointment else None,
        offered=getattr(entry, "offered", 0),
        refused=getattr(entry, "refused", 0),
    )


def _booked_on(appointment: Appointment) -> date:
    return appointment.starts_at.astimezone(ZoneInfo(appointment.centre.time_zone)).date()


def fitting_days(entry: WaitingListEntry) -> Days:
    """The days on which the child, or the pregnancy, is of the right age."""
    limits = queries.type_rules(entry.type)
    if entry.type.audience == Audience.CHILD and entry.child is not None:
        return rules.fitting_days(limits, born_on=entry.child.born_on)
    due_on = entry.appointment.due_on if entry.appointment else entry.due_on
    if entry.type.audience == Audience.PREGNANCY and due_on is not None:
        return rules.fitting_days(limits, due_on=due_on)
    return ANY_DAY


def due_offers(*, now: datetime) -> list[UUID]:
    """Open offers to be ended: time is up, the hold or the half-day is gone, or the family
    no longer waits for an earlier time than it has."""
    over = (
        Q(answer_by__lte=now)
        | ~Q(entry__state="open")
        | Q(hold__isnull=True)
        | ~Q(hold__state=Appointment.State.HELD)
        | ~Q(hold__shift__status="open")
        | Q(entry__appointment__isnull=False) & ~Q(entry__appointment__state="booked")
        | Q(entry__appointment__starts_at__lte=F("starts_at"))
    )
    found = WaitingListOffer.objects.filter(over, state=State.OPEN)
    return list(found.order_by("answer_by", "pk").values_list("uid", flat=True))


def useless_entries(*, now: datetime) -> list[UUID]:
    """Open requests that nothing can come of any more."""
    today = now.date()
    over = (
        Q(appointment__isnull=False) & ~Q(appointment__state="booked")
        | Q(appointment__starts_at__lte=now + NEAREST)
        | Q(until_on__lt=today)
        | _is_provided(now=now)
    )
    open_ones = WaitingListEntry.objects.filter(state="open")
    found = list(open_ones.filter(over).values_list("uid", flat=True))
    alone = open_ones.filter(appointment__isnull=True).select_related(*NAMED)
    for entry in alone:
        last = fitting_days(entry).last
        if last is not None and last < today:
            found.append(entry.uid)
    return list(dict.fromkeys(found))


def entry_of(appointment: Appointment) -> WaitingListEntry | None:
    """The open request to bring this appointment forward, if there is one."""
    found = WaitingListEntry.objects.filter(appointment=appointment, state="open")
    return found.select_related(*NAMED).first()


def open_offer(entry: WaitingListEntry) -> WaitingListOffer | None:
    """What is offered to it just now."""
    return entry.offers.filter(state=State.OPEN).select_related("site", "practitioner").first()


def open_entries(centre_ids: Sequence[int]) -> list[WaitingListEntry]:
    """Who waits in these centres, the first asked first, each with its open offer: two queries."""
    found = _counted(WaitingListEntry.objects.filter(centre__in=centre_ids, state="open"))
    named = found.select_related(*NAMED, "practitioner").order_by("asked_at", "pk")
    entries = list(named)
    offers = WaitingListOffer.objects.filter(entry__in=entries, state=State.OPEN)
    by_entry = {each.entry_id: each for each in offers.select_related("site", "practitioner")}
    for entry in entries:
        entry.now_offered = by_entry.get(entry.pk)  # type: ignore[attr-defined]
    return entries
