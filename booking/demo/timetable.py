"""Who receives when: opening rules of every practitioner, their leave, and a closed afternoon."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from booking.demo.staff import (
    COUNSELLOR,
    DOCTOR,
    EDUCATOR,
    MIDWIFE,
    NURSE,
    PSYCHOLOGIST,
    Place,
    Worker,
)
from centres.calendar import wall
from centres.models import Absence, AppointmentType, Closure, Department, OpeningRule, Site

DAYS = ("MO", "TU", "WE", "TH", "FR")
MORNING, AFTERNOON, EVENING = "morning", "afternoon", "evening"
HALF_DAY = {
    MORNING: (time(9), time(12)),
    AFTERNOON: (time(13, 30), time(17)),
    EVENING: (time(17, 30), time(19, 30)),
}
WEEKLY, FORTNIGHTLY, MONTHLY = "weekly", "fortnightly", "monthly"

CHILD_DOCTOR = "consultation-enfant-medecin premiere-consultation-bebe vaccination-enfant"
CHILD_NURSE = (
    "rdv-puericultrice consultation-allaitement bilan-3-4-ans-centre agrement-entretien-centre"
)
MOTHERS = (
    "entretien-prenatal-precoce consultation-prenatale entretien-postnatal-precoce "
    "consultation-postnatale consultation-allaitement"
)
SEXUAL_HEALTH = "sante-sexuelle-consultation ivg-premier-contact"


@dataclass(frozen=True, slots=True)
class Session:
    """What a rule offers, and its hours when they are not the whole half-day."""

    types: str
    hours: tuple[time, time] | None = None
    seats: int = 1
    reserve: int = 0
    is_walk_in: bool = False


CHILD_DOCTOR_SESSION = Session(CHILD_DOCTOR, reserve=1)
CHILD_NURSE_SESSION = Session(CHILD_NURSE, reserve=1)
MOTHERS_SESSION = Session(MOTHERS)
SEXUAL_HEALTH_SESSION = Session(SEXUAL_HEALTH)
PHONE = Session("rappel-puericultrice visio-puericultrice", (time(13, 30), time(15)))
HOME_NURSE = Session("visite-domicile-puericultrice agrement-visite-domicile")
HOME_MIDWIFE = Session("visite-domicile-sage-femme")
SCHOOL = Session("bilan-ecole-maternelle")
WEIGHING = Session("permanence-pesee", (time(9, 30), time(11, 30)), is_walk_in=True)
DROP_IN = Session("accueil-enfants-parents", (time(9, 30), time(11, 30)), is_walk_in=True)
DROP_IN_LATER = replace(DROP_IN, hours=(time(14, 30), time(16, 30)))
MASSAGE = Session("atelier-massage-bebe", (time(10), time(11)), seats=6, reserve=1)
BREASTFEEDING = Session("atelier-allaitement", (time(10), time(11, 30)), seats=10, reserve=1)
FIRST_MEALS = Session("atelier-alimentation", (time(14), time(15, 15)), seats=8, reserve=1)
CHILDMINDERS = Session("agrement-reunion-information", (time(17, 30), time(19, 30)), seats=20)
BIRTH = Session("preparation-naissance", (time(17, 30), time(19)), seats=8, reserve=1)
COUPLES = Session("sante-sexuelle-entretien")
PSYCHOLOGY = Session("psychologue-pmi")


class Timetable:
    """Collects rules. A worker's half-day of the week is given once, so rules never clash."""

    def __init__(self, since: date, today: date, rng: Random) -> None:
        # Mondays: fortnightly rules then count weeks alike, whatever their day.
        self._since = since - timedelta(days=since.weekday())
        self._this_week = today - timedelta(days=today.weekday())
        self._rng = rng
        self._taken: set[tuple[str, str, str]] = set()
        self.rules: list[tuple[OpeningRule, str]] = []

    def add(
        self,
        worker: Worker,
        site: Site,
        rhythm: str,
        half: str,
        session: Session,
        *,
        day: str = "",
    ) -> None:
        person = worker.practitioner
        free = [d for d in DAYS if (person.email, d, half) not in self._taken]
        if not free:
            return
        day = day if day in free else self._rng.choice(free)
        self._taken.add((person.email, day, half))
        opens, closes = session.hours or HALF_DAY[half]
        offset = 7 * self._rng.randrange(2) if rhythm == FORTNIGHTLY else 0
        # Who came to open sessions is told of this week only: former ones would tell nothing.
        since = self._this_week if session.is_walk_in else self._since
        rule = OpeningRule(
            practitioner=person,
            site=site,
            rrule=self._rrule(rhythm, day),
            opens=opens,
            closes=closes,
            valid_from=since + timedelta(days=offset),
            seats=session.seats,
            agent_reserve=session.reserve,
            skip_school_holidays=not site.is_main or session is SCHOOL,
        )
        self.rules.append((rule, session.types))

    def _rrule(self, rhythm: str, day: str) -> str:
        if rhythm == WEEKLY:
            return f"FREQ=WEEKLY;BYDAY={day}"
        if rhythm == FORTNIGHTLY:
            return f"FREQ=WEEKLY;INTERVAL=2;BYDAY={day}"
        return f"FREQ=MONTHLY;BYDAY={self._rng.randint(1, 4)}{day}"

    def save(self) -> None:
        OpeningRule.objects.bulk_create(rule for rule, _ in self.rules)
        kinds = dict(AppointmentType.objects.values_list("slug", "pk"))
        offered = OpeningRule.types.through
        offered.objects.bulk_create(
            offered(openingrule_id=rule.pk, appointmenttype_id=kinds[slug])
            for rule, types in self.rules
            for slug in types.split()
            if slug in kinds
        )


def plan_rules(workers: list[Worker], since: date, today: date, rng: Random) -> None:
    """The opening rules of all."""
    timetable = Timetable(since, today, rng)
    plans = {
        DOCTOR: _doctor,
        NURSE: _nurse,
        MIDWIFE: _midwife,
        COUNSELLOR: _counsellor,
        PSYCHOLOGIST: _psychologist,
        EDUCATOR: _educator,
    }
    for worker in workers:
        plans[worker.practitioner.profession](timetable, worker)
    timetable.save()


def _doctor(timetable: Timetable, worker: Worker) -> None:
    """Two half-days at home, one at the next centre, one at an antenna or for adults."""
    home, next_one = worker.places[:2]
    timetable.add(worker, home.main, FORTNIGHTLY, AFTERNOON, SEXUAL_HEALTH_SESSION, day="WE")
    timetable.add(worker, home.main, WEEKLY, MORNING, CHILD_DOCTOR_SESSION)
    timetable.add(worker, home.main, WEEKLY, AFTERNOON, CHILD_DOCTOR_SESSION)
    timetable.add(worker, next_one.main, FORTNIGHTLY, MORNING, CHILD_DOCTOR_SESSION)
    for antenna in home.antennas if worker.rank == 0 else ():
        timetable.add(worker, antenna, FORTNIGHTLY, AFTERNOON, CHILD_DOCTOR_SESSION)


def _nurse(timetable: Timetable, worker: Worker) -> None:
    """A half-day of appointments each; then the centre's other sessions, shared by rank."""
    home = worker.places[0]
    timetable.add(
        worker, home.main, WEEKLY, (MORNING, AFTERNOON)[worker.rank % 2], CHILD_NURSE_SESSION
    )
    timetable.add(worker, home.main, FORTNIGHTLY, AFTERNOON, HOME_NURSE)
    if worker.rank == 0:
        timetable.add(worker, home.main, WEEKLY, MORNING, WEIGHING)
        timetable.add(worker, home.main, MONTHLY, MORNING, BREASTFEEDING)
        timetable.add(worker, home.main, MONTHLY, EVENING, CHILDMINDERS, day="TH")
    if worker.rank == 1:
        timetable.add(worker, home.main, WEEKLY, AFTERNOON, PHONE)
        timetable.add(worker, home.main, MONTHLY, MORNING, MASSAGE)
        timetable.add(worker, home.main, MONTHLY, AFTERNOON, FIRST_MEALS)
        timetable.add(worker, home.main, FORTNIGHTLY, MORNING, SCHOOL)
    for antenna in home.antennas[worker.rank : worker.rank + 1]:
        timetable.add(worker, antenna, FORTNIGHTLY, MORNING, CHILD_NURSE_SESSION)
        timetable.add(worker, antenna, MONTHLY, MORNING, WEIGHING)


def _midwife(timetable: Timetable, worker: Worker) -> None:
    """In a pilot centre three half-days; the others go round their centres."""
    if len(worker.places) == 1:
        home = worker.places[0]
        timetable.add(worker, home.main, WEEKLY, MORNING, MOTHERS_SESSION)
        timetable.add(worker, home.main, WEEKLY, AFTERNOON, MOTHERS_SESSION)
        timetable.add(worker, home.main, WEEKLY, MORNING, MOTHERS_SESSION)
        timetable.add(worker, home.main, FORTNIGHTLY, AFTERNOON, SEXUAL_HEALTH_SESSION, day="WE")
        timetable.add(worker, home.main, WEEKLY, AFTERNOON, HOME_MIDWIFE)
        timetable.add(worker, home.main, WEEKLY, EVENING, BIRTH)
        return
    for number, place in enumerate(worker.places):
        half = (MORNING, AFTERNOON)[number % 2]
        timetable.add(worker, place.main, WEEKLY, half, MOTHERS_SESSION)
        timetable.add(worker, place.main, MONTHLY, EVENING, BIRTH)


def _counsellor(timetable: Timetable, worker: Worker) -> None:
    for number, place in enumerate(worker.places):
        timetable.add(worker, place.main, WEEKLY, (AFTERNOON, MORNING)[number % 2], COUPLES)


def _psychologist(timetable: Timetable, worker: Worker) -> None:
    for number, place in enumerate(worker.places):
        half = (MORNING, AFTERNOON)[number % 2]
        timetable.add(worker, place.main, FORTNIGHTLY, half, PSYCHOLOGY)


def _educator(timetable: Timetable, worker: Worker) -> None:
    for number, place in enumerate(worker.places):
        rhythm = WEEKLY if number < 3 else FORTNIGHTLY
        half = (MORNING, AFTERNOON)[number % 2]
        session = DROP_IN if half == MORNING else DROP_IN_LATER
        timetable.add(worker, place.main, rhythm, half, session)


def plan_time_off(
    department: Department,
    places: list[Place],
    workers: list[Worker],
    span: tuple[date, date, date],
    rng: Random,
) -> None:
    """Leave, sickness, a training day and two closed afternoons. `span`: first day, today, last."""
    zone = ZoneInfo(department.time_zone)
    first, today, last = span

    def off(worker: Worker, kind: str, start: date, days: int) -> Absence:
        return Absence(
            practitioner=worker.practitioner,
            kind=kind,
            starts_at=wall(start, time(), zone),
            ends_at=wall(start + timedelta(days=days), time(), zone),
        )

    absences = []
    for worker in workers:
        absences += [
            off(worker, Absence.Kind.LEAVE, start, days) for start, days in _leave(first, last, rng)
        ]
        for _ in range(rng.choice((0, 1, 1, 2))):
            start = first + timedelta(days=rng.randrange(max(1, (today - first).days)))
            absences.append(off(worker, Absence.Kind.SICK, start, rng.randint(1, 4)))
    for worker in rng.sample(workers, min(2, len(workers))):
        absences.append(off(worker, Absence.Kind.SICK, today, 2))
    training = _weekday(today + timedelta(days=30), 3)
    agency = places[0].centre.agency
    absences += [
        off(worker, Absence.Kind.TRAINING, training, 1)
        for worker in workers
        if worker.practitioner.profession == NURSE and worker.places[0].centre.agency == agency
    ]
    Absence.objects.bulk_create(absences)
    _close_afternoons(department, places, today, rng)


def _leave(first: date, last: date, rng: Random) -> list[tuple[date, int]]:
    """Five weeks a year: winter, spring, three in summer, a few days at Christmas."""
    found = []
    for year in range(first.year, last.year + 1):
        for month, day, days in ((2, 8, 7), (4, 10, 7), (7, 6, 21), (12, 22, 5)):
            spread = 35 if month == 7 else 9
            start = _weekday(date(year, month, day) + timedelta(days=rng.randrange(spread)), 0)
            if first <= start < last:
                found.append((start, days))
    return found


def _weekday(day: date, weekday: int) -> date:
    """The next such weekday, the day itself included."""
    return day + timedelta(days=(weekday - day.weekday()) % 7)


def _close_afternoons(
    department: Department, places: list[Place], today: date, rng: Random
) -> None:
    zone = ZoneInfo(department.time_zone)
    pilots = [place for place in places if place.centre.is_pilot] or places
    for day, label in (
        (_weekday(today + timedelta(days=5), 3), "Réunion de toute l’équipe"),
        (_weekday(today - timedelta(days=40), 1), "Panne de chauffage"),
    ):
        Closure.objects.create(
            department=department,
            centre=rng.choice(pilots).centre,
            label=label,
            starts_at=wall(day, time(13), zone),
            ends_at=wall(day, time(18), zone),
        )
