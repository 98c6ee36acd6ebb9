"""A doctor's morning soon, one later, and families who have the later one and would come sooner."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from booking import actions, queries, waitlist
from booking.actions.waiting import Wishes
from booking.models import Appointment, WaitingListEntry, WaitingListOffer
from booking.rules import agent_window
from centres.models import Shift
from tests.booking.scene import NOW, Scene, after, clock, open_morning, parent
from tests.factories import make_shift

# A Friday and the Friday two weeks later, after a Tuesday; clocks change after both.
NEAR, FAR = 10, 24


@dataclass
class Centre:
    """A doctor's morning in ten days and one in a month; families who have the later one."""

    near: Scene
    far: Shift

    def book(self, number: int, at: str = "09:00", *, is_near: bool = False) -> Appointment:
        shift = self.near.shift if is_near else self.far
        day = shift.starts_at.date()
        scene = Scene(self.near.kind, shift)
        held = actions.hold(
            kind=scene.kind, centre=shift.centre, start=minute(clock(at, day)), now=NOW
        )
        return actions.confirm(uid=held.uid, who=parent(number), now=NOW)

    def wait(self, number: int, at: str = "09:00", **wishes: Any) -> WaitingListEntry:
        """A family with an appointment in a month that would come earlier."""
        return self.ask(self.book(number, at), now=after(number), **wishes)

    def ask(self, booked: Appointment, *, now: datetime = NOW, **wishes: Any) -> WaitingListEntry:
        wanted = Wishes(**{"sites": (self.near.shift.site_id,)} | wishes)
        return actions.ask_for_earlier(uid=booked.uid, wishes=wanted, now=now)


def minute(at: datetime) -> int:
    return int(at.timestamp()) // 60


def waiting_centre() -> Centre:
    """Nobody has booked, and nobody waits."""
    near = open_morning()
    Shift.objects.filter(pk=near.shift.pk).delete()
    days = {
        day: make_shift(
            starts_at=clock("09:00") + timedelta(days=day),
            site=near.shift.site,
            practitioner=near.shift.practitioner,
            types=[near.kind],
        )
        for day in (NEAR, FAR)
    }
    return Centre(Scene(near.kind, days[NEAR]), days[FAR])


def tend(now: datetime) -> list[WaitingListOffer]:
    """What the minute's task does, at this moment."""
    for uid in waitlist.useless_entries(now=now):
        actions.stop_waiting(uid=uid, now=now, ending="useless")
    made = [actions.end_offer(uid=uid, now=now) for uid in waitlist.due_offers(now=now)]
    made += [
        actions.offer_freed(appointment_id=pk, now=now) for pk in waitlist.freed_times(now=now)
    ]
    return [offer for offer in made if offer is not None]


def give_back(centre: Centre, *, now: datetime = NOW) -> Appointment:
    freed = centre.book(99, is_near=True)
    return actions.cancel(uid=freed.uid, now=now)


def public(centre: Centre, now: datetime) -> set[int]:
    """The starts of the near morning that anybody could choose."""
    window = agent_window(now=now)
    slots = queries.search(kind=centre.near.kind, centre=centre.near.centre, window=window, now=now)
    first = minute(centre.near.shift.starts_at)
    return {slot.start - first for slot in slots if 0 <= slot.start - first < 180}
