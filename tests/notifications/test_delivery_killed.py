"""kill -9 of a sending process at each named point; afterwards every message has arrived once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection

from notifications import failpoints, ledger, lost_answers, reconcile
from notifications.delivery import deliver
from notifications.models import OutboxMessage
from tests.factories import make_message
from tests.notifications.sending import attempts, make_due, only
from tests.notifications.sms.steering import Steering

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]
ROOT = Path(__file__).resolve().parents[2]
State = OutboxMessage.State


def send_in_a_process(failpoint: str, **environment: str) -> int:
    """The end of `manage.py deliver`, on this very database; negative when a signal ended it."""
    known = connection.settings_dict
    url = f"postgresql://{known['USER']}:{known['PASSWORD']}@/{known['NAME']}"
    place = f"?host={known['HOST']}&port={known['PORT']}"
    values = {
        "DATABASE_URL": url + place,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DEMO": "1",
        "SMS_URL": django_settings.SMS_URL,
        "EMGAV_FAILPOINT": failpoint,
    }
    command = [sys.executable, "manage.py", "deliver", "--once"]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | values | environment, capture_output=True, check=False
    )
    return done.returncode


@pytest.mark.parametrize(
    ("point", "left_as", "accepted"),
    [
        ("after_claim", State.CLAIMED, 0),
        ("after_begin", State.SENDING, 0),
        ("after_send", State.SENDING, 1),
        ("before_close", State.SENDING, 1),
    ],
)
def test_killed_at_any_point_a_message_arrives_once(
    sms: Steering, point: str, left_as: str, accepted: int
) -> None:
    make_message(channel="sms", recipient="+33612345678")
    assert send_in_a_process(point) == -signal.SIGKILL
    assert (only().state, sms.counts()["accepted"]) == (left_as, accepted)
    for _ in range(4):
        make_due()
        reconcile.reconcile()
        deliver(seconds=5)
    assert only().state == State.SENT
    assert (sms.counts()["accepted"], sms.counts()["doubled"]) == (1, 0)
    assert sum(outcome in {"accepted", "found"} for _, _, outcome in attempts()) == 1


def test_without_asking_the_provider_the_message_arrives_twice(
    sms: Steering, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: an attempt whose answer was lost is taken for one that failed."""
    monkeypatch.setattr(
        lost_answers, "_settle", lambda doubt: ledger.absent(doubt.begun, "nobody asked")
    )
    make_message(channel="sms", recipient="+33612345678")
    assert send_in_a_process("after_send") == -signal.SIGKILL
    for _ in range(4):
        make_due()
        reconcile.reconcile()
        deliver(seconds=5)
    assert (sms.counts()["accepted"], sms.counts()["doubled"]) == (2, 1)


def test_a_process_that_is_not_killed_ends_well(sms: Steering) -> None:
    make_message(channel="sms", recipient="+33612345678")
    assert send_in_a_process("after_send=pause:0.1") == 0
    assert only().state == State.SENT


def test_outside_a_demo_no_point_does_anything(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failpoints, "ARMED", {"after_send": ""})
    settings.DEMO = False
    failpoints.reach("after_send")
