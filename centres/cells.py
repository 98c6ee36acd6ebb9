"""Cells of a sheet read as the people, places, types, days and hours they name; each that cannot be
is a fault, and the reading goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from centres.errors import BadRecurrence, gettext_noop
from centres.models import AppointmentType, Centre, Practitioner, Site
from centres.sheets import Fault, Row, plain
from centres.written import read_clock, read_day, read_flag, read_number

T = TypeVar("T")
NUMBER, WHO, PLACE, DAYS = "numéro", "professionnel", "lieu", "jours"
OPENS, CLOSES, FIRST, LAST = "de", "à", "premier jour", "dernier jour"
TYPES, SEATS, RESERVE = "motifs", "places", "gardés pour les agents"
BREAKS, HOLIDAYS, IN_FORCE = "sauf vacances scolaires", "aussi jours fériés", "en vigueur"
KIND = "raison"
BETWEEN_TYPES = " | "

EMPTY = gettext_noop("à remplir.")
UNKNOWN_NUMBER = gettext_noop(
    "« %(text)s » n’est pas un numéro de ce centre. Vide : une ligne nouvelle."
)
NUMBER_TWICE = gettext_noop("« %(text)s » est déjà à la ligne %(line)s.")
LINE_TWICE = gettext_noop("la même chose est déjà à la ligne %(line)s.")
UNKNOWN_PERSON = gettext_noop(
    "« %(text)s » n’est pas connu. Attendu : un nom comme « %(example)s »."
)
SEVERAL_PEOPLE = gettext_noop("« %(text)s » : plusieurs personnes. Écrivez l’adresse e-mail.")
UNKNOWN_PLACE = gettext_noop("« %(text)s » n’est pas un lieu de ce centre. Attendu : %(known)s.")
UNKNOWN_TYPE = gettext_noop(
    "« %(text)s » n’est pas un motif. Attendu : par exemple « %(example)s »."
)
BAD_CLOCK = gettext_noop("« %(text)s » n’est pas une heure. Attendu : 9:30.")
BAD_DAY = gettext_noop("« %(text)s » n’est pas un jour. Attendu : 01/12/2026.")
BAD_FLAG = gettext_noop("« %(text)s » : attendu oui ou non.")
BAD_COUNT = gettext_noop("« %(text)s » : attendu un nombre de %(low)s à %(high)s.")


class Wrong(Exception):
    """A cell cannot be read."""

    def __init__(self, message: str, **details: object) -> None:
        super().__init__(message)
        self.message, self.details = message, details


class Cells:
    """One line being read: each cell that cannot be is a fault, and the reading goes on."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self.faults: list[Fault] = []

    def __getitem__(self, column: str) -> str:
        return self.row.cells[column]

    def fault(self, column: str, message: str, **details: object) -> None:
        self.faults.append(Fault(self.row.line, column, message, details))

    def take(self, column: str, how: Callable[[str], Any], *, default: Any = None) -> Any:
        """What a cell says; `default` for an empty one that may be."""
        text = self[column]
        if not text and default is None:
            self.fault(column, EMPTY)
            return None
        try:
            return how(text) if text else default
        except Wrong as wrong:
            self.fault(column, wrong.message, **wrong.details)
        except BadRecurrence as refusal:
            self.fault(column, refusal.message, **refusal.details)
        return None


def _reading(how: Callable[[str], T], message: str, **details: object) -> Callable[[str], T]:
    def read_cell(text: str) -> T:
        try:
            return how(text)
        except ValueError as error:
            raise Wrong(message, text=text, **details) from error

    return read_cell


def number(low: int, high: int) -> Callable[[str], int]:
    return _reading(lambda text: read_number(text, low, high), BAD_COUNT, low=low, high=high)


clock, day, flag = (
    _reading(read_clock, BAD_CLOCK),
    _reading(read_day, BAD_DAY),
    _reading(read_flag, BAD_FLAG),
)


class Known:
    """The people, places and types that cells may name: three queries."""

    def __init__(self, centre: Centre) -> None:
        self.centre = centre
        self.zone = ZoneInfo(centre.time_zone)
        people = Practitioner.objects.filter(department=centre.department_id)
        self.people = list(people)
        self.places = list(Site.objects.filter(centre=centre))
        self.kinds = {kind.pk: kind for kind in AppointmentType.objects.all()}
        self._named: dict[str, list[Practitioner]] = {}
        for each in self.people:
            for name in {plain(str(each)), plain(each.email)} - {""}:
                self._named.setdefault(name, []).append(each)

    def person(self, text: str) -> Practitioner:
        found = self._named.get(plain(text), [])
        active = [each for each in found if each.is_active] or found
        if len(active) > 1:
            raise Wrong(SEVERAL_PEOPLE, text=text)
        if not active:
            example = next((str(each) for each in self.people if each.is_active), "")
            raise Wrong(UNKNOWN_PERSON, text=text, example=example)
        return active[0]

    def name_of(self, pk: int) -> str:
        """By what this person is found again."""
        person = next(each for each in self.people if each.pk == pk)
        is_alone = len(self._named[plain(str(person))]) == 1
        return str(person) if is_alone or not person.email else person.email

    def place(self, text: str) -> Site:
        for site in self.places:
            if plain(text) in (plain(site.name), plain(site.slug)):
                return site
        known = ", ".join(f"« {site.name} »" for site in self.places)
        raise Wrong(UNKNOWN_PLACE, text=text, known=known)

    def types(self, text: str) -> list[AppointmentType]:
        found = []
        for part in filter(None, (part.strip() for part in text.split(BETWEEN_TYPES.strip()))):
            kind = next((each for each in self.kinds.values() if _is_called(each, part)), None)
            if kind is None:
                example = next((each.slug for each in self.kinds.values()), "")
                raise Wrong(UNKNOWN_TYPE, text=part, example=example)
            found.append(kind)
        return found


def _is_called(kind: AppointmentType, text: str) -> bool:
    return plain(text) in (plain(kind.slug), plain(kind.label))


def sheet_number(cells: Cells, known: Iterable[int], seen: dict[object, int]) -> int | None:
    text = cells[NUMBER]
    if not text:
        return None
    found = int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else 0
    if found not in set(known):
        cells.fault(NUMBER, UNKNOWN_NUMBER, text=text)
        return None
    if found in seen:
        cells.fault(NUMBER, NUMBER_TWICE, text=text, line=seen[found])
    seen[found] = cells.row.line
    return found


def check_once(cells: Cells, seen: dict[object, int], said: str) -> None:
    if said in seen:
        cells.fault("", LINE_TWICE, line=seen[said])
    seen[said] = cells.row.line
