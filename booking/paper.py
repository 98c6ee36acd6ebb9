"""The day's list that is mailed in the evening: for the morning when the network is down.

It names nobody whole and says nothing of health (ADR 0032): a first name and a letter, the number
of the appointment, the hour, the language. Of a discreet type not even the name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from booking import daybook
from booking.board import Block, Entry, Kind, Visit
from booking.intervals import gaps, pairs
from booking.models import Appointment, PaperOrder
from centres.calendar import from_minute, to_minute, wall
from centres.models import Membership, Shift
from notifications.composing import Content
from notifications.models import OutboxMessage
from notifications.words import moments
from notifications.words.kinds import FRENCH, LANGUAGE_NAMES

PAPER = "paper"
# A list missed in the evening is still worth sending in the morning, until people come.
STILL_OF_USE = time(9)
OUTSIDE = "hors demi-journée"
# A held time, or one given back, must not be given away by who reads nothing at its hour.
SAID = {
    Kind.FREE: "libre",
    Kind.HOLD: "retenu",
    Kind.REOFFER: "annulé, pas encore libre",
    Kind.OPEN: "ouvert à tous",
    Kind.CLOSED: "indisponible",
}
AT_A_DESK = (Membership.Role.RECEPTION, Membership.Role.PRACTITIONER, Membership.Role.MANAGER)


class Due(NamedTuple):
    """A list to be sent: whose, and of which day."""

    order: PaperOrder
    on: date

    @property
    def subject_ref(self) -> str:
        return f"{PAPER}:{self.order.pk}:{self.on}"

    @property
    def until(self) -> datetime:
        """When it is of no use any more: the end of its day."""
        zone = ZoneInfo(self.order.site.centre.time_zone)
        return wall(self.on + timedelta(days=1), time(), zone)


def due(orders: Iterable[PaperOrder], *, now: datetime) -> list[Due]:
    """What is due at `now` by the clock of each place: tomorrow's list from its hour on; until
    people come, today's, should the evening have been missed."""
    found = []
    for order in orders:
        local = now.astimezone(ZoneInfo(order.site.centre.time_zone))
        if local.time() >= order.at:
            found.append(Due(order, local.date() + timedelta(days=1)))
        zone, today = local.tzinfo, local.date()
        evening = datetime.combine(today - timedelta(days=1), order.at, zone)
        if local.time() < STILL_OF_USE and order.ordered_at <= evening:
            found.append(Due(order, today))
    return found


def working(orders: Iterable[PaperOrder]) -> list[PaperOrder]:
    """Those of people who work at its centre now: two queries."""
    known = list(orders)
    rights = Membership.objects.filter(
        user__in={order.user_id for order in known}, suspended_at=None, role__in=AT_A_DESK
    )
    at = set(rights.values_list("user", "centre"))
    return [
        order
        for order in known
        if order.user.is_active and (order.user_id, order.site.centre_id) in at
    ]


def open_days(wanted: Collection[Due]) -> list[Due]:
    """Those on whose day somebody receives there: one query. Nothing is mailed of a closed day."""
    if not wanted:
        return []
    days = [each.on for each in wanted]
    shifts = Shift.objects.filter(
        site__in={each.order.site_id for each in wanted},
        status=Shift.Status.OPEN,
        starts_at__gte=_midnight(min(days)) - timedelta(days=1),
        starts_at__lt=_midnight(max(days)) + timedelta(days=2),
    ).select_related("centre")
    received = {
        (shift.site_id, shift.starts_at.astimezone(ZoneInfo(shift.centre.time_zone)).date())
        for shift in shifts
        if _receives(shift)
    }
    return [each for each in wanted if (each.order.site_id, each.on) in received]


def _midnight(on: date) -> datetime:
    return datetime.combine(on, time(), ZoneInfo("UTC"))


def _receives(shift: Shift) -> bool:
    """Whether absences and closures leave anything of it."""
    starts, ends = to_minute(shift.starts_at), to_minute(shift.ends_at)
    return bool(list(gaps(starts, ends, pairs(shift.closed))))


def about_paper(message: OutboxMessage) -> Content | None:
    """What it says, as the day is when it leaves; None once nobody wants it any more."""
    _kind, pk, on = message.subject_ref.split(":")
    orders = PaperOrder.objects.select_related("user", "site__centre__department")
    found = working(orders.filter(pk=int(pk)))
    if not found:
        return None
    site, day = found[0].site, date.fromisoformat(on)
    return Content(
        {
            "day": moments.spoken_day(day, FRENCH),
            "day_short": moments.short_day(day, FRENCH),
            "centre": f"{site.centre.name}, {site.name}",
            "department": site.centre.department.name,
            "rows": list(_rows(found[0], day, now=message.send_at)) or ["–"],
            "centre_slug": site.centre.slug,
        }
    )


def _rows(order: PaperOrder, on: date, *, now: datetime) -> Iterator[str]:
    centre = order.site.centre
    zone = ZoneInfo(centre.time_zone)
    day = daybook.read_day(centre, on=on, now=now, site=order.site)
    for column in day.board.columns:
        who = day.practitioners[column.practitioner]
        for block in column.blocks:
            yield f"{who}, {_hours(block, zone)}{_about(block)}"
            yield from _lines(block, zone)


def _about(block: Block) -> str:
    """What is to be known of a half-day beyond its hours."""
    if block.half_day is None:
        return f", {OUTSIDE}"
    cancelled = ", demi-journée annulée" if block.half_day.is_cancelled else ""
    taken = f", {block.taken}/{block.half_day.seats} places prises"
    return cancelled + (taken if block.half_day.is_session else "")


def _lines(block: Block, zone: ZoneInfo) -> Iterator[str]:
    """Who comes, and what of the rest is free: what no line calls free is not."""
    for entry in block.entries:
        if entry.kind == Kind.VISIT and entry.visit is not None:
            marks = _beside(entry.visit)
            if entry.is_outside and block.half_day is not None:
                marks += f", {OUTSIDE}"
            yield f"☐ {_clock(entry.starts, zone)} {_said(entry.visit.subject)}{marks}"
        elif entry.kind in SAID:
            yield f"{_hours(entry, zone)}\u00a0: {SAID[entry.kind]}"


def _beside(visit: Visit) -> str:
    if visit.is_walk_in:
        return ", sans rendez-vous"
    return ", en plus" if visit.is_overbooked else ""


def _hours(stretch: Block | Entry, zone: ZoneInfo) -> str:
    return f"{_clock(stretch.starts, zone)} – {_clock(stretch.ends, zone)}"


def _clock(minute: int, zone: ZoneInfo) -> str:
    return moments.spoken_time(from_minute(minute, zone).time(), FRENCH)


def _said(visit: Appointment) -> str:
    """Inès B., K7Q4-M2XD, arabe, interprète"""
    household = visit.household
    parts = [_name(visit), visit.spoken_reference]
    if household and not household.language.startswith(FRENCH):
        parts.append(LANGUAGE_NAMES.get(household.language, household.language))
    if household and household.needs_interpreter:
        parts.append("interprète")
    return ", ".join(filter(None, parts))


def _name(visit: Appointment) -> str:
    if visit.type.is_discreet:
        return ""
    guardian, child = visit.guardian, visit.child
    family = (child.last_name if child else "") or (guardian.last_name if guardian else "")
    first = child.first_name if child else guardian.first_name if guardian else ""
    return f"{first} {family[:1]}." if family else first
