"""`python -m tests.faults.closing_process CENTRE`: closes a centre for a week once told to, so that
it can be killed while it does."""

from __future__ import annotations

import sys
from datetime import timedelta
from uuid import uuid4

import django


def main(centre_pk: int) -> None:
    django.setup()
    from django.utils import timezone  # noqa: PLC0415  settings are read now

    from booking import actions  # noqa: PLC0415
    from booking.actions.declaring import Plan, Wanted  # noqa: PLC0415
    from booking.actors import Actor  # noqa: PLC0415
    from booking.concerned import concerned  # noqa: PLC0415
    from centres.models import Centre, Closure  # noqa: PLC0415

    now = timezone.now()
    centre = Centre.objects.get(pk=centre_pk)
    closure = Closure(
        department_id=centre.department_id,
        centre=centre,
        label="Travaux",
        starts_at=now,
        ends_at=now + timedelta(days=14),
    )
    wanted = [
        Wanted(
            each.appointment.pk,
            each.appointment.sequence,
            "move",
            each.places[0].shift,
            each.places[0].start,
        )
        for each in concerned(closure, now=now)
    ]
    print("ready", flush=True)  # noqa: T201  to whoever started this
    sys.stdin.readline()
    plan = Plan(uuid4(), centre, closure, "Travaux", wanted)
    actions.declare(plan=plan, now=now, actor=Actor("agent", "boss@example.org"))
    print("done", flush=True)  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]))
