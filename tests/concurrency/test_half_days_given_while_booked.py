"""Half-days change hands while families book in them: everybody ends with who receives them."""

from __future__ import annotations

from functools import partial

import pytest

from booking import actions
from booking.models import Appointment
from centres.models import User
from tests.booking.scene import NOW, open_morning, parent
from tests.booking.test_shift_bookkeeping import check_books
from tests.concurrency.race import OVERLAPS, at_once, count, refusals

pytestmark = pytest.mark.django_db(transaction=True)
TIMES = ("09:00", "09:30", "10:00", "10:30", "11:00", "11:30")


def test_two_swap_their_morning_while_twelve_families_book() -> None:
    scene = open_morning()
    other = scene.another_doctor()
    claire = User.objects.create_user("claire@example.org")
    swap = partial(
        actions.swap_half_days,
        one_id=scene.shift.practitioner_id,
        other_id=other.practitioner_id,
        shift_ids=[scene.shift.pk, other.pk],
        author=claire,
        now=NOW,
    )
    books = [
        partial(scene.book, at, who=parent(f"{at}-{number}")) for at in TIMES for number in (1, 2)
    ]
    answers = at_once([*books[:6], swap, *books[6:]])
    assert refusals(answers[6:7]) == []
    booked = Appointment.objects.filter(state="booked")
    assert booked.count() == len(books) - len(refusals(answers))
    assert booked.count() >= len(TIMES)
    assert not Appointment.objects.outside().exists()
    assert count(OVERLAPS) == 0
    check_books()
