"""What the desk's list of calls to make reads: promises by their day, times held for who is called,
and who waits. A fixed number of queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Prefetch
from django.db.models.functions import Coalesce

from booking import waiting, waitlist
from booking.models import CallbackRequest, CallbackTry, WaitingListEntry, WaitingListOffer
from booking.offer_messages import lost_of
from centres.calendar import add_working_days
from centres.models import Centre, PublicHoliday

# As many as a page can carry; the next ones come up as these are called.
SHOWN = 20
# How long a wrong outcome can be undone here.
RECENT = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """The promises of a centre, by day; `more` are not shown."""

    overdue: Sequence[CallbackRequest]
    today: Sequence[CallbackRequest]
    later: Sequence[CallbackRequest]
    done: Sequence[CallbackRequest]
    more: int


@dataclass(frozen=True, slots=True)
class Place:
    """One family that waits, and its turn among those of its type."""

    turn: int
    entry: WaitingListEntry
    offer: WaitingListOffer | None


def today_of(centre: Centre, *, now: datetime) -> date:
    return now.astimezone(ZoneInfo(centre.time_zone)).date()


def next_day(centre: Centre, *, now: datetime) -> date:
    """The day on which who did not answer is called again, unless another is said."""
    today = today_of(centre, now=now)
    week = today + timedelta(days=7)
    holidays = PublicHoliday.objects.filter(
        department=centre.department_id, on__range=(today, week)
    )
    return add_working_days(today, 1, frozenset(holidays.values_list("on", flat=True)))


def read_calls(centre: Centre, *, now: datetime) -> Calls:
    """All promises still open, the most overdue first, and what was noted lately: four queries."""
    tries = Prefetch("tries", CallbackTry.objects.filter(undone_at=None), to_attr="made")
    found = CallbackRequest.objects.filter(centre=centre).select_related("type", "centre")
    found = found.prefetch_related(tries)
    asked = found.filter(state="open").order_by(Coalesce("again_on", "promised_on"), "created_at")
    waiting_calls = list(asked)
    shown, today = waiting_calls[: 2 * SHOWN], today_of(centre, now=now)
    done = list(
        found.filter(closed_at__gt=now - RECENT).order_by("-closed_at")[:SHOWN],
    )
    return Calls(
        overdue=[each for each in shown if each.due_on < today],
        today=[each for each in shown if each.due_on == today],
        later=[each for each in shown if each.due_on > today],
        done=done,
        more=len(waiting_calls) - len(shown),
    )


def to_call(centre: Centre, *, now: datetime) -> list[WaitingListOffer]:
    """Times held for families that somebody has to call: none has a message, or theirs was lost.
    Two queries."""
    offers = list(
        WaitingListOffer.objects.filter(centre=centre, state="open", answer_by__gt=now)
        .select_related(
            "site", "practitioner", "centre", "entry__guardian__household", "entry__child"
        )
        .select_related("entry__type", "entry__appointment__site", "entry__appointment__centre")
        .order_by("answer_by", "pk")
    )
    unreached = lost_of(offers)
    return [each for each in offers if each.way == "call" or each.subject_ref in unreached]


def places(centre: Centre, *, now: datetime) -> list[Place]:
    """Who waits here, type by type, whose turn is nearest first: two queries."""
    entries = {each.pk: each for each in waitlist.open_entries([centre.pk])}
    today = today_of(centre, now=now)
    wishes = sorted(
        waitlist.waiting(entries.values()), key=lambda wish: waiting.place(wish, on=today)
    )
    turns: dict[int, int] = {}
    found = []
    for wish in wishes:
        turns[wish.type] = turns.get(wish.type, 0) + 1
        entry = entries[wish.id]
        found.append(Place(turns[wish.type], entry, getattr(entry, "now_offered", None)))
    return sorted(found, key=lambda place: (place.entry.type.label, place.turn))
