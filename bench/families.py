"""families.p95: a family found by what is typed, beside the same family by an exact index."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from random import Random

import psycopg
from django.db import connections
from psycopg import sql

from bench.data import FOUND, UNFOUND
from bench.ground import Ground, say
from bench.measure import Result, Times, alternate
from booking import finding
from booking.demo import names
from booking.models import Guardian
from booking.seeking import sought
from centres.models import Centre

DATABASE = "bench_families"
FAMILIES = 100_000
# Households of the small Département under believable names, and more of them without appointments.
NAMED = """
INSERT INTO booking_household (language, needs_interpreter, contact_by, sms_sender, created_at)
SELECT 'fr', false, 'any', '', now()
FROM generate_series((SELECT count(*) FROM booking_household) + 1, %(families)s);
INSERT INTO booking_guardian (household_id, first_name, last_name, email, phone)
SELECT h.id, 'x', 'x', 'famille' || h.id || '@example.org', '' FROM booking_household h
WHERE NOT EXISTS (SELECT 1 FROM booking_guardian g WHERE g.household_id = h.id);
INSERT INTO booking_child (household_id, first_name, last_name, born_on)
SELECT h.id, 'x', '', current_date FROM booking_household h
WHERE NOT EXISTS (SELECT 1 FROM booking_child c WHERE c.household_id = h.id);
CREATE TEMP TABLE pool AS SELECT %(first)s::text[] AS first, %(last)s::text[] AS last;
UPDATE booking_guardian SET
    first_name = first[1 + abs(hashint8(household_id)) %% cardinality(first)],
    last_name = last[1 + abs(hashint8(household_id * 7)) %% cardinality(last)],
    phone = '+336' || lpad((household_id * 7919 %% 100000000)::text, 8, '0')
FROM pool;
UPDATE booking_child SET
    first_name = first[1 + abs(hashint8(household_id * 3)) %% cardinality(first)],
    born_on = current_date - (household_id * 31 %% 2190)::int
FROM pool;
"""


@contextmanager
def _named(ground: Ground) -> Iterator[None]:
    """The product's queries go to a hundred thousand families with names."""
    url, template = ground.url(DATABASE), ground.small.rpartition("/")[2].partition("?")[0]
    size = max(200, round(FAMILIES * min(1.0, ground.scale)))
    say(f"loading {DATABASE}…")
    # What was measured before may have left a session there: nobody copies a database in use.
    connections.close_all()
    with psycopg.connect(ground.url("postgres"), autocommit=True) as link:
        link.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(DATABASE)))
        link.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(DATABASE), sql.Identifier(template)
            )
        )
    with psycopg.connect(url, autocommit=True, cursor_factory=psycopg.ClientCursor) as link:
        first, last = _names()
        link.execute(UNFOUND)
        link.execute(NAMED, {"families": size, "first": first, "last": last})
        link.execute(FOUND, {})
        link.execute("VACUUM ANALYZE")
    usual = connections["default"]
    connections.databases[DATABASE] = usual.settings_dict | {"NAME": DATABASE}
    connections["default"] = connections[DATABASE]
    try:
        yield
    finally:
        connections[DATABASE].close()
        connections["default"] = usual


def _names() -> tuple[list[str], list[str]]:
    """First and last names of the demo, the latter double ones too: some 3,000."""
    single = names.LOCAL.surnames
    double = [f"{one}-{two}" for one in single for two in single[::2] if one != two]
    return [*names.LOCAL.women, *names.LOCAL.men], [*single * 20, *double]


def _typed(centre: Centre) -> dict[str, list[str]]:
    """What agents type of families that the centre receives, by kind."""
    theirs = Guardian.objects.filter(appointments__centre=centre).distinct().order_by("pk")
    people = list(theirs.prefetch_related("household__children")[:300])
    rng = Random(35)
    lines: dict[str, list[str]] = {kind: [] for kind in ("name", "last", "typo", "child", "phone")}
    for person in people:
        child = person.household.children.all()[0]
        place = rng.randrange(1, len(person.last_name))
        wrong = person.last_name[:place] + "x" + person.last_name[place + 1 :]
        lines["name"].append(f"{person.last_name} {person.first_name}")
        lines["last"].append(person.last_name)
        lines["typo"].append(f"{person.first_name} {wrong}")
        lines["child"].append(f"{child.first_name} {child.born_on:%d/%m/%Y}")
        lines["phone"].append(f"0{person.number[3:]}")
    return lines


def _each(lines: list[str], search: Callable[[str], object]) -> Callable[[], object]:
    turn = cycle(lines)
    return lambda: search(next(turn))


def _exact(line: str, scope: finding.Scope) -> object:
    """The whole number by its own index, and then all that a search does too."""
    same = Guardian.objects.filter(phone=f"+33{line[1:]}").values_list("household", flat=True)
    return finding.load([pk for pk in same if finding.may_see(pk, scope)])


def found(ground: Ground) -> Iterator[Result]:
    """A mix of what agents type, for one centre's desk."""
    with _named(ground):
        centre = Centre.objects.filter(shifts__isnull=False).order_by("pk").distinct()[0]
        scope = finding.Scope([centre.pk], ground.now)
        typed = _typed(centre)
        calls: dict[str, Callable[[], object]] = {
            kind: _each(
                lines, lambda line: finding.find(sought(line, today=ground.now.date()), scope)
            )
            for kind, lines in typed.items()
        }
        calls["exact"] = _each(typed["phone"], lambda line: _exact(line, scope))
        times = alternate(calls, rounds=ground.rounds(300))
    mixed = Times(sorted(x for kind in typed for x in times[kind].samples))
    exact = times["exact"]
    kinds = ", ".join(f"{kind} {times[kind].p50:.1f}/{times[kind].at(0.95):.1f}" for kind in typed)
    yield Result(
        name="families.p95",
        value=mixed.at(0.95),
        unit="ms",
        baseline=exact.at(0.95),
        ratio=mixed.at(0.95) / exact.at(0.95),
        note=f"{FAMILIES:,} families, one centre's desk, people loaded; p50 {mixed.p50:.1f}; "
        f"p50/p95 {kinds}; limit: the phone's own index, the same right asked, the same people "
        f"loaded ({exact.p50:.1f}/{exact.at(0.95):.1f})",
    )
