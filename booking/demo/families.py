"""Households with guardians and children, and how to find one that an appointment type fits."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from operator import attrgetter
from random import Random

from booking.demo.bulk import copy_rows, draw_ids
from booking.demo.names import Origin, draw_origin, email_for, in_a_hurry, phone_for
from booking.demo.staff import Place
from booking.models import Child, Guardian, Guardianship, Household
from booking.rules import TERM_DAYS, TypeRules, age_in_months, weeks_of_pregnancy
from centres.models import AppointmentType

HOUSEHOLDS = 11_000
WITH_CHILDREN, EXPECTING = 0.82, 0.08  # the others are adults who come for themselves
MOST_AHEAD = 3
# Of so many families of a centre one was noted anew at its desk, with children and all.
NOTED_TWICE = 60
TRIES = 6
Audience = AppointmentType.Audience


@dataclass(slots=True)
class Parent:
    id: int
    first_name: str
    last_name: str
    email: str
    phone: str
    ahead: int = 0

    @property
    def is_online(self) -> bool:
        return bool(self.email)


@dataclass(slots=True)
class Kid:
    id: int
    first_name: str
    last_name: str
    born_on: date
    family: Family
    parents: list[Parent]


@dataclass(slots=True)
class Family:
    id: int
    language: str
    needs_interpreter: bool
    parents: list[Parent]
    due_on: date | None = None
    kids: list[Kid] = field(default_factory=list)
    seen_on: list[date] = field(default_factory=list)
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who comes to an appointment."""

    family: Family
    parent: Parent
    kid: Kid | None
    due_on: date | None = None


class Registry:
    """The families of each centre, found by what a type asks for."""

    def __init__(self, places: list[Place], *, today: date, scale: float, rng: Random) -> None:
        self._rng = rng
        self._today = today
        self.families: list[Family] = []
        self._kids: dict[int, list[Kid]] = {}
        self._expecting: dict[int, list[tuple[date, Family]]] = {}
        self._adults: dict[int, list[Family]] = {}
        total = max(len(places), round(HOUSEHOLDS * scale))
        self._ids = {
            Household: iter(draw_ids(Household, total)),
            Guardian: iter(draw_ids(Guardian, total * 2)),
            Child: iter(draw_ids(Child, total * 3)),
        }
        everyone = sum(place.population for place in places) or 1
        left = total
        for number, place in enumerate(places, start=1):
            count = round(total * place.population / everyone) if number < len(places) else left
            left -= count
            self._settle(place, count)

    def _settle(self, place: Place, count: int) -> None:
        families: list[Family] = []
        while len(families) < count:
            families.append(family := self._family())
            if len(families) % NOTED_TWICE == NOTED_TWICE // 2 and len(families) < count:
                families.append(self._once_more(family))
        kids = [kid for family in families for kid in family.kids]
        self._kids[place.centre.pk] = sorted(kids, key=attrgetter("born_on"))
        dues = [(family.due_on, family) for family in families if family.due_on is not None]
        dues += [(kid.born_on, kid.family) for kid in kids]
        self._expecting[place.centre.pk] = sorted(dues, key=lambda pair: pair[0])
        self._adults[place.centre.pk] = families
        self.families += families

    def _family(self) -> Family:
        rng = self._rng
        origin = draw_origin(rng)
        family = Family(
            next(self._ids[Household]), origin.language, rng.random() < origin.interpreter, []
        )
        surname = rng.choice(origin.surnames)
        family.parents.append(self._parent(origin, surname, is_man=False))
        draw = rng.random()
        if draw < WITH_CHILDREN:
            if rng.random() < 0.35:
                is_shared = rng.random() < 0.6
                other = surname if is_shared else rng.choice(origin.surnames)
                family.parents.append(self._parent(origin, other, is_man=rng.random() < 0.95))
            for born_on in self._births():
                family.kids.append(self._kid(origin, family, born_on))
        elif draw < WITH_CHILDREN + EXPECTING:
            family.due_on = self._today + timedelta(days=rng.randrange(5, 230))
        return family

    def _once_more(self, family: Family) -> Family:
        """The same family as somebody in a hurry typed it: no accents, no address, one parent."""
        first = family.parents[0]
        parent = replace(
            first,
            id=next(self._ids[Guardian]),
            first_name=in_a_hurry(first.first_name),
            last_name=in_a_hurry(first.last_name),
            email="",
        )
        again = replace(
            family, id=next(self._ids[Household]), parents=[parent], kids=[], seen_on=[]
        )
        again.kids = [
            replace(kid, id=next(self._ids[Child]), family=again, parents=[parent])
            for kid in family.kids
        ]
        return again

    def _parent(self, origin: Origin, surname: str, *, is_man: bool) -> Parent:
        rng = self._rng
        first = rng.choice(origin.men if is_man else origin.women)
        key = next(self._ids[Guardian])
        has_email = rng.random() < 0.88
        email = email_for(first, surname, key) if has_email else ""
        return Parent(key, first, surname, email, phone_for(rng))

    def _births(self) -> list[date]:
        """One to three births: most children PMI sees are under two."""
        rng = self._rng
        days = rng.randrange(3, 730) if rng.random() < 0.62 else rng.randrange(730, 2500)
        births = [self._today - timedelta(days=days)]
        while len(births) < 3 and rng.random() < 0.24:
            days += rng.randrange(330, 1300)
            births.append(self._today - timedelta(days=days))
        return births

    def _kid(self, origin: Origin, family: Family, born_on: date) -> Kid:
        rng = self._rng
        first = rng.choice(origin.women if rng.random() < 0.5 else origin.men)
        surname = rng.choice(family.parents).last_name
        return Kid(next(self._ids[Child]), first, surname, born_on, family, family.parents[:])

    def share_custody(self) -> None:
        """A few children have a second guardian who lives in a household of their own."""
        rng = self._rng
        couples = [f for f in self.families if f.kids and len(f.parents) == 1]
        alone = [f for f in self.families if not f.kids and f.due_on is None]
        for family in rng.sample(couples, len(couples) // 50):
            if alone:
                other = rng.choice(alone).parents[0]
                for kid in family.kids:
                    kid.parents.append(other)

    def find(
        self, kind: AppointmentType, limits: TypeRules, centre: int, on: date
    ) -> Visitor | None:
        """Someone of this centre whom the type suits on that day, not seen within the week."""
        for _ in range(TRIES):
            if kind.audience == Audience.CHILD:
                visitor = self._find_kid(limits, centre, on)
            elif kind.audience == Audience.PREGNANCY:
                visitor = self._find_expecting(limits, centre, on)
            else:
                visitor = self._find_adult(centre)
            if visitor is not None and self._is_free(visitor, on):
                visitor.family.seen_on.append(on)
                visitor.parent.ahead += on >= self._today
                return visitor
        return None

    def _is_free(self, visitor: Visitor, on: date) -> bool:
        if on >= self._today and visitor.parent.ahead >= MOST_AHEAD:
            return False
        return all(abs((on - seen).days) >= 6 for seen in visitor.family.seen_on)

    def _find_kid(self, limits: TypeRules, centre: int, on: date) -> Visitor | None:
        low, high = limits.age_min_months or 0, limits.age_max_months
        oldest = on - timedelta(days=round(30.44 * ((high if high is not None else 72) + 1)))
        youngest = min(on, self._today) - timedelta(days=round(30.44 * low))
        kids = self._kids[centre]
        first = bisect_left(kids, oldest, key=attrgetter("born_on"))
        last = bisect_right(kids, youngest, key=attrgetter("born_on"))
        if first >= last:
            return None
        kid = kids[self._rng.randrange(first, last)]
        months = age_in_months(kid.born_on, on)
        if months < low or (high is not None and months > high):
            return None
        return Visitor(kid.family, self._rng.choice(kid.family.parents), kid)

    def _find_expecting(self, limits: TypeRules, centre: int, on: date) -> Visitor | None:
        low, high = limits.week_min or 4, limits.week_max or 41
        soonest = on + timedelta(days=TERM_DAYS - high * 7 - 6)
        latest = on + timedelta(days=TERM_DAYS - low * 7)
        dues = self._expecting[centre]
        first = bisect_left(dues, soonest, key=lambda pair: pair[0])
        last = bisect_right(dues, latest, key=lambda pair: pair[0])
        if first >= last:
            return None
        due_on, family = dues[self._rng.randrange(first, last)]
        if not low <= weeks_of_pregnancy(due_on, on) <= high:
            return None
        return Visitor(family, family.parents[0], None, due_on)

    def _find_adult(self, centre: int) -> Visitor | None:
        families = self._adults[centre]
        if not families:
            return None
        family = self._rng.choice(families)
        if family.kids and self._rng.random() < 0.7:  # mostly adults without children here
            family = self._rng.choice(families)
        return Visitor(family, family.parents[0], None)

    def save(self, now: datetime) -> None:
        """Write them all. A family is known from its first booking on."""
        for family in self.families:
            if family.created_at is None:
                family.created_at = now - timedelta(minutes=self._rng.randrange(60, 400 * 1440))
        copy_rows(
            Household,
            ("id", "language", "needs_interpreter", "contact_by", "sms_sender", "created_at"),
            self._household_rows(),
        )
        copy_rows(Guardian, GUARDIAN_COLUMNS, self._guardian_rows())
        copy_rows(
            Child, ("id", "household_id", "first_name", "last_name", "born_on"), self._child_rows()
        )
        ties = ((parent.id, kid.id) for kid in self._every_kid() for parent in kid.parents)
        copy_rows(Guardianship, ("guardian_id", "child_id"), ties)

    def _every_kid(self) -> Iterator[Kid]:
        return (kid for family in self.families for kid in family.kids)

    def _household_rows(self) -> Iterator[Sequence[object]]:
        for family in self.families:
            yield (
                family.id,
                family.language,
                family.needs_interpreter,
                Household.ContactBy.ANY,
                "",
                family.created_at,
            )

    def _guardian_rows(self) -> Iterator[Sequence[object]]:
        """One contact is proved by a code when they first book: the e-mail if there is one. The
        numbers kept for fiction are fewer than families: two of one name prove theirs once."""
        proved: set[tuple[str, str]] = set()
        for family in self.families:
            for parent in family.parents:
                key = (parent.phone, f"{parent.first_name} {parent.last_name}".lower())
                is_first = not parent.email and key not in proved
                proved |= {key} if is_first else set()
                by_mail = family.created_at if parent.email else None
                proofs = (by_mail, family.created_at if is_first else None)
                yield (
                    parent.id,
                    family.id,
                    parent.first_name,
                    parent.last_name,
                    parent.email,
                    parent.phone,
                    *proofs,
                )

    def _child_rows(self) -> Iterator[Sequence[object]]:
        for kid in self._every_kid():
            yield kid.id, kid.family.id, kid.first_name, kid.last_name, kid.born_on


GUARDIAN_COLUMNS = (
    "id",
    "household_id",
    "first_name",
    "last_name",
    "email",
    "phone",
    "email_verified_at",
    "phone_verified_at",
)
