"""Families found by what an agent types, and only those the agent's centres receive (ADR 0023)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Prefetch

from booking.actors import Who
from booking.models import Child, FamilyRead, Guardian, Household
from booking.seeking import Sought

MOST = 20
# As long as an appointment, a call-back or a place on its waiting list makes a family its centre's
# (RGPD art. 5.1.e).
THEIRS_FOR = timedelta(days=731)
# Of names so common that nobody would read the list: those compared are this many.
COMPARED = 5_000
RECENT = 5
# Families indexed by one statement: a second of work.
AT_ONCE = 1_000

TYPED = "SELECT word, part, nears FROM booking_typed(%s)"
# Scalar sub-selects, so that the planner asks them of each family in turn, the likest first, and
# stops at the twentieth.
THEIRS = """(
    (SELECT true FROM booking_guardian g JOIN booking_appointment a ON a.guardian_id = g.id
     WHERE g.household_id = {family} AND a.starts_at > %(since)s AND a.centre_id = ANY (%(centres)s)
       AND a.state NOT IN ('held', 'lapsed') LIMIT 1)
    IS TRUE OR
    (SELECT true FROM booking_guardian g JOIN booking_callbackrequest c ON c.phone = g.phone
     WHERE g.household_id = {family} AND g.phone <> '' AND c.created_at > %(since)s
       AND c.centre_id = ANY (%(centres)s) LIMIT 1)
    IS TRUE OR
    (SELECT true FROM booking_waitinglistentry w
     WHERE w.household_id = {family} AND w.asked_at > %(since)s
       AND w.centre_id = ANY (%(centres)s) LIMIT 1)
    IS TRUE)
"""
FIND = """
WITH found AS MATERIALIZED (
    SELECT household_id, words, {same} AS is_same
    FROM booking_familysearch WHERE {conditions} LIMIT %(compared)s)
SELECT likest.id, likest.is_same FROM (
    SELECT household_id AS id, is_same FROM found
    ORDER BY is_same DESC, booking_likeness(%(typed)s::text[], words) DESC, cardinality(words),
        household_id DESC
    OFFSET 0) likest
WHERE {theirs} LIMIT %(most)s
"""
ONES = "SELECT one.id FROM unnest(%(ids)s::bigint[]) one (id) WHERE {theirs}"
# Of which centres one family is: those that make it `theirs`.
CENTRES = """
SELECT DISTINCT ofs.centre_id FROM (
    SELECT a.centre_id FROM booking_guardian g JOIN booking_appointment a ON a.guardian_id = g.id
    WHERE g.household_id = %(family)s AND a.starts_at > %(since)s
      AND a.state NOT IN ('held', 'lapsed')
    UNION ALL
    SELECT c.centre_id FROM booking_guardian g JOIN booking_callbackrequest c ON c.phone = g.phone
    WHERE g.household_id = %(family)s AND g.phone <> '' AND c.created_at > %(since)s
    UNION ALL
    SELECT w.centre_id FROM booking_waitinglistentry w
    WHERE w.household_id = %(family)s AND w.asked_at > %(since)s) ofs
WHERE %(is_all)s OR ofs.centre_id = ANY (%(centres)s)
ORDER BY 1
"""
# The same phone, or a child's birth date and two names that are near: one alone is often chance.
TWINS = """
SELECT twin.household_id FROM booking_familysearch own, booking_familysearch twin
WHERE own.household_id = %(family)s AND twin.household_id <> own.household_id
  AND twin.terms && ARRAY(SELECT term FROM unnest(own.terms) term
                          WHERE term LIKE 'd:%%' OR term LIKE 'p:_________')
  AND (twin.terms && ARRAY(SELECT term FROM unnest(own.terms) term WHERE term LIKE 'p:_________')
       OR 1 < (SELECT count(*) FROM unnest(own.words) word
               WHERE length(word) > 2 AND twin.terms && booking_nears(word)))
  AND {theirs}
ORDER BY twin.household_id DESC LIMIT %(most)s
"""

# The same of somebody who is only typed yet. Without number, address or birth date the parent's
# names are all there is.
LIKELY = """
WITH typed AS MATERIALIZED (
    SELECT booking_words(%(names)s) AS words, booking_words(%(parent)s) AS parent)
SELECT likely.household_id FROM booking_familysearch likely, typed
WHERE (likely.terms && %(contacts)s::text[]
       OR likely.terms && %(births)s::text[]
          AND 1 < (SELECT count(*) FROM unnest(typed.words) word
                   WHERE length(word) > 2 AND likely.terms && booking_nears(word))
       OR %(is_bare)s AND likely.terms && booking_nears(typed.parent[1])
          AND likely.words @> typed.parent)
  AND {theirs}
ORDER BY likely.household_id DESC LIMIT %(most)s
"""


class Scope(NamedTuple):
    """For whom is looked: the centres (ids) whose families may be seen; None for all."""

    centres: Collection[int] | None
    now: datetime

    def values(self) -> dict[str, Any]:
        return {"centres": list(self.centres or ()), "since": self.now - THEIRS_FOR}

    def theirs(self, family: str) -> str:
        """The condition in SQL that a family is theirs; `family` is a column's name."""
        return "true" if self.centres is None else THEIRS.format(family=family)


@dataclass(frozen=True)
class Found:
    """Families with each word as it was typed, and those with one a letter away: the likest first
    of both."""

    same: list[Household]
    near: list[Household]

    def __len__(self) -> int:
        return len(self.same) + len(self.near)


def bring_up_to_date() -> int:
    """Index the families whose people have changed since; how many. One query when none has."""
    done = 0
    while number := _rows("SELECT booking_index_families(%s)", [AT_ONCE])[0][0]:
        done += int(number)
        if number < AT_ONCE:
            break
    return done


def find(asked: Sought, scope: Scope) -> Found:
    """The likest families, with their people: six queries at most, whatever is found."""
    if not asked.is_enough:
        return Found([], [])
    bring_up_to_date()
    typed = _rows(TYPED, [asked.names])
    sql, values = statement(asked, typed, scope)
    is_same = dict(_rows(sql, values))
    found = load(list(is_same))
    same = [each for each in found if is_same[each.pk]]
    return Found(same, [each for each in found if not is_same[each.pk]])


def statement(
    asked: Sought, typed: Sequence[tuple[Any, ...]], scope: Scope
) -> tuple[str, dict[str, Any]]:
    """The search and its values. Each word must be in a name, or one letter away from one; of
    anything else typed one term must be there: all of it by the index."""
    conditions, same, values = [], [], scope.values()
    for place, (_word, part, nears) in enumerate(typed):
        same.append(f"terms @> %(part{place})s::text[]")
        conditions.append(f"({same[place]} OR terms && %(near{place})s::text[])")
        values |= {f"part{place}": part, f"near{place}": nears}
    for place, terms in enumerate(asked.any_of):
        conditions.append(f"terms && %(any{place})s::text[]")
        values[f"any{place}"] = list(terms)
    values |= {
        "typed": [word for word, _part, _nears in typed],
        "compared": COMPARED,
        "most": MOST,
    }
    sql = FIND.format(
        conditions=" AND ".join(conditions) or "false",
        same=" AND ".join(same) or "true",
        theirs=scope.theirs("likest.id"),
    )
    return sql, values


def may_see(household: int, scope: Scope) -> bool:
    """Whether a family is, or was lately, received by one of the desk's centres."""
    return bool(_theirs([household], scope))


def centres_of(household: int, scope: Scope) -> list[int]:
    """The centres (ids) of this scope that receive a family the desk may see, or lately did: one
    query at most."""
    if scope.centres is not None and len(scope.centres) == 1:
        return list(scope.centres)
    values = scope.values() | {"family": household, "is_all": scope.centres is None}
    return [pk for (pk,) in _rows(CENTRES, values)]


def seen_among(ids: Sequence[int], scope: Scope) -> list[Household]:
    """Of these families, those that the desk may see, with their people."""
    return load(_theirs(ids, scope)) if ids else []


def recent(reader: str, scope: Scope) -> list[Household]:
    """The last families this person opened, as far as they still may."""
    read = FamilyRead.objects.filter(reader=reader).exclude(page=FamilyRead.Page.READS)
    ids = list(dict.fromkeys(read.order_by("-at").values_list("household", flat=True)[:50]))
    theirs = set(_theirs(ids[: 4 * RECENT], scope))
    return load([pk for pk in ids if pk in theirs][:RECENT])


def twins(household: int, scope: Scope) -> list[Household]:
    """Families that are likely the same one, written a second time."""
    bring_up_to_date()
    sql = TWINS.format(theirs=scope.theirs("twin.household_id"))
    values = scope.values() | {"family": household, "most": RECENT}
    return load([pk for (pk,) in _rows(sql, values)])


def likely(who: Who, scope: Scope) -> list[Household]:
    """Families that are likely this person's, who is only typed yet: by the same number, the same
    address, or a child born that day and names that are near."""
    contacts = [f"p:{who.phone[-9:]}"] if who.phone else []
    contacts += [f"e:{who.email}"] if who.email else []
    births = [f"d:{who.child_born_on}"] if who.child_born_on else []
    is_bare = bool(who.first_name and who.last_name) and not (contacts or births)
    if not (contacts or births or is_bare):
        return []
    bring_up_to_date()
    values = scope.values() | {
        "parent": f"{who.first_name} {who.last_name}",
        "names": f"{who.first_name} {who.last_name} {who.child_first_name}",
        "contacts": contacts,
        "births": births,
        "is_bare": is_bare,
        "most": RECENT,
    }
    sql = LIKELY.format(theirs=scope.theirs("likely.household_id"))
    return load([pk for (pk,) in _rows(sql, values)])


def load(ids: Sequence[int]) -> list[Household]:
    """These households in this order, with their guardians and children: three queries."""
    people = (
        Prefetch("guardians", Guardian.objects.order_by("pk")),
        Prefetch("children", Child.objects.order_by("born_on", "pk")),
    )
    found = Household.objects.prefetch_related(*people).in_bulk(ids)
    return [found[pk] for pk in ids if pk in found]


def _theirs(ids: Sequence[int], scope: Scope) -> list[int]:
    sql = ONES.format(theirs=scope.theirs("one.id"))
    return [pk for (pk,) in _rows(sql, scope.values() | {"ids": list(ids)})]


def _rows(sql: str, values: Sequence[Any] | dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())
