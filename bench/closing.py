"""closure.time: a centre closed with 500 appointments, each family moved and told, beside the
least any program would have to write for it: one bare UPDATE and one bare INSERT."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from bench.ground import Ground
from bench.measure import Result
from bench.searching import places
from booking import actions
from booking.actions.declaring import Plan, Wanted
from booking.actors import Actor
from booking.concerned import Concerned, concerned
from booking.models import Appointment
from centres.models import Centre, Closure
from notifications.models import OutboxMessage

FAMILIES = 500
# To where ours have gone, as if somebody had known.
BARE_MOVE = """
UPDATE booking_appointment a SET
    shift_id = v.shift_id, practitioner_id = v.practitioner_id, site_id = v.site_id,
    starts_at = v.starts_at, ends_at = v.ends_at, busy_from = v.busy_from,
    busy_until = v.busy_until, seat = v.seat, state = v.state, sequence = a.sequence + 1
FROM jsonb_to_recordset(%(rows)s::jsonb) AS v (
    id bigint, shift_id bigint, practitioner_id bigint, site_id bigint, starts_at timestamptz,
    ends_at timestamptz, busy_from timestamptz, busy_until timestamptz, seat smallint, state text)
WHERE a.id = v.id
"""
PLACES = (
    *("id", "shift_id", "practitioner_id", "site_id", "starts_at", "ends_at"),
    *("busy_from", "busy_until", "seat", "state"),
)
BARE_TELL = """
INSERT INTO notifications_outboxmessage
    (intent_key, kind, subject_ref, person_ref, scope, channel, recipient, sender, language,
     version, context, attachments, alternatives, priority, send_at, valid_until, state,
     is_withdrawn, attempts, last_error, route, provider_id, settle_tries, sent_subject, sent_body,
     handled_as, handled_by, created_at)
SELECT 'bare:' || uid, 'moved', uid, '', '', 'email', 'x@example.org', '', 'fr', 1, '{}', '[]',
    '[]', 7, now(), now() + interval '1 day', 'planned', false, 0, '', '', '', 0, '', '', '', '',
    now()
FROM booking_appointment WHERE id = ANY (%(ids)s)
"""


@contextmanager
def _undone() -> Iterator[None]:
    """What happens inside leaves the ground as it was."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def closing(ground: Ground) -> Iterator[Result]:
    """closure.time: looked at, then declared; statements and messages are counted."""
    with places(ground, ground.small) as [here]:
        here.select()
        closure = _closure(here.centre, ground, wanted=round(FAMILIES * min(1.0, 4 * ground.scale)))
        began = time.perf_counter()
        found = concerned(closure, now=ground.now)
        looked = time.perf_counter() - began
        with _undone():
            declared, statements, told = _declare(found, closure, ground)
            ids = [each.appointment.pk for each in found]
            gone = list(Appointment.objects.filter(pk__in=ids).values(*PLACES))
        bare = _bare(ids, gone)
        moved = sum(bool(each.places) for each in found)
        yield Result(
            name="closure.time",
            value=declared,
            unit="s",
            baseline=bare,
            ratio=declared / bare,
            note=f"{len(found)} appointments of a centre, {moved} moved and {len(found) - moved} "
            f"cancelled, in {statements} statements and one transaction; listed with two other "
            f"times each in {looked:.2f} s; messages {told}; limit: one bare UPDATE and one bare "
            "INSERT of as many rows, under the same triggers and constraints",
        )


def _closure(centre: Centre, ground: Ground, *, wanted: int) -> Closure:
    """From tomorrow until so many families are hit."""
    ahead = Appointment.objects.filter(
        centre=centre, state="booked", starts_at__gt=ground.now + timedelta(days=1)
    ).order_by("starts_at")
    ends = list(ahead.values_list("ends_at", flat=True)[: max(1, wanted)])
    return Closure(
        department_id=centre.department_id,
        centre=centre,
        label="bench",
        starts_at=ground.now + timedelta(days=1),
        ends_at=ends[-1],
    )


def _declare(
    found: Sequence[Concerned], closure: Closure, ground: Ground
) -> tuple[float, int, str]:
    plan = Plan(uuid4(), closure.centre, closure, "bench", [_wanted(each) for each in found])
    actor = Actor("agent", "bench@example.org")
    began = time.perf_counter()
    actions.declare(plan=plan, now=ground.now, actor=actor)
    taken = time.perf_counter() - began
    refs = [str(each.appointment.uid) for each in found]
    kinds = OutboxMessage.objects.filter(subject_ref__in=refs).values_list("kind", "intent_key")
    told = Counter(kind for kind, _key in kinds)
    with transaction.atomic(), CaptureQueriesContext(connection) as counted:
        actions.undo(uid=plan.uid, now=ground.now, actor=actor)
        again = Plan(uuid4(), plan.centre, _copy(closure), "bench", _later(plan.wanted))
        before = len(counted)
        actions.declare(plan=again, now=ground.now, actor=actor)
        statements = len(counted) - before
    return taken, statements, ", ".join(f"{kind} {n}" for kind, n in sorted(told.items()))


def _copy(closure: Closure) -> Closure:
    return Closure(
        department_id=closure.department_id,
        centre=closure.centre,
        label=closure.label,
        starts_at=closure.starts_at,
        ends_at=closure.ends_at,
    )


def _later(wanted: Sequence[Wanted]) -> list[Wanted]:
    """The same of the versions that undoing has made."""
    return [each._replace(sequence=each.sequence + 2) for each in wanted]


def _wanted(each: Concerned) -> Wanted:
    pk, version = each.appointment.pk, each.appointment.sequence
    if not each.places:
        return Wanted(pk, version, "cancel")
    return Wanted(pk, version, "move", each.places[0].shift, each.places[0].start)


def _bare(ids: list[int], gone: list[dict[str, Any]]) -> float:
    values: dict[str, Any] = {"ids": ids, "rows": json.dumps(gone, default=str)}
    with _undone(), connection.cursor() as cursor:
        began = time.perf_counter()
        cursor.execute(BARE_MOVE, values)
        cursor.execute(BARE_TELL, values)
        return time.perf_counter() - began
