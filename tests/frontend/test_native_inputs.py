"""The browser's own calendar and clock show what they can; what they cannot stays readable."""

from __future__ import annotations

from datetime import date, time
from typing import Any

import pytest
from django import forms

from frontend.fields import ClockInput, DayInput


@pytest.mark.parametrize(
    ("box", "value", "shown"),
    [
        (DayInput(), None, 'type="date"'),
        (DayInput(), date(2026, 12, 1), 'type="date" name="it" value="2026-12-01"'),
        (DayInput(), "2026-12-01", 'type="date" name="it" value="2026-12-01"'),
        (DayInput(), "1/12/2026", 'type="text" name="it" value="1/12/2026"'),
        (DayInput(), "hier", 'type="text" name="it" value="hier"'),
        (ClockInput(), time(9, 30), 'type="time" name="it" value="09:30"'),
        (ClockInput(), "9 h 30", 'type="text" name="it" value="9 h 30"'),
    ],
)
def test_what_a_browser_s_own_box_cannot_show_is_kept_in_a_plain_one(
    box: forms.Widget, value: Any, shown: str
) -> None:
    assert shown in box.render("it", value)
