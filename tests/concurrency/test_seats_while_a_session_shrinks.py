"""The places of a session and a seat written at once, past every action: never seat 5 of 2."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from booking.models import Appointment
from centres.models import Shift
from tests.booking.scene import after, open_session
from tests.concurrency.race import count
from tests.factories import make_appointment

pytestmark = pytest.mark.django_db(transaction=True)
OVER_SEATED = """
SELECT count(*) FROM booking_appointment a JOIN centres_shift s ON s.id = a.shift_id
WHERE a.state NOT IN ('cancelled', 'lapsed') AND a.seat > s.seats
"""


@pytest.fixture(params=["held", "booked"])
def writes(request: pytest.FixtureRequest) -> dict[str, Callable[[], int]]:
    """A session of five shrinks to two places; its one appointment takes the fifth."""
    scene = open_session(seats=5)
    one = make_appointment(scene.shift, seat=1, state=request.param, expires_at=after(9))
    return {
        "shrink": lambda: Shift.objects.filter(pk=scene.shift.pk).update(seats=2),
        "sit": lambda: Appointment.objects.filter(pk=one.pk).update(seat=5),
    }


def write_soon(write: Callable[[], int]) -> int:
    """On a connection of its own; an OperationalError when it has to wait for somebody."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '300ms'")
            return write()
    finally:
        connection.close()


@contextmanager
def seats_that_do_not_wait() -> Iterator[None]:
    """The trigger's function without its lock, until the test is over."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_functiondef('booking_appointment_seat'::regproc)")
        (locking,) = cursor.fetchone()
        unlocked = locking.replace(" FOR NO KEY UPDATE", "")
        assert unlocked != locking
        cursor.execute(unlocked)
        try:
            yield
        finally:
            cursor.execute(locking)


@pytest.mark.parametrize(("first", "second"), [("shrink", "sit"), ("sit", "shrink")])
def test_the_second_waits_for_the_first_and_is_refused(
    writes: dict[str, Callable[[], int]], first: str, second: str
) -> None:
    with ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            writes[first]()
            with pytest.raises(OperationalError, match="lock timeout"):
                other.submit(write_soon, writes[second]).result()
        with pytest.raises(IntegrityError, match=r"seat 5 of a session of 2|seats above 2"):
            other.submit(write_soon, writes[second]).result()
    assert count(OVER_SEATED) == 0


def test_without_the_lock_both_are_written(writes: dict[str, Callable[[], int]]) -> None:
    with seats_that_do_not_wait(), ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            writes["shrink"]()
            other.submit(write_soon, writes["sit"]).result()
        assert count(OVER_SEATED) == 1
