"""Every address is walked as every role, about things of one's own centre, another, and another
Département's: it opens as the table says (table.py), else it is answered like an unknown one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any, get_args

import pytest
from django.db import connection, transaction
from django.http import HttpResponse
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from frontend.access import Rule
from tests.architecture.access.table import (
    ABOUT_NO_PLACE,
    DESK,
    EVERY_PRACTITIONER,
    ITS_COLLEAGUE,
    ITS_PRACTITIONER,
    OWN_AND_OTHERS,
    ROLES,
    TABLE,
    Line,
)
from tests.architecture.access.world import (
    DISCREET,
    DISCREET_CALL,
    DISCREET_NOTE,
    Place,
    World,
    make_world,
)

LOGIN = "/equipe/connexion/"
# Probes are for machines; they name nobody and are answered to anyone who reaches the process.
PROBES = {"healthz", "readyz"}
WRITES = re.compile(r'\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)', re.IGNORECASE)
# Invented families are everybody's to look at.
OF_A_DEMO = {"demo-inbox", "demo-letter"}
# What may be written of a request that is refused: that it came.
COUNTED = {"django_session", "booking_tries", "booking_ratecount"}
NONCE = re.compile(rb'nonce="[^"]*"')


def addresses(
    patterns: list[URLPattern | URLResolver] | None = None, prefix: str = ""
) -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns if patterns is not None else get_resolver().url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, route)
        else:
            yield route, pattern


OURS = {pattern.name: pattern for route, pattern in addresses() if not route.startswith("admin/")}


def test_every_address_has_a_line_that_says_who_may_open_it() -> None:
    assert set(OURS) - PROBES == set(TABLE)


@pytest.mark.parametrize("name", TABLE)
def test_every_address_has_the_rule_of_its_line(name: str) -> None:
    rule = getattr(OURS[name].callback, "access", None)
    assert rule in get_args(Rule)
    assert rule == TABLE[name].rule


def _cells(world: World) -> Iterator[tuple[str, Line, Place]]:
    """Each address: those of staff about things of every place, the others of one."""
    for name, line in TABLE.items():
        for place in list(world.places.values())[: None if line.rule == "staff" else 1]:
            yield name, line, place


class Walk:
    """One role's requests, each as if it were the first: what it did is undone."""

    def __init__(self, world: World, role: str) -> None:
        self.world, self.role = world, role
        self.client = world.client_of(role)
        self.cookies = deepcopy(self.client.cookies)
        self.written: set[str] = set()
        self.cells = 0
        # What an address is made of is there before the first request, so that it stays.
        self.paths = {
            (name, place.name): reverse(name, kwargs=line.values(place))
            for name, line, place in _cells(world)
        }
        self.asked = {(name, place.name): line.asked(place) for name, line, place in _cells(world)}
        # One for the whole walk: to come back to it takes one statement where a block takes three.
        self.before = transaction.savepoint()
        self.unknown = self.send("get", "/equipe/inconnu/", {}).content

    def send(self, method: str, path: str, values: dict[str, Any]) -> HttpResponse:
        self.written = set()
        self.client.cookies = deepcopy(self.cookies)
        with connection.execute_wrapper(self._note):
            answer = getattr(self.client, method)(path, values)
        transaction.savepoint_rollback(self.before)
        transaction.set_rollback(False)
        return answer  # type: ignore[no-any-return]

    def _note(self, execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if found := WRITES.match(sql):
            self.written.add(found[1])
        return execute(sql, *rest)

    def problems(self, name: str, line: Line, place: Place) -> Iterator[str]:
        """What is wrong with how this address is answered, about this place."""
        path = self.paths[name, place.name]
        may = place.name in line.who.get(self.role, ())
        # A page about no place shows to each what is theirs; one about a place, that place.
        is_about_it = line.rule != "staff" or (may and line.who not in ABOUT_NO_PLACE)
        is_colleague_s = line.who is EVERY_PRACTITIONER and self.role == ITS_COLLEAGUE
        desk = () if is_colleague_s else DESK.get(self.role, ())
        theirs = {*desk, *([place.name] if is_about_it else [])}
        for method in ("get", "post"):
            answer = self.send(method, path, self.asked[name, place.name])
            self.cells += 1
            wrong = self._opening(answer, line) if may else self._refusal(answer)
            told = [] if name in OF_A_DEMO else self._tells(answer, theirs)
            secrets = self._secrets(answer, line)
            for each in (wrong, *(f"tells {word}" for word in (*told, *secrets))):
                if each:
                    yield f"{method} {path} ({name}, {place.name}): {each}"

    def _secrets(self, answer: HttpResponse, line: Line) -> list[str]:
        """What of discreet appointments and call-backs is told to whom it does not concern."""
        body, is_manager = answer.content.decode(), self.role == "manager"
        may_choose = line.rule != "staff" or line.offers
        is_concerned = line.rule == "staff" and self.role in ("manager", ITS_PRACTITIONER)
        closed = {
            DISCREET: not (may_choose or is_concerned),
            DISCREET_CALL: not (may_choose or is_manager),
            DISCREET_NOTE: not is_concerned,
        }
        return [word for word, is_closed in closed.items() if is_closed and word in body]

    def _opening(self, answer: HttpResponse, line: Line) -> str:
        is_led_away = answer.status_code == 302 and answer["Location"].startswith(LOGIN)
        is_shut = answer.status_code == 404 or (line.rule == "staff" and is_led_away)
        is_broken = answer.status_code >= 500
        return str(answer.status_code) if is_broken or (is_shut and line.exists) else ""

    def _refusal(self, answer: HttpResponse) -> str:
        """As an unknown address is answered, or a press that no page has; or led to the log-in."""
        if self.written - COUNTED:
            return f"wrote {self.written}"
        if answer.status_code == 302:
            return "" if answer["Location"].startswith(LOGIN) else answer["Location"]
        if answer.status_code not in (404, 405):
            return str(answer.status_code)
        is_alike = NONCE.sub(b"", answer.content) == NONCE.sub(b"", self.unknown)
        return "" if is_alike or not answer.content else "not as an unknown address"

    def _tells(self, answer: HttpResponse, theirs: set[str]) -> list[str]:
        """The people of any place that is not theirs, whatever else the page shows."""
        body = answer.content.decode()
        closed = set(OWN_AND_OTHERS) - theirs
        return [word for name in closed for word in self.world.places[name].words if word in body]


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
def test_an_address_opens_to_whom_its_line_says_and_to_nobody_else(role: str) -> None:
    world = make_world()
    walk = Walk(world, role)
    found = [
        problem
        for name, line, place in _cells(world)
        for problem in walk.problems(name, line, place)
    ]
    assert not found, "\n".join(found)
    about_places = sum(line.rule == "staff" for line in TABLE.values())
    assert walk.cells == 2 * (len(TABLE) + 2 * about_places), "both ways to each address were gone"


@pytest.mark.django_db
def test_an_address_that_opened_too_widely_would_be_found() -> None:
    """The walk finds what it is for: were only reception meant to have the board, the manager's
    would be a leak."""
    world = make_world()
    line = TABLE["board"]
    narrower = Line(line.rule, {"reception": line.who["reception"]}, line.values, line.asked)
    found = list(Walk(world, "manager").problems("board", narrower, world.places["own"]))
    assert [problem.rpartition(": ")[2] for problem in found][:1] == ["200"]


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["board", "my-sessions", "my-session", "timeline"])
def test_what_is_hidden_from_others_is_told_to_the_practitioner_it_concerns(name: str) -> None:
    """Were it told to nobody, that it is hidden would prove nothing."""
    world = make_world()
    line, place = TABLE[name], world.places["own"]
    shown = {}
    for role in ("reception", ITS_PRACTITIONER, "manager"):
        walk = Walk(world, role)
        answer = walk.send("get", walk.paths[name, "own"], line.asked(place))
        shown[role] = DISCREET_NOTE in answer.content.decode()
    is_own = name.startswith("my-")
    assert shown == {"reception": False, ITS_PRACTITIONER: True, "manager": not is_own}


@pytest.mark.django_db
def test_a_colleague_s_session_that_opened_would_be_found() -> None:
    """The walk finds what it is for: the pages of who receives a family, opened by somebody who
    does not."""
    world = make_world()
    session = TABLE["my-session"]
    narrower = Line(session.rule, {}, session.values)
    walk = Walk(world, ITS_PRACTITIONER)
    found = list(walk.problems("my-session", narrower, world.places["own"]))
    assert [problem.rpartition(": ")[2] for problem in found][:1] == ["200"]
