"""A time given back says when it is offered again: the day too, unless it is the day shown."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from booking.board import Entry, Kind, Visit
from booking.obstacles import Obstacle, Why
from centres.calendar import to_minute
from centres.models import Centre
from frontend.board import Line, Watcher
from frontend.moving import _WORDS, _Told
from tests.factories import PARIS

NOBODY: Any = None


def minute(text: str) -> int:
    return to_minute(datetime.fromisoformat(text).replace(tzinfo=PARIS))


STARTS, ENDS = minute("2026-12-01T10:00"), minute("2026-12-01T10:30")
TOLD = [
    ("2026-12-01T09:00", "reproposé à 9 h"),
    ("2026-11-30T14:00", "reproposé le lundi 30 novembre à 14 h"),
]


@pytest.mark.parametrize(("until", "words"), TOLD)
def test_a_row_says_when_a_time_given_back_is_offered_again(until: str, words: str) -> None:
    visit = Visit(1, 1, 1, "cancelled", STARTS, ENDS, STARTS, ENDS, until=minute(until))
    entry = Entry(Kind.REOFFER, STARTS, ENDS, visit)
    watcher = Watcher(NOBODY, Centre(time_zone="Europe/Paris"), minute("2026-11-30T13:00"))
    said = Line(entry, watcher).given_back.replace("\N{NO-BREAK SPACE}", " ")
    assert said == f"Annulé, {words}"


@pytest.mark.parametrize(("until", "words"), TOLD)
def test_a_refused_move_says_it_too(until: str, words: str) -> None:
    found = Obstacle(Why.GIVEN_BACK, starts=STARTS, ends=ENDS, until=minute(until))
    told = _Told(**dict.fromkeys(_Told._fields, NOBODY) | {"found": found, "zone": PARIS})
    said = _WORDS[Why.GIVEN_BACK](told).replace("\N{NO-BREAK SPACE}", " ")
    assert said.endswith(f"il est {words}.")
