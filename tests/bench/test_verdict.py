"""The judge of a storm: what counts as a message that somebody got twice."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bench.storm.verdict import Row, Verdict, judge_one

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)


def message(**fields: Any) -> Row:
    usual: dict[str, Any] = {
        "id": 1, "intent_key": "moved:a:1", "kind": "moved", "channel": "email", "state": "sent",
        "subject_ref": "a", "version": 1, "valid_until": NOW, "is_later": False,
        "recipient": "lea@example.org", "is_withdrawn": False, "untrue_at": None, "last_try": None,
        "tries": 2, "given_up": 0,
    }  # fmt: skip
    return Row(**usual | fields)


def judged(row: Row, *, times: int) -> Verdict:
    verdict = Verdict()
    judge_one(row, [NOW.timestamp() - 60 + n for n in range(times)], verdict)
    return verdict


def test_a_mail_whose_server_let_its_time_pass_may_come_once_more_and_is_counted_apart() -> None:
    verdict = judged(message(given_up=1), times=2)
    assert (verdict.is_clean, verdict.repeated, verdict.sent) == (True, 1, 1)
    assert "1 came once more after it" in str(verdict)


@pytest.mark.parametrize(
    ("row", "times"),
    [
        (message(), 2),
        (message(given_up=1), 3),
        (message(given_up=2), 2),
        (message(channel="sms", given_up=1), 2),
    ],
    ids=["nobody had waited", "three times", "given up twice", "an SMS can be asked about"],
)
def test_any_other_second_copy_is_a_doubled_message(row: Row, times: int) -> None:
    verdict = judged(row, times=times)
    assert verdict.doubled == [f"moved:a:1 taken {times} times (sent)"]
    assert not verdict.is_clean
