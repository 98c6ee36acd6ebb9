"""Half-days that could not be made because their practitioner is already elsewhere: who is in the
way, told to the caller and to the log."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from django.db import connection

from centres.settling import Move

logger = logging.getLogger(__name__)

IN_THE_WAY = """
SELECT w.rule, w.day, s.id
FROM unnest(%(rules)s::bigint[], %(days)s::date[], %(people)s::bigint[],
            %(starts)s::timestamptz[], %(ends)s::timestamptz[])
     WITH ORDINALITY AS w (rule, day, who, starts_at, ends_at, place)
CROSS JOIN LATERAL (
    SELECT s.id FROM centres_shift s
    WHERE s.practitioner_id = w.who AND s.status = 'open'
      AND s.starts_at < w.ends_at AND s.ends_at > w.starts_at
      AND s.starts_at > w.starts_at - interval '14 hours'
      AND (s.rule_id, s.occurs_on) IS DISTINCT FROM (w.rule, w.day)
    ORDER BY s.starts_at LIMIT 1
) s
ORDER BY w.place
"""


class Clash(NamedTuple):
    """A day on which a rule's half-day could not be made, or moved, for another one in its way."""

    rule: int
    on: date
    other: int


def in_the_way(refused: Sequence[Move]) -> list[Clash]:
    """Each refused move with the half-day that stands where it was to go."""
    if not refused:
        return []
    values: dict[str, Any] = {
        "rules": [move.rule for move in refused],
        "days": [move.on for move in refused],
        "people": [move.to.who for move in refused],
        "starts": [move.to.starts_at for move in refused],
        "ends": [move.to.ends_at for move in refused],
    }
    with connection.cursor() as cursor:
        cursor.execute(IN_THE_WAY, values)
        return [Clash(*row) for row in cursor.fetchall()]


def log(clashes: Sequence[Clash]) -> None:
    """One line per rule: it may clash every week of the year."""
    counts = Counter(clash.rule for clash in clashes)
    for rule, first in {clash.rule: clash for clash in reversed(clashes)}.items():
        logger.warning(
            "rule %s: %s half-days not made or moved, from %s on: shift %s is in the way",
            rule,
            counts[rule],
            first.on,
            first.other,
        )
