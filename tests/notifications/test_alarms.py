"""Alarms ring for missing good, each at its threshold and not before, from figures alone."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from notifications.alarms import RUNBOOKS, Figures, Provider, alarms

NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)
ALIVE = {"beat": 5.0, "worker": 5.0, "reconciler": 30.0}


def provider(**fields: Any) -> Provider:
    defaults = {"name": "ovh", "channel": "sms", "last_accepted_at": NOW - timedelta(seconds=20)}
    return Provider(**defaults | fields)


def ringing(**fields: Any) -> dict[str, str]:
    """The alarms that these figures ring, beside those of a service in good health."""
    defaults = {"at": NOW, "silent": ALIVE, "providers": (provider(),)}
    return {alarm.name: alarm.severity for alarm in alarms(Figures(**defaults | fields))}


def test_a_service_in_good_health_rings_nothing() -> None:
    assert ringing() == {}
    assert ringing(due=40, overdue=59.0, planned=90_000, uncertain=3, uncertain_for=100.0) == {}


@pytest.mark.parametrize(
    ("figures", "name", "severity"),
    [
        ({"due": 1, "overdue": 61.0}, "overdue", "warning"),
        ({"due": 1, "overdue": 301.0}, "overdue", "critical"),
        ({"uncertain": 2, "uncertain_for": 901.0}, "uncertain", "warning"),
        ({"dead": 1}, "dead", "warning"),
        ({"unbalanced": 1}, "unbalanced", "critical"),
        ({"drift": 5.1}, "clock_drift", "warning"),
        ({"drift": -7200.0}, "clock_drift", "warning"),
        ({"silent": ALIVE | {"beat": 61.0}}, "beat_silent", "critical"),
        ({"silent": ALIVE | {"worker": 61.0}}, "worker_silent", "critical"),
        ({"silent": ALIVE | {"reconciler": 301.0}}, "reconciler_silent", "critical"),
        ({"silent": {"worker": 1.0, "reconciler": 1.0}}, "beat_silent", "critical"),
        ({"providers": (provider(circuit="open"),)}, "circuit_open", "warning"),
        (
            {"providers": (provider(circuit="open", needs_person=True),)},
            "needs_person",
            "critical",
        ),
        ({"providers": (provider(is_enabled=False),)}, "held", "warning"),
        ({"providers": (provider(credit=Decimal(0)),)}, "credit_out", "critical"),
        (
            {"providers": (provider(credit=Decimal(139), per_day=Decimal(10)),)},
            "credit_low",
            "warning",
        ),
        (
            {"providers": (provider(credit=Decimal(29), per_day=Decimal(10)),)},
            "credit_low",
            "critical",
        ),
    ],
)
def test_each_alarm_rings_alone(figures: dict[str, Any], name: str, severity: str) -> None:
    assert ringing(**figures) == {name: severity}


def test_nothing_accepted_rings_only_while_something_has_been_due_for_as_long() -> None:
    silent = (provider(last_accepted_at=NOW - timedelta(minutes=6)),)
    never = (provider(last_accepted_at=None),)
    for providers in (silent, never):
        rings = ringing(due=1, overdue=301.0, providers=providers)
        assert rings == {"nothing_accepted": "critical", "overdue": "critical"}
        assert ringing(due=1, overdue=30.0, providers=providers) == {}, "just due"
        assert ringing(due=0, providers=providers) == {}, "a quiet night"


def test_a_credit_that_lasts_or_that_nobody_uses_rings_nothing() -> None:
    for fields in (
        {"credit": Decimal(140), "per_day": Decimal(10)},
        {"credit": Decimal(3), "per_day": Decimal()},
        {"credit": None},
        {"credit": Decimal(0), "is_enabled": False},
    ):
        assert ringing(providers=(provider(**fields), provider(name="brevo"))) == {}


def test_the_worst_comes_first_and_each_sentence_has_its_values() -> None:
    figures = Figures(at=NOW, dead=2, unbalanced=1, due=1, overdue=200.0, silent=ALIVE, drift=9.0)
    found = alarms(figures)
    assert found[0].name == "unbalanced"
    for alarm in found:
        assert "%(" not in alarm.says % dict(alarm.values)
        assert alarm.runbook == RUNBOOKS[alarm.name]


def test_it_decides_where_django_is_not_installed() -> None:
    absent = "import sys; sys.modules.update(dict.fromkeys(['django', 'psycopg']))"
    done = subprocess.run(
        [sys.executable, "-c", f"{absent}; import notifications.alarms"],
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert done.returncode == 0
