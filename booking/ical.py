"""Calendar files (RFC 5545): neutral titles, one UID for life, a SEQUENCE that rises with changes.

Families get METHOD:PUBLISH, then CANCEL, and nobody is invited: a REQUEST would show them a button
to decline, whose answer nobody reads.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from icalendar import (
    Calendar,
    Event,
    Timezone,
    TimezoneDaylight,
    TimezoneStandard,
    vRecur,
)

from booking import access
from booking.models import Appointment
from booking.wording import place_lines

PRODID = "-//Emgav//Emgav 1.0//FR"
STATUS: dict[str, str] = {
    Appointment.State.HELD: "TENTATIVE",
    Appointment.State.LAPSED: "CANCELLED",
    Appointment.State.CANCELLED: "CANCELLED",
}
LINE_OCTETS = 75  # RFC 5545 §3.1
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
Method = Literal["PUBLISH", "CANCEL"]


def content_type(method: Method) -> str:
    """The media type; its `method` must equal the file's (RFC 6047 §2.4)."""
    return f"text/calendar; charset=utf-8; method={method}"


def calendar_file(
    appointments: Iterable[Appointment],
    *,
    method: Method = "PUBLISH",
    now: datetime,
    language: str | None = None,
) -> bytes:
    """The appointments as one file, in the language given or the active one."""
    listed = list(appointments)
    file = Calendar()
    file.add("prodid", PRODID)
    file.add("version", "2.0")
    file.add("calscale", "GREGORIAN")
    file.add("method", method)
    spans = {}
    for name in {appointment.centre.time_zone for appointment in listed}:
        here = [a for a in listed if a.centre.time_zone == name]
        spans[name] = (min(a.starts_at for a in here).year, max(a.ends_at for a in here).year)
    with translation.override(language or get_language()):
        return joined(file, spans, [_event(a, method=method, now=now) for a in listed])


def joined(file: Calendar, spans: Mapping[str, tuple[int, int]], events: Iterable[Event]) -> bytes:
    """The file with its events, and the zones (first and last year) that their times are of."""
    head, _end, tail = file.to_ical(sorted=False).rpartition(b"END:VCALENDAR")
    zones = [_zone_text(name, first - 1, last + 1) for name, (first, last) in sorted(spans.items())]
    return b"".join([head, *zones, *map(_text, events), b"END:VCALENDAR", tail])


def _text(event: Event) -> bytes:
    """An event's lines. Only long ones go through the library's folding, which is slow."""
    lines = []
    for line in event.content_lines(sorted=False):
        short = line.encode()
        lines.append(short if len(short) <= LINE_OCTETS else line.to_ical())
    return b"\r\n".join(lines)


@lru_cache(maxsize=32)
def _zone_text(name: str, first_year: int, last_year: int) -> bytes:
    """A zone as it stands in a file: the same for all of a year, and half of the work."""
    text: bytes = _zone(name, first_year, last_year).to_ical(sorted=False)
    return text


def manage_url(appointment: Appointment) -> str:
    """The address, good for messages, where a family sees, moves or cancels this appointment."""
    path = reverse("appointment", args=[access.manage_token(appointment)])
    return f"{settings.PUBLIC_URL}{path}"


def _event(appointment: Appointment, *, method: Method, now: datetime) -> Event:
    zone = ZoneInfo(appointment.centre.time_zone)
    status = "CANCELLED" if method == "CANCEL" else STATUS.get(appointment.state, "CONFIRMED")
    event = Event()
    event.add("uid", f"{appointment.uid}@{settings.PUBLIC_HOST}")
    event.add("sequence", appointment.sequence)
    event.add("dtstamp", now.astimezone(UTC))
    event.add("created", appointment.created_at.astimezone(UTC))
    event.add("last-modified", appointment.changed_at.astimezone(UTC))
    event.add("dtstart", appointment.starts_at.astimezone(zone))
    event.add("dtend", appointment.ends_at.astimezone(zone))
    event.add("status", status)
    # Other people look at the family's calendar too: never the reason, nor the service's name.
    event.add("summary", _("Rendez-vous – %(town)s") % {"town": appointment.site.town})
    event.add("location", ", ".join(place_lines(appointment)))
    event.add("description", _description(appointment, is_over=status == "CANCELLED"))
    event.add("class", "PRIVATE")
    event.add("transp", "TRANSPARENT" if status == "CANCELLED" else "OPAQUE")
    return event


def _description(appointment: Appointment, *, is_over: bool) -> str:
    lines = [_("Téléphone : %(phone)s") % {"phone": appointment.centre.phone}]
    if not is_over:
        lines.append(_("Voir, déplacer ou annuler : %(url)s") % {"url": manage_url(appointment)})
    return "\n".join(lines)


def _zone(name: str, first_year: int, last_year: int) -> Timezone:
    """The zone's clock changes as yearly rules, which every calendar programme understands.

    Not icalendar's own: 7.3 writes the change of spring at the hour after the jump, where RFC 5545
    §3.6.5 wants the hour before it.
    """
    component = Timezone()
    component.add("tzid", name)
    changes: dict[tuple[str, str], list[datetime]] = {}
    zone = ZoneInfo(name)
    for change in _changes(zone, first_year, last_year):
        before = change - timedelta(minutes=1)
        names = (str(before.astimezone(zone).tzname()), str(change.astimezone(zone).tzname()))
        changes.setdefault(names, []).append(change)
    for instants in changes.values():
        component.add_component(_observance(zone, instants))
    if not changes:
        component.add_component(_observance(zone, [datetime(first_year, 1, 1, tzinfo=UTC)]))
    return component


def _changes(zone: ZoneInfo, first_year: int, last_year: int) -> Iterator[datetime]:
    """The instants (UTC) at which the zone's offset changes."""
    at, end = datetime(first_year, 1, 1, tzinfo=UTC), datetime(last_year + 1, 1, 1, tzinfo=UTC)
    while at < end:
        offset = at.astimezone(zone).utcoffset()
        if (at + timedelta(days=1)).astimezone(zone).utcoffset() != offset:
            quarters = (at + timedelta(minutes=15 * i) for i in range(1, 97))
            yield next(q for q in quarters if q.astimezone(zone).utcoffset() != offset)
        at += timedelta(days=1)


def _observance(zone: ZoneInfo, instants: list[datetime]) -> TimezoneStandard | TimezoneDaylight:
    """One kind of change, with the rule all its instants follow."""
    first = instants[0]
    before = (first - timedelta(minutes=1)).astimezone(zone).utcoffset() or timedelta()
    after = first.astimezone(zone)
    observance = TimezoneDaylight() if after.dst() else TimezoneStandard()
    # Wall-clock time as it was just before the change (RFC 5545 §3.6.5).
    onsets = [(instant + before).replace(tzinfo=None) for instant in instants]
    observance.add("dtstart", onsets[0])
    observance.add("tzoffsetfrom", before)
    observance.add("tzoffsetto", after.utcoffset())
    observance.add("tzname", after.tzname())
    if len(onsets) > 1:
        observance.add("rrule", _yearly(onsets))
    return observance


def _yearly(onsets: list[datetime]) -> vRecur:
    """The last Sunday of March, the second Sunday of March…"""
    onset = onsets[0]
    is_last = all(day.day + 7 > calendar.monthrange(day.year, day.month)[1] for day in onsets)
    nth = -1 if is_last else (onset.day - 1) // 7 + 1
    day = f"{nth}{WEEKDAYS[onset.weekday()]}"
    return vRecur({"FREQ": "YEARLY", "BYMONTH": onset.month, "BYDAY": day})
