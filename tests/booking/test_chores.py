"""What the background tidies: expired holds, old codes, half-days to come."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from booking import throttle
from booking.models import Appointment, RateCounter, Verification
from booking.tasks import forget_leftovers, lapse_holds
from centres.models import Shift
from centres.tasks import expand_shifts
from tests.booking.scene import NOW, open_morning
from tests.factories import make_appointment, make_rule

pytestmark = pytest.mark.django_db


def ago(**time: int) -> datetime:
    return datetime.now(UTC) - timedelta(**time)


def test_expired_holds_lapse_and_are_forgotten_a_day_later() -> None:
    scene = open_morning()
    young, old, waiting = scene.hold("09:00"), scene.hold("10:00"), scene.hold("11:00")
    Appointment.objects.filter(pk=young.pk).update(
        expires_at=ago(minutes=1), changed_at=ago(hours=1)
    )
    Appointment.objects.filter(pk=old.pk).update(state="lapsed", changed_at=ago(hours=25))
    assert lapse_holds() == 1
    forget_leftovers()
    left = dict(Appointment.objects.values_list("pk", "state"))
    assert left == {young.pk: "lapsed", waiting.pk: "held"}


def test_a_time_not_yet_offered_again_is_not_forgotten() -> None:
    scene = open_morning()
    Appointment.objects.filter(pk=scene.hold().pk).update(
        state="lapsed", changed_at=ago(days=2), reoffer_at=ago(minutes=-5)
    )
    forget_leftovers()
    assert Appointment.objects.count() == 1


def test_a_due_date_is_kept_as_long_as_a_move_may_ask_for_it() -> None:
    ahead = ago(days=-3)
    kept, met, gone = (
        make_appointment(starts_at=starts_at, state=state, due_on=date(2027, 6, 1))
        for starts_at, state in ((ahead, "booked"), (ago(hours=2), "booked"), (ahead, "cancelled"))
    )
    forget_leftovers()
    left = dict(Appointment.objects.values_list("pk", "due_on"))
    assert left == {kept.pk: date(2027, 6, 1), met.pk: None, gone.pk: None}


def test_addresses_counted_yesterday_are_forgotten() -> None:
    throttle.tries(key="hold:192.0.2.7", seconds=600, now=NOW)
    forget_leftovers()
    assert not RateCounter.objects.exists()


def count_a_day(now: datetime) -> None:
    """What a day allows is spent: guesses and SMS; and what a quarter of an hour allows."""
    throttle.allow(key="guess:a", limit=1, seconds=throttle.DAY, now=now)
    throttle.allow(key="sends:a:d", limit=1, seconds=throttle.DAY, now=now)
    throttle.allow(key="sends:a", limit=1, seconds=900, now=now)


def test_what_a_day_allows_is_not_given_anew_by_tidying_in_it() -> None:
    today = datetime.now(UTC).replace(hour=12)
    with time_machine.travel(today, tick=False):
        count_a_day(today)
        forget_leftovers()
        assert set(RateCounter.objects.values_list("key", flat=True)) == {"guess:a", "sends:a:d"}
        assert throttle.is_spent({"guess:a": 1}, seconds=throttle.DAY, now=today)
        assert not throttle.allow(key="sends:a:d", limit=1, seconds=throttle.DAY, now=today)
    with time_machine.travel(today + timedelta(days=1), tick=False):
        forget_leftovers()
    assert not RateCounter.objects.exists()


def test_old_codes_are_forgotten_an_hour_after_they_expired() -> None:
    for minutes in (30, 61):
        Verification.objects.create(
            purpose="booking",
            contact="nadia@example.org",
            created_at=NOW,
            expires_at=ago(minutes=minutes),
        )
    lapse_holds()
    assert Verification.objects.count() == 1


def test_every_night_there_are_half_days_for_a_year() -> None:
    make_rule()
    made, changed, removed, clashes = expand_shifts()
    assert (made in (52, 53), changed, removed, clashes) == (True, 0, 0, 0)
    assert expand_shifts() == [0, 0, 0, 0]
    assert Shift.objects.latest("occurs_on").occurs_on > (ago(days=-350)).date()
