"""The Département of the journeys: the reference data, a few centres at work, one not yet."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from io import StringIO

from django.core.management import call_command

from centres.models import AppointmentType, Centre, Practitioner, Site
from centres.rollout import Stage
from tests.factories import PARIS, make_department, make_practitioner, make_shift, make_site

# By doctor, by nurse, by midwife, by counsellor: what each receives for at Redon.
TEAM = (
    ("consultation-enfant-medecin", "premiere-consultation-bebe"),
    ("rdv-puericultrice", "rappel-puericultrice", "consultation-allaitement"),
    ("consultation-prenatale", "entretien-prenatal-precoce"),
    ("sante-sexuelle-consultation",),
)
DAYS = (8, 9, 13, 14, 15)  # from today: this week's end does not matter


def open_department() -> Centre:
    """Redon at work with its sites, a neighbour open, one paused, the others preparing."""
    call_command("load_reference", stdout=StringIO())
    for slug, stage in (("redon", Stage.OPEN), ("semnon", Stage.OPEN), ("vitre", Stage.PAUSED)):
        assert Centre.objects.filter(slug=slug).update(stage=stage), slug
    redon = Centre.objects.get(slug="redon")
    main = Site.objects.filter(centre=redon).first() or make_site(redon)
    annexe = make_site(redon, name="Maison de l’enfance", certainty="sure", is_main=False)
    for kinds in TEAM:
        _half_days(_person(), main, kinds, DAYS, time(9))
    _half_days(_person(), annexe, ("rdv-puericultrice",), DAYS[1:3], time(14))
    neighbour = Centre.objects.get(slug="semnon")
    _half_days(_person(), neighbour.sites.get(), ("rdv-puericultrice",), DAYS[:2], time(9))
    _half_days(_person(), main, ("atelier-massage-bebe",), DAYS[1:2], time(10), hours=1, seats=6)
    for site in (main, neighbour.sites.get()):
        _half_days(_person(), site, ("permanence-pesee",), (1, 2, 8), time(14))
    return redon


def kind(slug: str) -> AppointmentType:
    return AppointmentType.objects.get(slug=slug)


def day_and_hour(days: int, clock: time) -> datetime:
    """So many days from today, when clocks in Paris show this."""
    today = datetime.now(UTC).astimezone(PARIS).date()
    return datetime.combine(today + timedelta(days=days), clock, PARIS)


def _person() -> Practitioner:
    return make_practitioner(make_department())


def _half_days(
    person: Practitioner,
    site: Site,
    kinds: Iterable[str],
    days: Iterable[int],
    opens: time,
    *,
    hours: float = 3,
    seats: int = 1,
) -> None:
    offered = [kind(slug) for slug in kinds]
    for number in days:
        starts_at = day_and_hour(number, opens)
        make_shift(
            starts_at=starts_at,
            hours=hours,
            types=offered,
            site=site,
            practitioner=person,
            seats=seats,
        )
