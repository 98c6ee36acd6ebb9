"""A believable morning at a centre of two practitioners, whatever the hour and day of the run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.utils import timezone
from playwright.sync_api import Page

from booking.models import Appointment, Guardian
from centres.models import AppointmentType, Centre, Practitioner, Shift, Site
from tests.factories import (
    make_appointment,
    make_centre,
    make_child,
    make_guardian,
    make_household,
    make_practitioner,
    make_shift,
    make_site,
    make_type,
)
from tests.frontend.staff.people import make_user
from tests.frontend.staff.practitioners import make_exam

# The page where somebody arrives after logging in, by their address.
Open = Callable[..., Page]
HOUR = 10
DOCTOR, NURSE = "Consultation de l’enfant avec le médecin", "Rendez-vous avec la puéricultrice"
DISCREET = "Consultation de santé sexuelle"
CLAIRE, NADIA = "claire@example.org", "nadia@example.org"
# By practitioner, from half past eight on, every twenty minutes: the parent, the child.
WITH_DOCTOR = """Perrin Océane, Picard Justine, Chevalier Cécile, Slimani Walid, Cadiou Ronan,
Yılmaz Deniz, Riou Emma, Tanguy Rozenn, Jégou Tifenn"""
WITH_NURSE = """Morvan Antoine, Bah Lamine, Ferreira Inês, Georgelin Gaëlle, Barbier Malo,
Melnyk Nino, Lemoine Marine, Salaün Manon, Denis Chloé"""
IN_SESSION = "Cooper Alice, Richard Valentine"
SPEAKING = {"Yılmaz": "tr", "Melnyk": "uk"}
DISCREETLY = {"Riou"}
EVERY = timedelta(minutes=20)


def zone_of_a_morning(now: datetime) -> str:
    """Where clocks show ten something now. Such names have the sign of ships: Etc/GMT-3 is three
    hours ahead."""
    ahead = HOUR - now.astimezone(UTC).hour
    return f"Etc/GMT{-(ahead if ahead >= -12 else ahead + 24):+d}"


class Morning(NamedTuple):
    """The centre, and its families by their names."""

    centre: Centre
    site: Site
    zone: ZoneInfo
    doctor: Practitioner
    nurse: Practitioner
    kinds: dict[str, AppointmentType]

    @property
    def today(self) -> date:
        return timezone.now().astimezone(self.zone).date()

    def at(self, clock: time, *, days: int = 0) -> datetime:
        return datetime.combine(self.today + timedelta(days=days), clock, self.zone)

    def visit(self, name: str) -> Appointment:
        """Today's first of this family."""
        today = Appointment.objects.filter(
            starts_at__gte=self.at(time()), starts_at__lt=self.at(time(), days=1)
        )
        return today.filter(guardian__last_name=name).earliest("starts_at")

    def half_day(self, who: Practitioner, clock: time, *, days: int = 0, hours: float = 4) -> Shift:
        kind = self.kinds[DOCTOR if who == self.doctor else NURSE]
        return make_shift(
            starts_at=self.at(clock, days=days),
            hours=hours,
            site=self.site,
            practitioner=who,
            types=[kind, self.kinds[DISCREET]] if who == self.doctor and not days else [kind],
        )


def open_morning(zone: str) -> Morning:
    """Twenty families today, free times at the end of the morning and in the weeks to come."""
    centre = make_centre(slug="redon", name="CDAS du Pays de Redon", time_zone=zone)
    make_user(CLAIRE, "reception", centre)
    make_user("boss@example.org", "manager", centre)
    make_user("admin@example.org", "administrator")
    make_user("audit@example.org", "auditor")
    exam = make_exam(
        certainty="likely",
        first_day=365,
        usual_day=394,
        until_day=450,
        doctor_type=_kind(DOCTOR, "medecin", "médecin"),
        nurse_type=_kind(NURSE, "puericultrice", "puéricultrice"),
    )
    kinds = {DOCTOR: exam.doctor_type, NURSE: exam.nurse_type}
    kinds[DISCREET] = _kind(DISCREET, "sante-sexuelle", "médecin", is_discreet=True)
    user = make_user(NADIA, "practitioner", centre)
    morning = Morning(
        centre,
        make_site(centre, name="Maison de l’enfance"),
        ZoneInfo(zone),
        make_practitioner(last_name="Guivarc’h", user=user),
        make_practitioner(
            title="", first_name="Lucie", last_name="Cadiou", profession="puéricultrice"
        ),
        {label: kind for label, kind in kinds.items() if kind},
    )
    _fill(morning)
    return morning


def _kind(label: str, slug: str, profession: str, **fields: bool) -> AppointmentType:
    return make_type(
        label=label, slug=slug, professions=profession, duration_min=20, step_min=20, **fields
    )


def _fill(morning: Morning) -> None:
    for who, families in ((morning.doctor, WITH_DOCTOR), (morning.nurse, WITH_NURSE)):
        shift = morning.half_day(who, time(8, 30), hours=4.5)
        for place, name in enumerate(families.replace("\n", " ").split(", ")):
            last, first = name.split()
            kind = DISCREET if last in DISCREETLY else DOCTOR if who == morning.doctor else NURSE
            make_appointment(
                shift,
                starts_at=shift.starts_at + place * EVERY,
                guardian=_family(last, first, morning.today),
                type=morning.kinds[kind],
            )
        for days in (7, 14):
            morning.half_day(who, time(9), days=days)
    session = make_shift(
        starts_at=morning.at(time(15)),
        hours=1,
        seats=8,
        site=morning.site,
        practitioner=morning.nurse,
        types=[make_type(label="Atelier massage bébé", mode="group", capacity=8)],
    )
    for name in IN_SESSION.split(", "):
        last, first = name.split()
        make_appointment(session, guardian=_family(last, first, morning.today))
    # Known, and with no appointment today.
    for place, name in enumerate(("Le Goff Nolwenn", "Kerouanton Gwenn", "Le Bihan Maud")):
        last, _, first = name.rpartition(" ")
        past = make_shift(
            starts_at=morning.at(time(9 + place), days=-30 - place),
            site=morning.site,
            practitioner=morning.doctor,
            types=[morning.kinds[DOCTOR]],
        )
        family = _family(last, first, morning.today)
        make_appointment(past, guardian=family, state="fulfilled")


def _family(last: str, first: str, today: date) -> Guardian:
    language = SPEAKING.get(last, "fr")
    household = make_household(language=language, needs_interpreter=language != "fr")
    guardian = make_guardian(household, first_name=first, last_name=last)
    make_child(guardian, first_name=f"P’tit {first}", born_on=today - timedelta(days=380))
    return guardian
