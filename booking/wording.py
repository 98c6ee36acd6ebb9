"""How an appointment is said to a family, in the active language: its day, its time, its place."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.dateformat import format as date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from booking.models import Appointment
from centres.models import AppointmentType

NBSP = "\u00a0"
MODE = AppointmentType.Mode


def _is_english() -> bool:
    return (get_language() or "fr").startswith("en")


def spoken_day(local: datetime) -> str:
    """mardi 24 novembre · mardi 1er décembre · Tuesday 24 November"""
    number = "1er" if local.day == 1 and not _is_english() else str(local.day)
    return f"{date_format(local, 'l')} {number}{NBSP}{date_format(local, 'F')}"


def spoken_time(local: datetime) -> str:
    """9 h 30 · 9 h · 9:30 am"""
    if _is_english():
        return f"{local.hour % 12 or 12}:{local.minute:02}{NBSP}{'am' if local.hour < 12 else 'pm'}"
    minutes = f"{NBSP}{local.minute:02}" if local.minute else ""
    return f"{local.hour}{NBSP}h{minutes}"


def spoken_moment(appointment: Appointment, *, has_year: bool = False) -> str:
    """When it begins, on the clock of its centre: mardi 24 novembre 2026 à 9 h 30."""
    local = appointment.starts_at.astimezone(ZoneInfo(appointment.centre.time_zone))
    day = f"{spoken_day(local)} {local.year}" if has_year else spoken_day(local)
    return _("%(day)s à %(clock)s") % {"day": day, "clock": spoken_time(local)}


def place_lines(appointment: Appointment) -> list[str]:
    """Where to be: a place and its address, or what happens instead."""
    mode = appointment.type.mode
    if mode == MODE.PHONE:
        return [_("Par téléphone : nous vous appelons")]
    if mode == MODE.VIDEO:
        return [_("En vidéo : le lien est sur la page du rendez-vous")]
    if mode == MODE.HOME:
        return [_("Chez vous : nous venons à votre domicile")]
    site = appointment.site
    return [line for line in (site.name, site.address, site.town, site.access_note) if line]
