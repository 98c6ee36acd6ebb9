"""A synthetic Département of any size, loaded straight into PostgreSQL by set-wise SQL.

22 centres of 8 practitioners, Monday to Friday 9:00-12:00 and 13:30-17:00 in 20-minute times, 60 %
of the coming 90 days booked. A quarter of them keep a time for agents, one centre keeps all of its
next two weeks; each centre's last practitioner holds a group session on Wednesday afternoons.
History adds past shifts, their appointments and events. Constraints, indexes and triggers are the
product's own: taken off for the load, put back and checked after it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import psycopg

TYPE_SLUG = "bench-20"
SESSION_SLUG = "bench-session"
TABLES = (
    "centres_shift",
    "centres_shifttype",
    "booking_appointment",
    "booking_appointmentevent",
)


@dataclass(frozen=True, kw_only=True)
class Size:
    """How big a Département. Shares are of 1,024, days are calendar days."""

    centres: int = 22
    practitioners: int = 8
    days_ahead: int = (
        97  # 90 days' horizon and a margin, so that no search sees the end of the data
    )
    days_behind: int = 3
    booked_ahead: int = 614
    booked_behind: int = 614
    families: int = 40_000


SMALL = Size(days_ahead=91)
# Three years and a month at less than today's rate: ten times the small one's appointments.
LARGE = Size(days_ahead=91, days_behind=1126, booked_behind=470)


def scaled(size: Size, scale: float) -> Size:
    """A smaller or bigger Département; a smaller one has less history too."""
    return replace(
        size,
        centres=max(2, round(size.centres * scale)),
        days_behind=round(size.days_behind * min(1.0, scale)),
        families=max(50, round(size.families * scale)),
    )


# Centres of the reference data are kept; missing ones are added up to the number asked.
PLACES = """
INSERT INTO centres_department (code, name, phone, time_zone, school_zone, attribution)
SELECT '35', 'Ille-et-Vilaine', '02 99 02 35 35', 'Europe/Paris', 'B', ''
WHERE NOT EXISTS (SELECT 1 FROM centres_department);

INSERT INTO centres_centre (slug, name, town, insee, postal_code, address, phone, latitude,
    longitude, agency, is_pilot, certainty, source, time_zone, stage, next_stage, release_time,
    reoffer_delay_min, max_open_per_contact, department_id)
SELECT 'bench-' || n, 'CDAS ' || n, 'Redon', '35236', '35600', '', '02 99 71 00 00',
    47.65 + n / 100.0, -2.08, '', false, '{}', '', 'Europe/Paris', 'open', '', '07:00', 30, 6,
    (SELECT min(id) FROM centres_department)
FROM generate_series(1, %(centres)s - (SELECT count(*) FROM centres_centre)::int) n;

UPDATE centres_centre SET stage = 'open', next_stage = '', next_stage_at = NULL,
    max_open_per_contact = 30000;

INSERT INTO centres_site (centre_id, slug, name, town, address, access_note, latitude, longitude,
    is_main, certainty)
SELECT id, 'bench', name, town, '1 rue des Écoles', '', latitude, longitude, true, 'sure'
FROM centres_centre c
WHERE NOT EXISTS (SELECT 1 FROM centres_site s WHERE s.centre_id = c.id AND s.is_main);

INSERT INTO centres_practitioner (department_id, title, first_name, last_name, profession, email,
    is_active)
SELECT (SELECT min(id) FROM centres_department), 'Dr', 'Nadia', 'Bench ' || n, 'médecin', '', true
FROM generate_series(1, %(centres)s * %(practitioners)s) n;

INSERT INTO centres_appointmenttype (slug, label, what_to_bring, translations, professions, need,
    audience, mode, booking, is_active, is_discreet, duration_min, step_min, buffer_before_min,
    buffer_after_min, notice_min, notice_working_days, horizon_days, cancel_notice_min, capacity,
    certainty, source, position)
SELECT 'bench-' || name, 'Consultation ' || name, 'Carnet de santé', '{}', 'médecin', 'child',
    'child', mode, 'online', true, false, minutes, 20, 0, 0, 120, 0, 90, 60, seats, '', '', 0
FROM (VALUES ('20', 'centre', 20, 1), ('40', 'centre', 40, 1), ('session', 'group', 210, 8))
    kind (name, mode, minutes, seats);
"""
FAMILIES = """
INSERT INTO booking_household (id, language, needs_interpreter, contact_by, sms_sender, created_at)
SELECT n, 'fr', false, 'any', '', %(now)s FROM generate_series(1, %(families)s) n;
INSERT INTO booking_guardian (id, household_id, first_name, last_name, email, phone,
    email_verified_at)
SELECT n, n, 'Karim', 'Le Goff ' || n, 'famille' || n || '@example.org', '', %(now)s
FROM generate_series(1, %(families)s) n;
INSERT INTO booking_child (id, household_id, first_name, last_name, born_on)
SELECT n, n, 'Maëlys', '', %(now)s::date - 380 FROM generate_series(1, %(families)s) n;
INSERT INTO booking_guardianship (guardian_id, child_id)
SELECT n, n FROM generate_series(1, %(families)s) n;
"""
# What families are found by is written once for each, not at each row of theirs.
UNFOUND = """
ALTER TABLE booking_guardian DISABLE TRIGGER USER;
ALTER TABLE booking_child DISABLE TRIGGER USER;
"""
FOUND = """
ALTER TABLE booking_guardian ENABLE TRIGGER USER;
ALTER TABLE booking_child ENABLE TRIGGER USER;
SELECT count(booking_refresh_family(id)) FROM booking_household;
"""
# Half-days in order of time, as the years would have made them; one in fifty begins closed. In a
# session each "time" is a seat.
PLAN = """
CREATE TEMP TABLE plan AS
SELECT row_number() OVER (ORDER BY starts_at, practitioner) AS id, *,
    (extract(epoch FROM starts_at) / 60)::int AS at, starts_at < %(now)s AS is_past,
    hashint8extended(practitioner * 7919 + extract(epoch FROM starts_at)::bigint / 60, 1) & 1023
        < 20 AS is_late,
    CASE WHEN is_session THEN 1
         WHEN nth_centre = 0 AND day BETWEEN %(now)s::date AND %(now)s::date + 14 THEN 20
         ELSE (nth %% 4 = 0)::int END AS reserve
FROM (
    SELECT d::date AS day, p.id AS practitioner, p.centre, p.site, p.nth, p.nth_centre,
        p.nth %% %(practitioners)s = %(practitioners)s - 1 AND opens > '12:00'
            AND extract(isodow FROM d) = 3 AS is_session,
        (d::date + opens) AT TIME ZONE 'Europe/Paris' AS starts_at,
        (d::date + closes) AT TIME ZONE 'Europe/Paris' AS ends_at, times
    FROM generate_series(%(now)s::date - %(days_behind)s, %(now)s::date + %(days_ahead)s,
                         interval '1 day') d,
        (SELECT r.id, c.id AS centre, s.id AS site, r.n AS nth, c.n AS nth_centre
         FROM (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM centres_practitioner
               WHERE last_name LIKE 'Bench %%') r
         JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM centres_centre) c
             ON c.n = r.n / %(practitioners)s
         JOIN centres_site s ON s.centre_id = c.id AND s.is_main) p,
        (VALUES ('09:00'::time, '12:00'::time, 9), ('13:30', '17:00', 10)) h (opens, closes, times)
    WHERE extract(isodow FROM d) < 6
) half;

CREATE TEMP TABLE time AS
SELECT row_number() OVER (ORDER BY shift, k) AS id, *,
    CASE WHEN is_past AND lot < 950 THEN 'fulfilled' WHEN is_past AND lot < 980 THEN 'noshow'
         WHEN is_past THEN 'cancelled' WHEN is_booked THEN 'booked' WHEN lot < 3 THEN 'held'
         WHEN lot < 8 THEN 'lapsed' ELSE 'cancelled' END AS state
FROM (
    SELECT s.id AS shift, k, s.is_past,
        CASE WHEN is_session THEN s.at ELSE s.at + 20 * k END AS at,
        CASE WHEN is_session THEN s.at + 210 ELSE s.at + 20 * k + 20 END AS until,
        CASE WHEN is_session THEN k + 1 ELSE 0 END AS seat,
        seed & 1023 < CASE WHEN s.is_past THEN %(booked_behind)s ELSE %(booked_ahead)s END
            AS is_booked,
        ((seed >> 10) & 1023) * 1000 / 1024 AS lot, (seed >> 20) & 2147483647 AS family
    FROM plan s, generate_series(0, CASE WHEN is_session THEN 8 ELSE times END - 1) k,
        hashint8extended(s.id * 16 + k, 35) seed
    WHERE k > 2 OR NOT s.is_late
) t
WHERE is_booked OR (NOT is_past AND lot < 50);
ANALYZE plan;
ANALYZE time;
"""
# `room` and `free` are computed by the product's own trigger; `busy` and `taken` set-wise.
SHIFTS = """
INSERT INTO centres_shift (id, occurs_on, practitioner_id, centre_id, site_id, starts_at, ends_at,
    seats, agent_reserve, status, is_edited, closed, busy, taken, room, free)
SELECT p.id, day, practitioner, centre, site, starts_at, ends_at,
    CASE WHEN is_session THEN 8 ELSE 1 END, reserve, 'open', false,
    CASE WHEN is_late THEN ARRAY[p.at, p.at + 60] ELSE '{}' END,
    coalesce(b.busy, '{}'), coalesce(b.taken, 0), 0, 0
FROM plan p
LEFT JOIN (
    SELECT shift, count(*) FILTER (WHERE seat > 0) / 2 AS taken,
        array_agg(edge ORDER BY edge_of.at, edge) FILTER (WHERE seat = 0) AS busy
    FROM time edge_of, unnest(ARRAY[edge_of.at, edge_of.until]) edge
    WHERE state IN ('booked', 'fulfilled', 'noshow') GROUP BY shift
) b ON b.shift = p.id
ORDER BY p.id;
INSERT INTO centres_shifttype (shift_id, type_id, centre_id, starts_at)
SELECT p.id, t.id, centre, p.starts_at
FROM plan p, centres_appointmenttype t
WHERE t.slug = ANY (CASE WHEN is_session THEN ARRAY['bench-session']
                    ELSE ARRAY['bench-20', 'bench-40'] END)
ORDER BY p.id, t.id;
"""
# Live holds and cancelled times not yet re-offered stay so for a day: longer than any run.
APPOINTMENTS = """
INSERT INTO booking_appointment (id, uid, reference, state, sequence, shift_id, practitioner_id,
    centre_id, site_id, type_id, starts_at, ends_at, busy_from, busy_until, seat, household_id,
    guardian_id, child_id, expires_at, is_extended, reoffer_at, is_overbooked, booked_via,
    created_at, changed_at, last_action, actor, note)
SELECT t.id, md5('bench' || t.id)::uuid, upper(lpad(to_hex(t.id), 8, '0')), state, 0, shift,
    practitioner, centre, site, k.id, since, until, since, until, seat,
    guardian, guardian, guardian,
    CASE state WHEN 'held' THEN %(now)s + interval '1 day' END, false,
    CASE WHEN state <> 'cancelled' THEN NULL WHEN lot < 11 AND NOT t.is_past
         THEN %(now)s + interval '1 day' ELSE made END,
    false, 'web', made, made, 'book', 'family', ''
FROM (
    SELECT t.id, shift, state, seat, lot, is_past, to_timestamp(t.at * 60.0) AS since,
        to_timestamp(t.until * 60.0) AS until,
        to_timestamp(t.at * 60.0) - interval '14 days' AS made,
        CASE WHEN state NOT IN ('held', 'lapsed') THEN 1 + t.family %% %(families)s END AS guardian
    FROM time t
) t
JOIN plan p ON p.id = t.shift
JOIN centres_appointmenttype k
    ON k.slug = CASE WHEN is_session THEN 'bench-session' ELSE 'bench-20' END
ORDER BY t.id;
INSERT INTO booking_appointmentevent (appointment_id, at, action, actor, note, state, sequence,
    starts_at, practitioner_id, site_id)
SELECT id, created_at, 'book', 'family', '', 'booked', 0, starts_at, practitioner_id, site_id
FROM booking_appointment WHERE state NOT IN ('held', 'lapsed') ORDER BY id;
"""
NEXT_IDS = """
SELECT setval(pg_get_serial_sequence(t, 'id'), n + 1)
FROM (SELECT 'centres_shift' AS t, max(id) AS n FROM centres_shift
      UNION ALL SELECT 'booking_appointment', max(id) FROM booking_appointment
      UNION ALL SELECT 'booking_household', max(id) FROM booking_household
      UNION ALL SELECT 'booking_guardian', max(id) FROM booking_guardian
      UNION ALL SELECT 'booking_child', max(id) FROM booking_child) m
"""
# A sample of shifts, recounted by the product's own function, must equal what was loaded.
WRONG_SHIFTS = """
SELECT count(*) FROM centres_shift s, booking_refresh_shift(s) r
WHERE s.id %% 97 = 0 AND (r.busy <> s.busy OR r.taken <> s.taken)
"""
EXTRA = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), contype::text
FROM pg_constraint WHERE conrelid = ANY(%(tables)s::regclass[]) AND contype IN ('f', 'u', 'x')
"""
INDEXES = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index i
WHERE indrelid = ANY(%(tables)s::regclass[])
  AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid
                  AND c.conrelid = i.indrelid AND c.contype IN ('p', 'u', 'x'))
"""


def load(url: str, size: Size, *, now: datetime) -> int:
    """Fill a migrated, otherwise empty database and return how many appointments it has."""
    values = {**vars(size), "now": now}
    with psycopg.connect(url, autocommit=True, cursor_factory=psycopg.ClientCursor) as link:
        for setting in (
            "synchronous_commit=off",
            "maintenance_work_mem='512MB'",
            "work_mem='256MB'",
        ):
            _run(link, f"SET {setting}")
        _run(link, PLACES, values)
        _run(link, UNFOUND)
        _run(link, FAMILIES, values)
        _run(link, FOUND)
        _run(link, PLAN, values)
        with _bare_tables(link):
            _run(link, SHIFTS)
            _run(link, APPOINTMENTS, values)
        _run(link, NEXT_IDS)
        _run(link, "VACUUM ANALYZE")
        # What the load has written is on the disk before anything is measured: else whoever needs a
        # page must write another one first.
        _run(link, "CHECKPOINT")
        if wrong := _one(link, WRONG_SHIFTS):
            raise RuntimeError(f"{wrong} shifts differ from what the product's trigger would count")
        return _one(link, "SELECT count(*) FROM booking_appointment")


@contextmanager
def _bare_tables(link: psycopg.Connection) -> Iterator[None]:
    """The big tables without indexes, foreign keys and triggers but the one that counts `room`."""
    values = {"tables": list(TABLES)}
    constraints = link.execute(EXTRA, values).fetchall()
    indexes = link.execute(INDEXES, values).fetchall()
    foreign_first = sorted(constraints, key=lambda row: row[3] != "f")
    for table, name, _, _ in foreign_first:
        _run(link, f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    for name, _ in indexes:
        _run(link, f"DROP INDEX {name}")
    for table in TABLES:
        _run(link, f"ALTER TABLE {table} DISABLE TRIGGER USER")
    _run(link, "ALTER TABLE centres_shift ENABLE TRIGGER shift_room")
    yield
    for table in TABLES:
        _run(link, f"ALTER TABLE {table} ENABLE TRIGGER USER")
        _run(link, f"ANALYZE {table}")
    for _, definition in indexes:
        _run(link, definition)
    for table, name, definition, _ in reversed(foreign_first):
        _run(link, f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')


def _run(link: psycopg.Connection, statements: str, values: dict[str, Any] | None = None) -> None:
    link.execute(statements, values)


def _one(link: psycopg.Connection, query: str) -> int:
    row = link.execute(query, {}).fetchone()
    return int(row[0]) if row else 0
