"""How days, times and places are said to a family, in the active language."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from django.utils.dateformat import format as date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from booking.models import Appointment
from centres.directory import is_address_sure
from centres.models import AppointmentType

NBSP = "\u00a0"
MODE = AppointmentType.Mode
# One goes "au Rheu", never "à Le Rheu".
CONTRACTED = {"Le ": "au ", "Les ": "aux "}


def is_english() -> bool:
    return (get_language() or "fr").startswith("en")


def spoken_day(day: date, *, has_year: bool = False) -> str:
    """mardi 24 novembre · mardi 1er décembre 2026 · Tuesday 24 November"""
    number = "1er" if day.day == 1 and not is_english() else str(day.day)
    spoken = f"{date_format(day, 'l')} {number}{NBSP}{date_format(day, 'F')}"
    return f"{spoken} {day.year}" if has_year else spoken


def spoken_time(local: datetime | time) -> str:
    """9 h 30 · 9 h · 9:30 am"""
    if is_english():
        return f"{local.hour % 12 or 12}:{local.minute:02}{NBSP}{'am' if local.hour < 12 else 'pm'}"
    minutes = f"{NBSP}{local.minute:02}" if local.minute else ""
    return f"{local.hour}{NBSP}h{minutes}"


def spoken_instant(local: datetime, *, has_year: bool = False) -> str:
    """mardi 24 novembre 2026 à 9 h 30 · Tuesday 24 November 2026 at 9:30 am"""
    day = spoken_day(local, has_year=has_year)
    return _("%(day)s à %(clock)s") % {"day": day, "clock": spoken_time(local)}


def spoken_moment(appointment: Appointment, *, has_year: bool = False) -> str:
    """When it begins, on the clock of its centre."""
    local = appointment.starts_at.astimezone(ZoneInfo(appointment.centre.time_zone))
    return spoken_instant(local, has_year=has_year)


def spoken_town(town: str) -> str:
    """à Redon · au Rheu · in Redon"""
    start = next((each for each in CONTRACTED if town.startswith(each)), "")
    if start and not is_english():
        return CONTRACTED[start] + town[len(start) :]
    return _("à %(town)s") % {"town": town}


def place_lines(appointment: Appointment) -> list[str]:
    """Where to be: a place and its address, or what happens instead."""
    mode = appointment.type.mode
    if mode == MODE.PHONE:
        return [_("Par téléphone : nous vous appelons")]
    if mode == MODE.VIDEO:
        return [_("En vidéo : le centre vous explique comment vous connecter")]
    if mode == MODE.HOME:
        return [_("Chez vous : nous venons à votre domicile")]
    site = appointment.site
    address = site.address if is_address_sure(site) else ""
    return [line for line in (site.name, address, site.town, site.access_note) if line]
