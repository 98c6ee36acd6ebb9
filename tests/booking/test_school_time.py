"""Times when children are usually at school, on the clock of the place."""

from datetime import date, datetime

import pytest

from booking.rules import is_school_time

# The autumn break of 2027, and All Saints.
BREAKS = [(date(2027, 10, 23), date(2027, 11, 7))]
HOLIDAYS = {date(2027, 11, 11)}


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2027-10-04 08:29", False),
        ("2027-10-04 08:30", True),
        ("2027-10-04 16:29", True),
        ("2027-10-04 16:30", False),
        ("2027-10-06 11:59", True),  # a Wednesday
        ("2027-10-06 12:00", False),
        ("2027-10-09 10:00", False),  # a Saturday
        ("2027-10-22 10:00", True),
        ("2027-10-25 10:00", False),  # the first Monday of the break
        ("2027-11-05 10:00", False),
        ("2027-11-08 10:00", True),
        ("2027-11-11 10:00", False),
    ],
)
def test_school_time(at: str, expected: bool) -> None:
    assert is_school_time(datetime.fromisoformat(at), breaks=BREAKS, holidays=HOLIDAYS) == expected
