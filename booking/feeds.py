"""A practitioner's sessions, appointments and absences as a calendar file to subscribe to.

Whoever holds the phone, or the calendar's provider, reads it: titles are neutral, and no title,
place or description tells why somebody comes, or a name.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, Q
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from icalendar import Calendar, Event

from booking.ical import PRODID, joined
from booking.models import Appointment, CalendarLink
from centres.calendar import wall
from centres.models import Absence, AccountEvent, AppointmentType, Membership, Practitioner, Shift

DAYS_BEFORE, DAYS_AHEAD = 30, 365
# Long enough for a phone that was off during a holiday to learn of it.
CANCELLED_KEPT = timedelta(days=30)
REFRESH = timedelta(minutes=15)
State, Mode = Appointment.State, AppointmentType.Mode


class Entry(NamedTuple):
    """One event, by values that say all of it: two files with the same entries are the same."""

    uid: str
    sequence: int
    stamp: datetime
    # Whole days are dates, their end not included.
    starts: datetime | date
    ends: datetime | date
    zone: str
    summary: str
    place: str = ""
    is_cancelled: bool = False
    is_away: bool = False


class Period(NamedTuple):
    """The days a file tells of; `midnight` begins today."""

    since: datetime
    until: datetime
    midnight: datetime


def hash_of(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def link_of(token: str) -> CalendarLink | None:
    """The address with this secret: stopped, or of somebody who has left or whose rights have
    lapsed, it is as unknown as one that never was; and so it stays when rights are given back: no
    secret outlives the log-in. One query."""
    has_rights = Membership.objects.filter(
        user=OuterRef("practitioner__user"), user__is_active=True, suspended_at=None
    )
    given_back = AccountEvent.objects.filter(
        user=OuterRef("practitioner__user"),
        action=AccountEvent.Action.RESTORED,
        at__gt=OuterRef("created_at"),
    )
    found = CalendarLink.objects.filter(
        Exists(has_rights),
        ~Exists(given_back),
        token_hash=hash_of(token),
        revoked_at=None,
        practitioner__is_active=True,
    )
    return found.select_related("practitioner__department").first()


def alive(practitioner: Practitioner) -> CalendarLink | None:
    """The address that works, if there is one."""
    return CalendarLink.objects.filter(practitioner=practitioner, revoked_at=None).first()


def entries(link: CalendarLink, *, now: datetime) -> list[Entry]:
    """What the file tells, the same all day long unless something changes: three queries."""
    who = link.practitioner
    zone = ZoneInfo(who.department.time_zone)
    today = now.astimezone(zone).date()
    since, until, midnight = (
        wall(today + timedelta(days=days), time(), zone) for days in (-DAYS_BEFORE, DAYS_AHEAD, 0)
    )
    period = Period(since, until, midnight)
    with translation.override(settings.LANGUAGE_CODE):
        return [
            *_sessions(who, period),
            *_visits(link, period),
            *_absences(who, period, zone),
        ]


def tag_of(found: Sequence[Entry]) -> str:
    """What tells this file from any other."""
    return sha256(repr([PRODID, *found]).encode()).hexdigest()


def calendar(found: Sequence[Entry]) -> bytes:
    """The file itself."""
    with translation.override(settings.LANGUAGE_CODE):
        name = _("Mes séances")
    file = Calendar()
    file.add("prodid", PRODID)
    file.add("version", "2.0")
    file.add("calscale", "GREGORIAN")
    file.add("method", "PUBLISH")
    file.add("name", name)
    file.add("x-wr-calname", name)
    file.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    file.add("x-published-ttl", "PT15M")
    spans: dict[str, tuple[int, int]] = {}
    for entry in found:
        first, last = spans.get(entry.zone, (entry.starts.year, entry.ends.year))
        spans[entry.zone] = (min(first, entry.starts.year), max(last, entry.ends.year))
    return joined(file, spans, [_event(entry) for entry in found])


def _event(entry: Entry) -> Event:
    zone = ZoneInfo(entry.zone)
    event = Event()
    event.add("uid", f"{entry.uid}@{settings.PUBLIC_HOST}")
    event.add("sequence", entry.sequence)
    event.add("dtstamp", entry.stamp.astimezone(UTC))
    for name, at in (("dtstart", entry.starts), ("dtend", entry.ends)):
        event.add(name, at.astimezone(zone) if isinstance(at, datetime) else at)
    event.add("status", "CANCELLED" if entry.is_cancelled else "CONFIRMED")
    event.add("summary", entry.summary)
    if entry.place:
        event.add("location", entry.place)
    event.add("url", f"{settings.PUBLIC_URL}{reverse('my-sessions')}")
    event.add("class", "PRIVATE")
    event.add("transp", "TRANSPARENT" if entry.is_cancelled else "OPAQUE")
    # What Outlook shows colleagues: RFC 5545 has no word for "out of office".
    busy = "FREE" if entry.is_cancelled else "OOF" if entry.is_away else "BUSY"
    event.add("x-microsoft-cdo-busystatus", busy)
    return event


def _sessions(who: Practitioner, period: Period) -> list[Entry]:
    shifts = Shift.objects.filter(
        practitioner=who, starts_at__gte=period.since, starts_at__lt=period.until
    ).annotate(decided=Count("changes"))
    return [
        Entry(
            f"shift-{shift.pk}",
            shift.decided,
            period.midnight,
            shift.starts_at,
            shift.ends_at,
            shift.centre.time_zone,
            _("Séance – %(town)s") % {"town": shift.site.town},
            f"{shift.site.name}, {shift.site.town}",
            is_cancelled=shift.status == Shift.Status.CANCELLED,
        )
        for shift in shifts.select_related("site", "centre").order_by("starts_at", "pk")
    ]


def _visits(link: CalendarLink, period: Period) -> list[Entry]:
    long_gone = Q(state=State.CANCELLED, changed_at__lt=period.midnight - CANCELLED_KEPT)
    visits = (
        Appointment.objects.filter(
            practitioner=link.practitioner,
            busy_from__gte=period.since,
            busy_from__lt=period.until,
        )
        # Who came to an open session is in it: the session has an entry of its own.
        .exclude(Q(state__in=[State.HELD, State.LAPSED]) | Q(booked_via=Appointment.Via.DOOR))
        .exclude(long_gone)
        .select_related("type", "site", "centre", "guardian", "child", "household")
    )
    return [
        Entry(
            str(visit.uid),
            visit.sequence,
            visit.changed_at,
            visit.starts_at,
            visit.ends_at,
            visit.centre.time_zone,
            _title(visit, link.naming),
            _place(visit),
            is_cancelled=visit.state == State.CANCELLED,
        )
        for visit in visits.order_by("starts_at", "pk")
    ]


def _title(visit: Appointment, naming: str) -> str:
    """Never a name or a reason; initials only if asked for, and of nobody who comes discreetly."""
    title = _("Rendez-vous")
    is_discreet = visit.type.is_discreet or bool(visit.household and visit.household.is_discreet)
    if naming != CalendarLink.Naming.INITIALS or is_discreet:
        return title
    who, guardian = visit.child or visit.guardian, visit.guardian
    if who is None:
        return title
    last = who.last_name or (guardian.last_name if guardian else "")
    initials = " ".join(f"{name[0].upper()}." for name in (who.first_name, last) if name)
    return f"{title} – {initials}"


def _place(visit: Appointment) -> str:
    """Where to be; a family's own address is never there."""
    elsewhere = {
        Mode.PHONE: _("Par téléphone"),
        Mode.VIDEO: _("En vidéo"),
        Mode.HOME: _("À domicile"),
    }
    return elsewhere.get(Mode(visit.type.mode), f"{visit.site.name}, {visit.site.town}")


def _absences(who: Practitioner, period: Period, zone: ZoneInfo) -> list[Entry]:
    """Away, without why: illness is nobody's to read there."""
    found = Absence.objects.filter(
        practitioner=who, ends_at__gt=period.since, starts_at__lt=period.until
    )
    entries = []
    for absence in found.order_by("starts_at", "pk"):
        starts, ends = (at.astimezone(zone) for at in (absence.starts_at, absence.ends_at))
        is_whole = starts.time() == ends.time() == time()
        entries.append(
            Entry(
                f"absence-{absence.pk}",
                0,
                period.midnight,
                starts.date() if is_whole else absence.starts_at,
                ends.date() if is_whole else absence.ends_at,
                str(zone),
                _("Absence"),
                is_away=True,
            )
        )
    return entries
