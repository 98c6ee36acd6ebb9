"""What SQL and plain Python say of the rows after a disaster, without asking the product's code."""

from __future__ import annotations

from collections import defaultdict

from django.db import connection

# Firm or held for somebody: what takes a practitioner's time.
LIVE = "state NOT IN ('cancelled', 'lapsed')"
FIRM = "state IN ('booked', 'arrived', 'in_progress', 'fulfilled', 'noshow')"

# Each query finds the rows that break a promise.
PROMISES = {
    "a booking without its family": """
        SELECT id FROM booking_appointment WHERE state IN ('booked', 'cancelled')
        AND (guardian_id IS NULL OR household_id IS NULL OR child_id IS NULL)""",
    "a family without a booking": """
        SELECT g.id FROM booking_guardian g
        LEFT JOIN booking_appointment a ON a.guardian_id = g.id WHERE a.id IS NULL""",
    "a child without its guardian": """
        SELECT c.id FROM booking_child c
        LEFT JOIN booking_guardianship t ON t.child_id = c.id WHERE t.id IS NULL""",
    "a version without exactly one event": """
        SELECT a.id, version FROM booking_appointment a, generate_series(0, a.sequence) version
        WHERE a.state IN ('booked', 'cancelled') AND 1 <> (
            SELECT count(*) FROM booking_appointmentevent e
            WHERE e.appointment_id = a.id AND e.sequence = version)""",
    "an event of no version": """
        SELECT e.id FROM booking_appointmentevent e
        JOIN booking_appointment a ON a.id = e.appointment_id
        WHERE a.state IN ('held', 'lapsed') OR e.sequence > a.sequence""",
    "a row unlike its last event": """
        SELECT a.id FROM booking_appointment a JOIN booking_appointmentevent e
        ON e.appointment_id = a.id AND e.sequence = a.sequence
        WHERE (a.state, a.starts_at, a.practitioner_id, a.site_id)
           <> (e.state, e.starts_at, e.practitioner_id, e.site_id)""",
    # Moved before anything has left, the new time is confirmed; cancelled then, nothing is said.
    "a version without exactly one message": """
        SELECT e.id FROM booking_appointmentevent e
        JOIN booking_appointment a ON a.id = e.appointment_id
        CROSS JOIN LATERAL (
            SELECT count(*) AS told FROM notifications_outboxmessage m
            WHERE m.intent_key = ANY (ARRAY[
                CASE e.action WHEN 'move' THEN 'moved' WHEN 'cancel' THEN 'cancelled'
                              ELSE 'confirmation' END || ':' || a.uid || ':' || e.sequence,
                CASE e.action WHEN 'move' THEN 'confirmation:' || a.uid || ':' || e.sequence END])
        ) of_event
        WHERE told <> 1 AND NOT (told = 0 AND e.action = 'cancel' AND NOT EXISTS (
            SELECT FROM notifications_outboxmessage m
            WHERE m.subject_ref = a.uid::text AND m.state <> 'superseded'))""",
    "a message without its change": """
        SELECT m.id FROM notifications_outboxmessage m WHERE m.kind <> 'reminder' AND NOT EXISTS (
            SELECT 1 FROM booking_appointmentevent e
            JOIN booking_appointment a ON a.id = e.appointment_id
            WHERE m.intent_key LIKE '%:' || a.uid || ':' || e.sequence)""",
    "a message still waiting though a newer one tells the truth": """
        SELECT m.id FROM notifications_outboxmessage m
        JOIN booking_appointment a ON a.uid::text = m.subject_ref
        WHERE m.state = 'planned' AND m.intent_key NOT LIKE '%:' || a.sequence""",
    "a move whose hold did not take the old place": """
        SELECT e.id FROM booking_appointmentevent e JOIN booking_appointmentevent before
        ON before.appointment_id = e.appointment_id AND before.sequence = e.sequence - 1
        WHERE e.action = 'move' AND NOT EXISTS (
            SELECT 1 FROM booking_appointment h WHERE h.moves_id = e.appointment_id
            AND h.state = 'lapsed' AND h.starts_at = before.starts_at)""",
}


def broken_promises() -> list[str]:
    """One line for each that is broken; empty when nothing is half done."""
    found = {name: _rows(query) for name, query in PROMISES.items()}
    found |= {"two at once": _overlaps(), "a shift counted wrongly": _miscounted()}
    return [f"{name}: {rows[:5]}" for name, rows in found.items() if rows]


def _overlaps() -> list[tuple[int, ...]]:
    """Pairs that share a practitioner and a moment, found by comparing all with all."""
    rows = _rows(
        f"SELECT practitioner_id, busy_from, busy_until, id FROM booking_appointment WHERE {LIVE}"  # noqa: S608
    )
    return [
        (a[3], b[3])
        for a in rows
        for b in rows
        if a[3] < b[3] and a[0] == b[0] and a[1] < b[2] and b[1] < a[2]
    ]


def _miscounted() -> list[tuple[object, ...]]:
    """Shifts whose busy times are not those of their firm appointments, added up here."""
    taken: dict[int, list[int]] = defaultdict(list)
    for shift, *edges in _rows(
        "SELECT shift_id, extract(epoch FROM busy_from)::bigint / 60,"  # noqa: S608
        " extract(epoch FROM busy_until)::bigint / 60"
        f" FROM booking_appointment WHERE {FIRM} ORDER BY busy_from"
    ):
        taken[shift] += edges
    shifts = _rows("SELECT id, busy FROM centres_shift")
    return [(shift, busy, taken[shift]) for shift, busy in shifts if list(busy) != taken[shift]]


def _rows(query: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())
