"""The limits searches are held against: the same answers in hand-written SQL, as fast as we can.

Every statement is correct for half-days of one practitioner at a time whose free minutes are whole
appointments (so the agents' reserve is a comparison of minutes), prepared, read in binary, planned
once, and its answer must equal ours in the very run. The quickest of them is the baseline.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, LiteralString

import psycopg

from booking.availability import Slot, Timing, Window
from centres.calendar import from_minute

# The shifts that offer the type, with their load, and what blocks them for a while.
SHIFTS: LiteralString = """
WITH s AS MATERIALIZED (
    SELECT s.id, s.practitioner_id, s.site_id, s.centre_id, s.starts_at, s.ends_at,
        s.closed, s.busy, s.agent_reserve, s.free - s.agent_reserve * %(duration)s AS spare,
        (extract(epoch FROM s.starts_at) / 60)::int AS at,
        (extract(epoch FROM s.ends_at) / 60)::int AS ends,
        (SELECT coalesce(sum(CASE WHEN i %% 2 = 0 THEN e ELSE -e END), 0)::int
         FROM unnest(s.busy) WITH ORDINALITY x (e, i)) AS load
    FROM centres_shifttype o JOIN centres_shift s ON s.id = o.shift_id
    WHERE o.type_id = %(type)s AND o.centre_id = %(centre)s
      AND o.starts_at >= %(since)s AND o.starts_at < %(until)s
      AND s.ends_at > %(from)s AND s.status = 'open' AND s.room >= %(duration)s
      AND s.free >= (s.agent_reserve + 1) * %(duration)s
), live AS MATERIALIZED (
    SELECT a.shift_id, (extract(epoch FROM a.busy_from) / 60)::int AS f,
        (extract(epoch FROM a.busy_until) / 60)::int AS u
    FROM s JOIN booking_appointment a ON a.shift_id = s.id
    WHERE (a.state = 'held' OR a.reoffer_at IS NOT NULL)
      AND (a.state = 'held' AND a.expires_at > %(now)s OR a.reoffer_at > %(now)s)
)
SELECT t, t + %(duration)s, s.id, s.practitioner_id, s.site_id, s.centre_id, s.load
FROM (SELECT * FROM s WHERE agent_reserve = 0 OR spare - coalesce(
        (SELECT sum(u - f) FROM live WHERE shift_id = s.id), 0) >= %(duration)s OFFSET 0) s
"""
# The starts in a free stretch [a, b): its own beginning, and the shift's grid.
STARTS: LiteralString = """
CROSS JOIN LATERAL (
    SELECT g.a AS t WHERE (g.a - s.at) %% %(step)s <> 0 AND g.b - g.a >= %(duration)s
    UNION ALL
    SELECT generate_series(s.at + (g.a - s.at + %(step)s - 1) / %(step)s * %(step)s,
                           g.b - %(duration)s, %(step)s)) k
"""
ALLOWED: LiteralString = """
WHERE t >= %(earliest)s AND t < %(latest)s
  AND NOT EXISTS (SELECT 1 FROM live
                  WHERE live.shift_id = s.id AND live.f < t + %(duration)s AND t < live.u)
"""
FIRM: LiteralString = "('booked', 'arrived', 'in_progress', 'fulfilled', 'noshow')"
# 1. No array of ours: opening minus appointments as multiranges (the textbook way).
FROM_APPOINTMENTS: LiteralString = f"""
CROSS JOIN LATERAL (
    SELECT lower(r) AS a, upper(r) AS b
    FROM unnest(int4multirange(int4range(s.at, s.ends)) - coalesce((
        SELECT range_agg(int4range((extract(epoch FROM a.busy_from) / 60)::int,
                                   (extract(epoch FROM a.busy_until) / 60)::int))
        FROM booking_appointment a
        WHERE a.practitioner_id = s.practitioner_id AND a.state IN {FIRM}
          AND a.busy_from > s.starts_at - interval '14 hours' AND a.busy_from < s.ends_at
          AND a.busy_until > s.starts_at), '{{}}') - coalesce((
        SELECT range_agg(int4range(s.closed[i], s.closed[i + 1]))
        FROM generate_series(1, cardinality(s.closed), 2) i), '{{}}')) r
) g
"""  # noqa: S608 - made of constants
# 2. The same over the arrays kept with each shift.
FROM_ARRAYS: LiteralString = """
CROSS JOIN LATERAL (
    SELECT lower(r) AS a, upper(r) AS b
    FROM unnest(int4multirange(int4range(s.at, s.ends)) - coalesce((
        SELECT range_agg(int4range(m[i], m[i + 1]))
        FROM (SELECT s.closed || s.busy AS m OFFSET 0) f,
             generate_series(1, cardinality(m), 2) i), '{}')) r
) g
"""
# 3. Each edge of the array and the next one: no ranges; sorted anew only where something is closed.
FROM_EDGES: LiteralString = """
CROSS JOIN LATERAL (
    SELECT a, b FROM (
        SELECT e AS a, lead(e) OVER () AS b, i
        FROM unnest(s.at || CASE WHEN s.closed = '{}' THEN s.busy ELSE (
            SELECT array_agg(e ORDER BY f, u, n)
            FROM (SELECT m[i] AS f, m[i + 1] AS u
                  FROM (SELECT s.closed || s.busy AS m OFFSET 0) y,
                       generate_series(1, cardinality(m), 2) i) p,
                 LATERAL (VALUES (f, 1), (u, 2)) v (e, n)) END || s.ends) WITH ORDINALITY x (e, i)
    ) z WHERE i %% 2 = 1
) g
"""
# 4. A loop over the array, compiled with the session's first call.
LOOP: LiteralString = """
CREATE OR REPLACE FUNCTION pg_temp.starts(
    at int, ends int, closed int[], busy int[], duration int, step int, OUT t int)
RETURNS SETOF int LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    edges int[] := busy || ends;
    since int := at;
    grid int;
BEGIN
    IF closed <> '{}' THEN
        SELECT array_agg(e ORDER BY x.f, x.u, k) || ends INTO edges
        FROM (SELECT m[i] AS f, m[i + 1] AS u FROM (SELECT closed || busy AS m OFFSET 0) y,
                     generate_series(1, cardinality(m), 2) i) x,
             LATERAL (VALUES (x.f, 1), (x.u, 2)) v (e, k);
    END IF;
    FOR i IN 1 .. cardinality(edges) BY 2 LOOP
        grid := (since - at) % step;
        IF grid <> 0 THEN
            IF edges[i] - since >= duration THEN t := since; RETURN NEXT; END IF;
            grid := step - grid;
        END IF;
        t := since + grid;
        WHILE t + duration <= edges[i] LOOP RETURN NEXT; t := t + step; END LOOP;
        since := greatest(since, edges[i + 1]);
    END LOOP;
END $$
"""
BY_LOOP: LiteralString = """
CROSS JOIN LATERAL pg_temp.starts(s.at, s.ends, s.closed, s.busy, %(duration)s, %(step)s) t
"""
# 5. Start by start: generate the grid and ask of each whether something overlaps it. Starts after a
# neighbour's end that is off the grid have to be added.
BY_START: LiteralString = """
CROSS JOIN LATERAL (
    SELECT t FROM (
        SELECT generate_series(s.at, s.ends - %(duration)s, %(step)s) AS t
        UNION
        SELECT e FROM (SELECT s.closed || s.busy AS m OFFSET 0) y,
            generate_series(2, cardinality(m), 2) i, LATERAL (SELECT m[i] AS e) v
        WHERE e + %(duration)s <= s.ends AND e > s.at
    ) every
    WHERE NOT EXISTS (SELECT 1 FROM (SELECT s.closed || s.busy AS m OFFSET 0) q,
                      generate_series(1, cardinality(m), 2) i
                      WHERE m[i] < t + %(duration)s AND t < m[i + 1])
) k
"""


def _all(gaps: LiteralString, starts: LiteralString = STARTS) -> LiteralString:
    return SHIFTS + gaps + starts + ALLOWED


CANDIDATES: dict[str, LiteralString] = {
    "multiranges over appointments": _all(FROM_APPOINTMENTS),
    "multiranges over busy arrays": _all(FROM_ARRAYS),
    "edges of busy arrays": _all(FROM_EDGES),
    "plpgsql loop": _all(BY_LOOP, ""),
    "start by start": _all(BY_START, ""),
}
# The floor under any answer, ours too: only reading the shifts that matter.
READ: LiteralString = """
SELECT s.id, s.practitioner_id, s.site_id, s.centre_id, s.starts_at, s.ends_at, s.closed, s.busy
FROM centres_shifttype o JOIN centres_shift s ON s.id = o.shift_id
WHERE o.type_id = %(type)s AND o.centre_id = %(centre)s
  AND o.starts_at >= %(since)s AND o.starts_at < %(until)s
  AND s.ends_at > %(from)s AND s.status = 'open' AND s.room >= %(duration)s
  AND s.free >= (s.agent_reserve + 1) * %(duration)s
"""
# The first free start of each centre: its first shifts only, as few as are enough for this data at
# this hour: late on a Friday those of the day have no start any more.
FIRST_DEPTHS = (9, 12, 16, 24, 48, 96)
FIRST: LiteralString = (
    "SELECT found.* FROM unnest(%(centres)s::bigint[]) w (centre) CROSS JOIN LATERAL ("  # noqa: S608 - made of constants
    + _all(BY_LOOP, "")
    .replace("o.centre_id = %(centre)s", "o.centre_id = w.centre")
    .replace(
        "AND s.free >= (s.agent_reserve + 1) * %(duration)s",
        "AND s.free >= (s.agent_reserve + 1) * %(duration)s "
        "ORDER BY o.starts_at, o.shift_id LIMIT %(depth)s",
    )
    + " ORDER BY t, s.id LIMIT 1) found"
)


def connect(url: str) -> psycopg.Connection:
    """A connection on which each statement is prepared at once and planned once."""
    link = psycopg.connect(url, autocommit=True)
    link.execute("SET plan_cache_mode = force_generic_plan")
    link.execute(LOOP)
    return link


def values(
    type_id: int, timing: Timing, window: Window, *, now: datetime, centre: int = 0
) -> dict[str, Any]:
    """What the statements ask for: the very window our search is given."""
    earliest = from_minute(window.earliest)
    return {
        "type": type_id,
        "centre": centre,
        "duration": timing.duration,
        "step": timing.step,
        "since": earliest - timedelta(hours=14),
        "from": earliest,
        "until": from_minute(window.latest),
        "earliest": window.earliest,
        "latest": window.latest,
        "now": now,
    }


def rows(link: psycopg.Connection, query: LiteralString, asked: dict[str, Any]) -> list[Any]:
    return link.execute(query, asked, prepare=True, binary=True).fetchall()


def check_same(ours: list[Slot], theirs: list[Any], *, name: str) -> None:
    """A limit that answers something else is no limit."""
    if set(map(tuple, theirs)) != set(ours) or len(theirs) != len(ours):
        raise RuntimeError(f"{name}: {len(theirs)} rows, ours {len(ours)}, and not the same ones")
