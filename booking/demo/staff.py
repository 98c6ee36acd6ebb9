"""Who works where: antennas, practitioners, reception agents and their accounts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from random import Random

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import encrypt
from django.contrib.auth.hashers import make_password
from django.utils.text import slugify

from booking.demo.names import LOCAL, Origin, draw_origin, email_for, of_town, phone_for
from centres.geo import distance_km
from centres.models import Centre, Commune, Department, Membership, Practitioner, Site, User

PASSWORD = "emgav-demo-35"  # noqa: S105 - printed on purpose: demo accounts hold nothing real
# Of all accounts too: /demo/codes shows what an authenticator would.
TOTP_SECRET = "EMGAVDEMOEMGAVDEMOEMGAVDEMOEMGAV"  # noqa: S105
ANTENNAS = 23
ANTENNA_MIN_KM = 5.0
DOCTOR, NURSE, MIDWIFE = "médecin", "puéricultrice", "sage-femme"
COUNSELLOR, PSYCHOLOGIST = "conseillère conjugale et familiale", "psychologue"
EDUCATOR = "éducatrice de jeunes enfants"
HEADCOUNT = {
    DOCTOR: 25,
    NURSE: 70,
    MIDWIFE: 10,
    COUNSELLOR: 6,
    PSYCHOLOGIST: 4,
    EDUCATOR: 3,
}
RECEPTION_AGENTS = 50
Role = Membership.Role


@dataclass(slots=True)
class Place:
    """A centre of the demo, with what is near it."""

    centre: Centre
    population: int
    main: Site
    antennas: list[Site] = field(default_factory=list)
    agents: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Worker:
    """A practitioner, the places where they work (first the home one) and their rank at home."""

    practitioner: Practitioner
    places: list[Place]
    rank: int


@dataclass(frozen=True, slots=True)
class LogIn:
    """A demo account, as printed."""

    email: str
    role: str
    centre: str


def kilometres(one: Centre | Commune | Site, other: Centre | Commune | Site) -> float:
    """How far two places are."""
    return distance_km((one.latitude, one.longitude), (other.latitude, other.longitude))


def build_places(department: Department) -> list[Place]:
    """The centres with their inhabitants, and the antennas made for them."""
    centres = list(Centre.objects.filter(department=department).order_by("pk"))
    mains = {site.centre_id: site for site in Site.objects.filter(is_main=True)}
    served: dict[int, list[Commune]] = {centre.pk: [] for centre in centres}
    people: dict[int, float] = dict.fromkeys(served, 0.0)
    for commune in Commune.objects.prefetch_related("centres").order_by("-population", "insee"):
        homes = [centre.pk for centre in commune.centres.all()]
        for pk in homes:
            people[pk] += commune.population / len(homes)
        if len(homes) == 1:
            served[homes[0]].append(commune)
    places = [Place(centre, int(people[centre.pk]), mains[centre.pk]) for centre in centres]
    _open_antennas(places, served)
    Site.objects.bulk_create(site for place in places for site in place.antennas)
    return places


def _open_antennas(places: list[Place], served: dict[int, list[Commune]]) -> None:
    """One more antenna, again and again, where most inhabitants share one."""
    left = {place.centre.pk: _far_enough(place, served[place.centre.pk]) for place in places}
    for _ in range(ANTENNAS):
        able = [place for place in places if left[place.centre.pk]]
        if not able:
            return
        place = max(able, key=lambda p: (p.population / (len(p.antennas) + 1), -p.centre.pk))
        town = left[place.centre.pk].pop(0)
        site = Site(
            centre=place.centre,
            slug=f"permanence-{slugify(town.name)}"[:50],
            name=f"Permanence {of_town(town.name)}",
            town=town.name,
            latitude=town.latitude,
            longitude=town.longitude,
            certainty="placeholder",
        )
        place.antennas.append(site)
        left[place.centre.pk] = [
            other for other in left[place.centre.pk] if kilometres(other, site) >= ANTENNA_MIN_KM
        ]


def _far_enough(place: Place, communes: Iterable[Commune]) -> list[Commune]:
    return [town for town in communes if kilometres(town, place.centre) >= ANTENNA_MIN_KM]


def share_out(total: int, places: Sequence[Place], least: int) -> list[int]:
    """`total` posts by inhabitants, at least `least` each (largest remainders)."""
    spare = max(0, total - least * len(places))
    everyone = sum(place.population for place in places) or 1
    exact = [spare * place.population / everyone for place in places]
    posts = [least + int(part) for part in exact]
    by_remainder = sorted(range(len(places)), key=lambda i: (int(exact[i]) - exact[i], i))
    for i in by_remainder[: max(0, total - sum(posts))]:
        posts[i] += 1
    return posts


def _homes(profession: str, places: list[Place], times: int) -> list[list[Place]]:
    """The places of each worker of a profession. Those who are few go round several centres."""
    headcount = HEADCOUNT[profession] * times
    if profession in {DOCTOR, NURSE}:
        posts = share_out(headcount, places, headcount // len(places))
        homes = [place for place, count in zip(places, posts, strict=True) for _ in range(count)]
        return [[home, _neighbour(home, places)] for home in homes]
    pilots = [place for place in places if place.centre.is_pilot]
    others = [place for place in places if not place.centre.is_pilot]
    if profession == MIDWIFE:
        return [[home] for home in pilots] + _rounds(others, headcount - len(pilots))
    return _rounds(pilots + others, headcount)


def _rounds(places: list[Place], workers: int) -> list[list[Place]]:
    """Places dealt like cards to workers; when workers are more, several share a place."""
    if not places:
        return []
    return [
        places[i % len(places) :: max(workers, len(places) if i >= len(places) else 1)]
        for i in range(workers)
    ]


def _neighbour(home: Place, places: list[Place]) -> Place:
    return min(
        (place for place in places if place is not home),
        key=lambda place: kilometres(place.centre, home.centre),
        default=home,
    )


def hire(department: Department, places: list[Place], rng: Random, times: int) -> list[Worker]:
    """Every practitioner, with an account and a membership for each centre they work in."""
    workers: list[Worker] = []
    ranks: dict[tuple[str, int], int] = {}
    for profession in HEADCOUNT:
        for spots in _homes(profession, places, times):
            rank = ranks.get((profession, spots[0].centre.pk), 0)
            ranks[profession, spots[0].centre.pk] = rank + 1
            person = _practitioner(department, profession, rng, len(workers))
            workers.append(Worker(person, spots, rank))
    password = make_password(PASSWORD)
    users = User.objects.bulk_create(
        _user(w.practitioner.first_name, w.practitioner.last_name, w.practitioner.email, password)
        for w in workers
    )
    for worker, user in zip(workers, users, strict=True):
        worker.practitioner.user = user
    Practitioner.objects.bulk_create(worker.practitioner for worker in workers)
    Membership.objects.bulk_create(
        Membership(
            user=worker.practitioner.user,
            department=department,
            centre=place.centre,
            role=Role.PRACTITIONER,
        )
        for worker in workers
        for place in worker.places
    )
    return workers


def _practitioner(
    department: Department, profession: str, rng: Random, number: int
) -> Practitioner:
    origin = LOCAL if rng.random() < 0.85 else draw_origin(rng)
    is_man = rng.random() < (0.35 if profession == DOCTOR else 0.04)
    first, last = _name(origin, rng, is_man=is_man)
    return Practitioner(
        department=department,
        title="Dr" if profession == DOCTOR else "",
        first_name=first,
        last_name=last,
        profession=profession,
        email=email_for(first, last, number + 1),
    )


def _name(origin: Origin, rng: Random, *, is_man: bool) -> tuple[str, str]:
    return rng.choice(origin.men if is_man else origin.women), rng.choice(origin.surnames)


def _user(first: str, last: str, email: str, password: str) -> User:
    return User(first_name=first, last_name=last, email=email, password=password)


def open_desks(department: Department, places: list[Place], rng: Random) -> list[LogIn]:
    """Reception agents and managers of every centre, an administrator and an auditor."""
    password = make_password(PASSWORD)
    posts = share_out(RECEPTION_AGENTS, places, 1)
    wanted: list[tuple[str, Place | None, str]] = [
        (Role.ADMINISTRATOR, None, "administration@example.org"),
        (Role.AUDITOR, None, "controle@example.org"),
    ]
    for place, agents in zip(places, posts, strict=True):
        slug = place.centre.slug
        place.agents = [f"accueil{number + 1}.{slug}@example.org" for number in range(agents)]
        wanted.append((Role.MANAGER, place, f"responsable.{slug}@example.org"))
        wanted += [(Role.RECEPTION, place, email) for email in place.agents]
    users = []
    for role, _, email in wanted:
        user = _user(*_name(draw_origin(rng), rng, is_man=rng.random() < 0.15), email, password)
        user.is_staff = user.is_superuser = role == Role.ADMINISTRATOR
        users.append(user)
    User.objects.bulk_create(users)
    Membership.objects.bulk_create(
        Membership(
            user=user, department=department, centre=place.centre if place else None, role=role
        )
        for user, (role, place, _) in zip(users, wanted, strict=True)
    )
    _protect_all()
    return [
        LogIn(email, str(Role(role).label), place.centre.name if place else "–")
        for role, place, email in wanted
    ]


def _protect_all() -> None:
    """The second factor that everybody of the staff must have, as if set up already."""
    Authenticator.objects.bulk_create(
        Authenticator(
            user=user, type=Authenticator.Type.TOTP, data={"secret": encrypt(TOTP_SECRET)}
        )
        for user in User.objects.all()
    )


def worth_showing(log_ins: list[LogIn], workers: list[Worker], places: list[Place]) -> list[LogIn]:
    """One account per role: of the Département, of a centre open online and of one that is not."""
    shown = [log_in for log_in in log_ins if log_in.centre == "–"]
    for is_pilot in (True, False):
        place = next((p for p in places if p.centre.is_pilot == is_pilot), None)
        if place is None:
            continue
        people = [w.practitioner for w in workers if w.places[0] is place]
        accounts = [log_in for log_in in log_ins if log_in.centre == place.centre.name] + [
            LogIn(person.email, person.profession.capitalize(), place.centre.name)
            for person in people
            if person.profession in {DOCTOR, NURSE}
        ]
        by_role: dict[str, LogIn] = {}
        for log_in in accounts:
            by_role.setdefault(log_in.role, log_in)
        shown += by_role.values()
    return shown


def invent_caller(rng: Random) -> tuple[str, str, str]:
    """First name, last name and phone of someone who asks to be called."""
    origin = draw_origin(rng)
    return (*_name(origin, rng, is_man=rng.random() < 0.2), phone_for(rng))
