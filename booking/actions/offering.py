"""A freed time is offered to one household after the other, held for it as long as it may answer.

Locks as everywhere: who books, shifts, appointments; then the request and its offer, last the
household. Whoever comes second finds the offer answered, or the place taken.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction

from booking import offer_messages, waiting, waitlist
from booking.actions.changing import PLACE_FIELDS, move
from booking.actions.confirming import confirm
from booking.actions.families import Family
from booking.actions.holding import check_open, check_still_there
from booking.actions.waiting import close_entry
from booking.actors import FAMILY_OFFERED, WAITING_LIST, Actor, Who
from booking.constraints import broken_constraint, refuse_clash
from booking.errors import OfferOver, Refusal, WrongState
from booking.loading import insert_hold
from booking.locking import keep_household, lock_appointments, lock_family, lock_shift
from booking.models import Appointment, WaitingListEntry, WaitingListOffer
from booking.reaching import Way, hours_of
from booking.reminders import decent
from booking.waiting import Question
from centres.models import Centre, PublicHoliday

State, HowTold = WaitingListOffer.State, WaitingListOffer.Way
Ending = WaitingListEntry.Ending
# The hold outlives the question a little: whoever answers at the last minute, and the minute's task
# that passes the time on, both still find it there.
GRACE = timedelta(minutes=10)
WORKING_DAYS = (1, 2, 3, 4, 5)
PLACE = ("shift__centre", "shift__site", "centre__department", "type")


@transaction.atomic
def offer_freed(*, appointment_id: int, now: datetime) -> WaitingListOffer | None:
    """Hold the time an appointment gave back for whose turn it is, and ask. None when it was taken
    meanwhile, or nobody is to be asked: then it is everybody's once the centre's delay is over."""
    left = Appointment.objects.select_related(*PLACE).get(pk=appointment_id)
    lock_shift(left.shift_id, since=left.busy_from, until=left.busy_until)
    if not waitlist.freed_times(now=now, only=appointment_id):
        return None
    return offer_next(left, now=now)


@transaction.atomic
def accept_offer(*, uid: UUID, now: datetime, actor: Actor = FAMILY_OFFERED) -> Appointment:
    """Take the time that is held: the appointment moves there, or the family gets one.

    Accepting twice is accepting once. Raises OfferOver (also when the family got its appointment by
    another way), and whatever `move` and `confirm` raise; then the offer stays as it was.
    """
    offer = _named(uid)
    hold, appointment = offer.hold, offer.entry.appointment
    if hold is None:
        raise OfferOver
    if appointment is None:
        _lock_who_waits(offer)
        lock_appointments([hold.uid])
    else:
        lock_appointments([appointment.uid, hold.uid])
    entry, offer = _locked(offer)
    if offer.state == State.ACCEPTED:
        return _taken(entry)
    if not offer.is_open or not entry.is_open or waitlist.is_provided(entry, now=now):
        raise OfferOver
    taken = _take(entry, hold, now=now, actor=actor)
    _end(offer, State.ACCEPTED, now=now, by=actor.label)
    entry.appointment = taken
    entry.save(update_fields=["appointment"])
    close_entry(entry, Ending.SERVED, now=now, actor=actor)
    return taken


@transaction.atomic
def end_offer(
    *, uid: UUID, now: datetime, actor: Actor = WAITING_LIST, is_refused: bool = False
) -> WaitingListOffer | None:
    """The family does not take it (or nobody said anything in time): the time goes to the next one,
    who is returned, in the same breath; after the last one it is everybody's.

    Ending twice is ending once. Raises OfferOver when it was accepted.
    """
    offer = _named(uid)
    hold = offer.hold
    if hold is not None:
        lock_shift(hold.shift_id, since=hold.busy_from, until=hold.busy_until)
        hold = Appointment.objects.select_related(*PLACE).get(pk=hold.pk)
    entry, offer = _locked(offer)
    if offer.state == State.ACCEPTED:
        raise OfferOver
    if not offer.is_open:
        return None
    _end(offer, _ended_as(offer, is_refused=is_refused, now=now), now=now, by=actor.label)
    _give_up_if_silent(entry, now=now)
    if hold is None or hold.state != Appointment.State.HELD:
        return None
    hold.state = Appointment.State.LAPSED
    hold.save(update_fields=["state"])
    return offer_next(hold, now=now, new_since=offer.offered_at if offer.is_new_time else None)


def _ended_as(offer: WaitingListOffer, *, is_refused: bool, now: datetime) -> str:
    if is_refused:
        return State.REFUSED
    is_silent = offer.answer_by <= now and _was_told(offer)
    return State.EXPIRED if is_silent else State.WITHDRAWN


def _was_told(offer: WaitingListOffer) -> bool:
    """Whether the family may have read it. Who was never told has neither refused nor been silent:
    it keeps its turn, for another time."""
    return offer.way == HowTold.MESSAGE and not offer_messages.lost_of([offer])


def _named(uid: UUID) -> WaitingListOffer:
    named = ("hold", "entry__appointment", "entry__guardian")
    return WaitingListOffer.objects.select_related(*named).get(uid=uid)


def _lock_who_waits(offer: WaitingListOffer) -> None:
    """The parent, and if it became another while we waited, that one: the request is whose it is by
    then. What was locked of the former is let go first, so that nobody waits in a ring."""
    try:
        with transaction.atomic():
            lock_family(offer.entry.guardian)
    except WrongState:
        lock_family(_named(offer.uid).entry.guardian)


def _locked(offer: WaitingListOffer) -> tuple[WaitingListEntry, WaitingListOffer]:
    """The request, with whoever it is for by now, and the offer: always in this order. What it
    names is read after the wait: a statement that waits joins it to the people of before."""
    entry = WaitingListEntry.objects.select_for_update(no_key=True).get(pk=offer.entry_id)
    offer = WaitingListOffer.objects.select_for_update().get(pk=offer.pk)
    return entry, offer


def _end(offer: WaitingListOffer, state: str, *, now: datetime, by: str) -> None:
    offer.state, offer.answered_at, offer.answered_by = state, now, by[:80]
    offer.save(update_fields=["state", "answered_at", "answered_by"])
    offer_messages.taken_back(offer)


def _take(
    entry: WaitingListEntry, hold: Appointment, *, now: datetime, actor: Actor
) -> Appointment:
    if entry.appointment is not None:
        return move(uid=entry.appointment.uid, hold_uid=hold.uid, now=now, actor=actor)
    family = Family(entry.guardian, entry.child)
    return confirm(uid=hold.uid, who=_who(entry), now=now, actor=actor, family=family)


def _taken(entry: WaitingListEntry) -> Appointment:
    if entry.appointment is None:
        raise OfferOver
    return entry.appointment


def _who(entry: WaitingListEntry) -> Who:
    guardian, child = entry.guardian, entry.child
    return Who(
        first_name=guardian.first_name,
        last_name=guardian.last_name,
        email=guardian.email,
        phone=guardian.number,
        language=guardian.household.language,
        child_first_name=child.first_name if child else "",
        child_born_on=child.born_on if child else None,
        due_on=entry.due_on,
    )


def _give_up_if_silent(entry: WaitingListEntry, *, now: datetime) -> None:
    """Who never answers is not asked for ever."""
    asked = entry.offers.filter(way=HowTold.MESSAGE).exclude(state=State.WITHDRAWN)
    last = asked.order_by("-pk")[: waiting.MOST_SILENT]
    is_silent = [each.state for each in last] == [State.EXPIRED] * waiting.MOST_SILENT
    if is_silent and entry.is_open:
        close_entry(entry, Ending.SILENT, now=now, actor=WAITING_LIST)


class Asked(NamedTuple):
    """How and until when a family is asked."""

    how: str
    ways: Collection[Way]
    question: Question


def offer_next(
    place: Appointment, *, now: datetime, new_since: datetime | None = None
) -> WaitingListOffer | None:
    """Hold this place, free and locked, for the first who can be asked in time; one that is new
    since then only for who waited before."""
    try:
        check_open(place.centre, place.type, now=now, actor=FAMILY_OFFERED)
        check_still_there(place)
    except Refusal:
        return None
    entries = waitlist.waiting_for(place, now=now, new_since=new_since)
    days_off = _days_off(place, now=now) if entries else ()
    freed = waitlist.freed(place)
    for turn in waiting.rank(waitlist.waiting(entries.values()), freed, now=now):
        entry = entries[turn.id]
        asked = asked_about(entry, place.centre, place.starts_at, now=now, days_off=days_off)
        if asked is None:
            continue
        offer = _offer(entry, place, asked, now=now, is_new_time=new_since is not None)
        if offer is not None:
            return offer
    return None


def _days_off(place: Appointment, *, now: datetime) -> set[date]:
    first = now.date() - timedelta(days=1)
    found = PublicHoliday.objects.filter(
        department=place.centre.department_id,
        on__range=(first, first + timedelta(days=waiting.LOOK_AHEAD + 2)),
    )
    return set(found.values_list("on", flat=True))


def asked_about(
    entry: WaitingListEntry,
    centre: Centre,
    starts_at: datetime,
    *,
    now: datetime,
    days_off: Collection[date],
) -> Asked | None:
    """By a message if one can reach them, else by somebody of the centre. None: not in time, or
    nearer by then than the family wants to know."""
    zone = ZoneInfo(centre.time_zone)
    ways = offer_messages.ways_of_entry(entry, is_urgent=True)
    if ways:
        question = waiting.question(
            now=now,
            starts_at=starts_at,
            zone=zone,
            hours=decent(hours_of(entry.guardian.household)),
            patience=waiting.BY_MESSAGE,
            days_off=days_off,
        )
    else:
        question = waiting.question(
            now=now,
            starts_at=starts_at,
            zone=zone,
            hours=waiting.DESK_HOURS,
            patience=waiting.BY_DESK,
            days_off=days_off,
            weekdays=WORKING_DAYS,
        )
    if question is None:
        return None
    notice, local = timedelta(minutes=entry.notice_min), starts_at.astimezone(zone)
    if not waiting.is_told_in_time(local, notice, told_at=question.asked_at):
        return None
    return Asked(HowTold.MESSAGE if ways else HowTold.CALL, ways, question)


def _offer(
    entry: WaitingListEntry,
    place: Appointment,
    asked: Asked,
    *,
    now: datetime,
    is_new_time: bool,
) -> WaitingListOffer | None:
    """None when the household has just been asked about another time, or become another's: it keeps
    its turn for the next one. Raises SlotTaken."""
    hold = _hold(entry, place, asked.question, now=now)
    offer = WaitingListOffer(
        entry=entry,
        household=entry.guardian.household,
        hold=hold,
        centre=place.centre,
        site_id=place.site_id,
        practitioner_id=place.practitioner_id,
        starts_at=place.starts_at,
        way=asked.how,
        offered_at=now,
        told_at=asked.question.asked_at,
        answer_by=asked.question.answer_by,
        is_new_time=is_new_time,
    )
    try:
        # Not asked about it after all, its household is let go before the next one's is kept.
        with transaction.atomic():
            if not keep_household(entry.guardian.household_id):
                return None
            try:
                insert_hold(hold)
            except IntegrityError as error:
                raise refuse_clash(error) from error
            offer.hold_id = hold.pk
            offer.save(force_insert=True)
    except IntegrityError as error:
        if broken_constraint(error) not in ("offer_one_a_household", "offer_once_a_time"):
            raise
        return None
    if asked.ways:
        offer_messages.offered(offer, list(asked.ways), now=now)
    return offer


def _hold(
    entry: WaitingListEntry, place: Appointment, question: Question, *, now: datetime
) -> Appointment:
    is_web = entry.asked_by.startswith("family")
    return Appointment(
        state=Appointment.State.HELD,
        type_id=place.type_id,
        expires_at=question.answer_by + GRACE,
        created_at=now,
        changed_at=now,
        actor=WAITING_LIST.label,
        booked_via=Appointment.Via.WEB if is_web else Appointment.Via.AGENT,
        moves=entry.appointment,
        **{name: getattr(place, name) for name in PLACE_FIELDS},
    )
