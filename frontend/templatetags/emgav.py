"""Dates, times, distances, ages and phone numbers as people write them, in both languages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

import phonenumbers
from django import template
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from booking.models import Appointment
from booking.wording import NBSP, is_english, spoken_day, spoken_instant, spoken_time
from centres.calendar import from_minute
from centres.models import AppointmentType
from frontend.staff import Desk

register = template.Library()

# What people are called in the list of practitioners, which is written in French.
PROFESSIONS = (
    gettext_noop("médecin"),
    gettext_noop("puéricultrice"),
    gettext_noop("infirmière puéricultrice"),
    gettext_noop("auxiliaire de puériculture"),
    gettext_noop("sage-femme"),
    gettext_noop("psychologue"),
    gettext_noop("conseillère conjugale et familiale"),
    gettext_noop("éducatrice de jeunes enfants"),
)


class HasZone(Protocol):
    time_zone: str


class HasSpan(Protocol):
    starts_at: datetime
    ends_at: datetime


def _local(value: datetime) -> datetime:
    """A time as its own clock shows it; UTC, which is nobody's clock here, becomes the site's."""
    if value.tzinfo is UTC or value.tzinfo is None or str(value.tzinfo) == "UTC":
        return timezone.localtime(value)
    return value


@register.filter
def lookup(values: Mapping[int, object], key: int) -> object:
    """The value of a key that is itself a variable."""
    return values.get(key)


@register.filter
def at(value: datetime | int, centre: HasZone) -> datetime:
    """An instant (or a minute since the epoch) on the clock of a centre."""
    zone = ZoneInfo(centre.time_zone)
    return from_minute(value, zone) if isinstance(value, int) else value.astimezone(zone)


@register.filter
def minute(value: int) -> datetime:
    """A minute since the epoch on the clock of the site's own zone."""
    return timezone.localtime(from_minute(value))


@register.filter
def day(value: date | datetime) -> str:
    """mardi 24 novembre 2026 · mardi 1er décembre 2026 · Tuesday 24 November 2026"""
    return spoken_day(_day_of(value), has_year=True)


@register.filter
def day_short(value: date | datetime) -> str:
    """mardi 24 novembre · Tuesday 24 November"""
    return spoken_day(_day_of(value))


def _day_of(value: date | datetime) -> date:
    return _local(value).date() if isinstance(value, datetime) else value


@register.filter
def clock(value: datetime) -> str:
    """9 h 30 · 9 h · 9:30 am"""
    return spoken_time(_local(value))


@register.filter
def hour(value: time) -> str:
    """9 h 30: a time that is of no day and no zone."""
    return spoken_time(value)


@register.filter
def moment(value: datetime) -> str:
    """mardi 24 novembre 2026 à 9 h 30 · Tuesday 24 November 2026 at 9:30 am"""
    return spoken_instant(_local(value), has_year=True)


@register.filter
def moment_short(value: datetime) -> str:
    """mardi 24 novembre à 9 h 30"""
    return spoken_instant(_local(value))


@register.filter
def span(period: HasSpan, centre: HasZone) -> str:
    """mardi 24 novembre, toute la journée · mardi 24 novembre, de 9 h à 12 h · du mardi 24 novembre
    au vendredi 27 novembre: the last day that it takes, not the midnight after."""
    zone = ZoneInfo(centre.time_zone)
    opens, closes = period.starts_at.astimezone(zone), period.ends_at.astimezone(zone)
    is_whole = opens.time() == closes.time() == time()
    last = closes.date() - timedelta(days=1) if is_whole else closes.date()
    if opens.date() == last:
        values = {"day": spoken_day(last), "opens": spoken_time(opens)}
        if is_whole:
            return _("%(day)s, toute la journée") % values
        return _("%(day)s, de %(opens)s à %(closes)s") % (values | {"closes": spoken_time(closes)})
    ends = [spoken_day(opens.date()), spoken_day(last)]
    if not is_whole:
        ends = [spoken_instant(opens), spoken_instant(closes)]
    return _("du %(first)s au %(last)s") % dict(zip(("first", "last"), ends, strict=True))


@register.filter
def duration(minutes: int) -> str:
    """45 min · 1 h 30 · 1 h 30 min"""
    hours, rest = divmod(int(minutes), 60)
    if not hours:
        return f"{rest}{NBSP}min"
    unit = f"{NBSP}min" if is_english() else ""
    return f"{hours}{NBSP}h{NBSP}{rest:02}{unit}" if rest else f"{hours}{NBSP}h"


@register.filter
def distance(kilometres: float | None) -> str:
    """moins de 1 km · 4 km · 12 km"""
    if kilometres is None:
        return ""
    if kilometres < 1:
        return _("moins de 1 km")
    return f"{round(kilometres)}{NBSP}km"


@register.filter
def phone(value: object) -> str:
    """02 99 02 35 35, its groups kept on one line; a number we cannot read is shown as it is."""
    number = _number(value)
    if number is None:
        return str(value)
    style = phonenumbers.PhoneNumberFormat.NATIONAL
    if number.country_code != 33:
        style = phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(number, style).replace(" ", NBSP)


@register.filter
def tel(value: object) -> str:
    """+33299023535, for a tel: link."""
    number = _number(value)
    if number is None:
        return "".join(c for c in str(value) if c.isdigit() or c == "+")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _number(value: object) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(str(value), "FR")
    except phonenumbers.NumberParseException:
        return None


@register.filter
def without_links(value: str) -> str:
    """A message's words for who is not its reader: its links open the family's own pages."""
    return re.sub(r"https?://\S+", _("[lien personnel]"), value)


@register.filter
def profession(value: str) -> str:
    """A profession in the active language; one we do not know is shown as it is."""
    return _(value) if value in PROFESSIONS else value


@register.filter
def what_for(appointment: Appointment, desk: Desk) -> str:
    """What an appointment is for, to whoever of the staff may know it."""
    return appointment.type.local_label if desk.knows_type(appointment) else _("Rendez-vous")


@register.filter
def age(born_on: date, today: date) -> str:
    """12 jours · 4 mois · 2 ans"""
    months = (today.year - born_on.year) * 12 + today.month - born_on.month
    months -= today.day < born_on.day
    if months < 1:
        days = max(0, (today - born_on).days)
        return ngettext("%(count)s jour", "%(count)s jours", days) % {"count": days}
    return _age(months if months < 24 else months // 12 * 12)


@register.filter
def ages(kind: AppointmentType) -> str:
    """For whom a type is meant: "de 2 mois à 6 ans", "de 10 à 28 semaines…", or nothing."""
    if kind.week_min is not None and kind.week_max is not None:
        weeks = {"low": kind.week_min, "high": kind.week_max}
        return _("de %(low)s à %(high)s semaines de grossesse") % weeks
    if kind.age_max_months is None:
        return ""
    # The limit is a number of completed months, so a child fits until the month after.
    until = _age(kind.age_max_months + 1)
    if not kind.age_min_months:
        return _("jusqu’à %(age)s") % {"age": until}
    return _("de %(low)s à %(high)s") % {"low": _age(kind.age_min_months), "high": until}


def _age(months: int) -> str:
    if months < 24:
        return ngettext("%(count)s mois", "%(count)s mois", months) % {"count": months}
    years, rest = divmod(months, 12)
    if rest:
        return ngettext("%(count)s mois", "%(count)s mois", months) % {"count": months}
    return ngettext("%(count)s an", "%(count)s ans", years) % {"count": years}
