"""What stands in the way of an appointment, told apart."""

from __future__ import annotations

from typing import Any

import pytest

from booking.board import HalfDay, Visit
from booking.obstacles import Why, obstacle

MORNING = HalfDay(1, 7, 540, 720)
SESSION = HalfDay(2, 7, 540, 720, seats=2)


def visit(state: str = "booked", starts: int = 600, *, shift: int = 1, **more: Any) -> Visit:
    return Visit(9, 7, shift, state, starts, starts + 30, starts, starts + 35, **more)


def why(*visits: Visit, half_day: HalfDay = MORNING, start: int = 600, **more: Any) -> Why:
    values = {"takes": (start, start + 30), "offering": {1, 2}, "now": 500} | more
    return obstacle([half_day], visits, start=start, **values).why


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (why(start=800), Why.NOBODY),
        (why(half_day=MORNING._replace(is_cancelled=True)), Why.CALLED_OFF),
        (why(offering=set()), Why.OTHER_TYPES),
        (why(half_day=MORNING._replace(closed=[610, 640])), Why.CLOSED),
        (why(visit()), Why.TAKEN),
        (why(visit(), start=634), Why.TAKEN),
        (why(visit(), start=635), Why.OFF_GRID),
        (why(visit("held", until=510)), Why.HELD),
        (why(visit("held", until=500)), Why.OFF_GRID),
        (why(visit("cancelled", until=510)), Why.GIVEN_BACK),
        (why(visit("cancelled")), Why.OFF_GRID),
        (why(start=700), Why.TOO_SHORT),
        (why(visit(shift=2), visit(shift=2), half_day=SESSION), Why.FULL),
        (why(visit(shift=2), half_day=SESSION), Why.OFF_GRID),
    ],
)
def test_each_reason_has_its_name(found: Why, expected: Why) -> None:
    assert found == expected


def test_an_obstacle_says_from_when_to_when() -> None:
    found = obstacle(
        [MORNING], [visit("held", until=510)], start=590, takes=(590, 620), offering={1}, now=500
    )
    assert (found.starts, found.ends, found.until) == (600, 630, 510)
    assert found.half_day == MORNING
