"""kill -9 of the process that closes a centre: all families are moved and told once, or none."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection

from booking.models import Appointment, Case, Declaration
from centres.models import Absence, Centre, Closure
from notifications.models import OutboxMessage
from tests.factories import (
    make_appointment,
    make_guardian,
    make_practitioner,
    make_shift,
    make_site,
    make_type,
    next_tuesday,
)

ROOT = Path(__file__).resolve().parents[2]
DOCTORS, EACH, STEP = 20, 25, 20
FAMILIES = DOCTORS * EACH
NAME = "closing-process"
# From the first lock to the last row; the last one is let live.
KILLED_AFTER = (0.05, 0.3, 0.8, 1.5)


def _centre() -> Centre:
    """A Tuesday of twenty doctors with 500 families, and the same day three weeks later, free."""
    site, kind = make_site(), make_type(duration_min=STEP, step_min=STEP, age_max_months=None)
    for _ in range(DOCTORS):
        doctor = make_practitioner()
        full = {"site": site, "types": [kind], "practitioner": doctor, "hours": 10}
        shift = make_shift(**full)
        make_shift(starts_at=next_tuesday() + timedelta(weeks=3), **full)
        for number in range(EACH):
            starts_at = shift.starts_at + timedelta(minutes=STEP * number)
            make_appointment(shift, starts_at=starts_at, type=kind, guardian=make_guardian())
    return site.centre


@contextmanager
def _processes(centre: Centre, count: int) -> Iterator[list[subprocess.Popen[str]]]:
    """So many, each with its plan ready, none begun."""
    known = connection.settings_dict
    url = f"postgresql://{known['USER']}:{known['PASSWORD']}@/{known['NAME']}"
    environment = os.environ | {
        "DATABASE_URL": f"{url}?host={known['HOST']}&port={known['PORT']}",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DEMO": "1",
        "PGAPPNAME": NAME,
    }
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.faults.closing_process", str(centre.pk)],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(count)
    ]
    try:
        for each in started:
            assert each.stdout is not None
            assert each.stdout.readline() == "ready\n"
        yield started
    finally:
        for each in started:
            each.kill()
            each.communicate()


def _begin(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def _wait_until_gone() -> None:
    """PostgreSQL has noticed, and taken back what was not committed."""
    for _ in range(300):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE application_name = %s AND state <> 'idle'",
                [NAME],
            )
            if cursor.fetchone()[0] == 0:
                return
        time.sleep(0.1)
    raise AssertionError("the killed process still holds its transaction")


def _done() -> dict[str, int]:
    """What of a closure is there; each is all or nothing."""
    moved = OutboxMessage.objects.filter(kind="moved")
    return {
        "closures": Closure.objects.count() * FAMILIES,
        "declarations": Declaration.objects.count() * FAMILIES,
        "cases": Case.objects.count(),
        "moved": Appointment.objects.filter(state="booked", sequence=1).count(),
        "told": moved.count(),
        "told of": moved.values("subject_ref").distinct().count(),
    }


@pytest.mark.faults
@pytest.mark.django_db(transaction=True)
def test_killed_at_any_moment_a_closure_of_500_is_all_there_or_not_at_all() -> None:
    centre = _centre()
    with _processes(centre, len(KILLED_AFTER) + 1) as processes:
        *killed, last = processes
        for process, seconds in zip(killed, KILLED_AFTER, strict=True):
            _begin(process)
            time.sleep(seconds)
            process.send_signal(signal.SIGKILL)
            process.wait()
            _wait_until_gone()
            assert set(_done().values()) in ({0}, {FAMILIES}), (seconds, _done())
        _begin(last)
        last.wait(60)
    assert set(_done().values()) == {FAMILIES}
    assert not Absence.objects.exists()


@pytest.mark.django_db
def test_half_a_closure_would_be_seen() -> None:
    appointment = make_appointment()
    assert set(_done().values()) == {0}
    Appointment.objects.filter(pk=appointment.pk).update(sequence=1)
    assert set(_done().values()) == {0, 1}
