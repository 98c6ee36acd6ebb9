"""Times that could not be booked before are offered to who waits: by the same turns, questions and
holds as those given back (see offering, ADR 0036)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime

from django.db import transaction

from booking import newly_free, waiting, waitlist
from booking.actions.holding import Ask, Wanted, check_window, choose, lock_candidates, placed
from booking.actions.offering import asked_about, offer_next
from booking.actors import FAMILY
from booking.errors import Refusal
from booking.intervals import overlaps
from booking.models import Appointment, WaitingListEntry, WaitingListOffer
from booking.newly_free import NewTime
from booking.queries import type_rules
from centres.calendar import from_minute
from centres.models import Shift

# So many offers a minute: each is a transaction of its own.
MOST = 30


def offer_new_times(*, now: datetime) -> list[WaitingListOffer]:
    """Offer each household that waits, if there is one for it, a time that can be booked for the
    first time: one household a time, one time a household. Run twice, or killed half-way, it goes
    on from what the database says: what is offered is not free, who is asked has an offer."""
    times = newly_free.new_times(now=now)
    if not times:
        return []
    days_off = newly_free.holidays([each.centre for each in times], now=now)
    made = [_try(each, now=now) for each in _turns(times, days_off, now=now)]
    return [offer for offer in made if offer is not None]


def _turns(
    times: Sequence[NewTime], days_off: dict[int, set[date]], *, now: datetime
) -> Iterator[NewTime]:
    """Those whose turn it is to be offered, soonest first, as things are just now."""
    entries = waitlist.may_be_asked({each.kind.pk for each in times}, now=now)
    left: defaultdict[int, list[waiting.Waiting]] = defaultdict(list)
    for each in waitlist.waiting(entries.values()):
        left[each.type].append(each)
    busy: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    households: set[int] = set()
    for time in times:
        if time.busy and overlaps(*time.busy, busy[time.load.practitioner]):
            continue
        theirs = [each for each in left[time.kind.pk] if each.household not in households]
        ranked = waiting.rank(theirs, time.freed, now=now)
        fitting = (turn for turn in ranked if _may_ask(entries[turn.id], time, days_off, now=now))
        turn = next(fitting, None)
        if turn is None:
            continue
        households.add(turn.household)
        if time.busy:
            busy[time.load.practitioner].append(time.busy)
        yield time
        if len(households) == MOST:
            return


def _may_ask(
    entry: WaitingListEntry,
    time: NewTime,
    days_off: dict[int, set[date]],
    *,
    now: datetime,
) -> bool:
    """Whether this family waited before the time was new, was asked about nothing else of that
    half-day, and can be asked in time."""
    load, starts_at = time.load, from_minute(time.start)
    if entry.asked_at > time.since:
        return False
    for offer in entry.offers.all():
        if offer.practitioner_id != load.practitioner:
            continue
        is_there = from_minute(load.starts) <= offer.starts_at < from_minute(load.ends)
        if offer.starts_at == starts_at or (is_there and offer.state != offer.State.WITHDRAWN):
            return False
    off: Collection[date] = days_off[time.centre.department_id]
    return asked_about(entry, time.centre, starts_at, now=now, days_off=off) is not None


def _try(time: NewTime, *, now: datetime) -> WaitingListOffer | None:
    """One that somebody took a moment ago keeps none of the others waiting."""
    try:
        return _offer(time, now=now)
    except Refusal:
        return None


@transaction.atomic
def _offer(time: NewTime, *, now: datetime) -> WaitingListOffer | None:
    """Hold the time for whose turn it is, if it is free still. Raises TooSoon, TooFar, NotOffered,
    SlotTaken."""
    wanted = Wanted(time.load.site, time.load.practitioner, ())
    ask = Ask(time.kind, time.centre, time.start, now, FAMILY, wanted)
    check_window(ask)
    found = lock_candidates(ask, releasing=None)
    if lapsed := [pk for candidate in found for pk in candidate.lapsed]:
        Appointment.objects.filter(pk__in=lapsed, state="held").update(state="lapsed")
    timing = type_rules(ask.kind).timing
    loads = [candidate.load for candidate in found]
    slot = choose(loads, timing, ask.start, actor=FAMILY, wanted=wanted)
    chosen = next(each for each in found if each.load.id == slot.shift)
    place = Appointment(
        type=ask.kind,
        centre=ask.centre,
        **placed(slot, chosen.load, timing, chosen.seats_used),
    )
    place.shift = Shift.objects.select_related("site", "practitioner").get(pk=slot.shift)
    return offer_next(place, now=now, new_since=time.since)
