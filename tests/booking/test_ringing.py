"""When a message that failed may leave by another channel, on the family's own clock."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from booking import ringing
from notifications import hours
from notifications.models import OutboxMessage
from tests.factories import PARIS, make_centre, make_guardian, make_household

pytestmark = pytest.mark.django_db
REUNION = ZoneInfo("Indian/Reunion")


def at(clock: str, *, day: int = 2, zone: ZoneInfo = PARIS) -> datetime:
    return datetime.combine(datetime(2027, 3, day).date(), time.fromisoformat(clock), zone)  # noqa: DTZ001


def message(**fields: Any) -> OutboxMessage:
    fields.setdefault("scope", make_centre().slug)
    return OutboxMessage(**{"valid_until": at("14:00", day=3).astimezone(UTC)} | fields)


def leaves(lost: OutboxMessage, channel: str, now: datetime) -> datetime | None:
    """When it may leave by this channel."""
    found = ringing.opening(lost, {"channel": channel, "recipient": "x"}, now)
    return found.send_at if found else None


@pytest.mark.parametrize(
    ("now", "then"),
    [
        (at("08:00"), at("08:00")),
        (at("21:59"), at("21:59")),
        (at("22:00"), at("08:00", day=3)),
        (at("03:00"), at("08:00")),
    ],
)
def test_a_phone_does_not_ring_at_night_and_a_mailbox_may(now: datetime, then: datetime) -> None:
    lost = message()
    assert leaves(lost, "sms", now) == then
    assert leaves(lost, "email", now) == now


def test_night_is_where_the_centre_is() -> None:
    lost = message(scope=make_centre(time_zone="Indian/Reunion").slug)
    assert leaves(lost, "sms", at("06:00")) == at("06:00")
    evening = at("21:00")
    assert leaves(lost, "sms", evening) == at("08:00", day=3, zone=REUNION)


def test_a_late_sms_beats_none() -> None:
    lost = message(valid_until=at("07:30", day=3).astimezone(UTC))
    assert leaves(lost, "sms", at("23:00")) == at("23:00")


@pytest.mark.parametrize("of", ["household", "guardian"])
@pytest.mark.parametrize("channel", ["sms", "email"])
def test_the_familys_own_hours_are_kept_whatever_the_channel(of: str, channel: str) -> None:
    household = make_household(contact_from=time(10), contact_until=time(12))
    person = household if of == "household" else make_guardian(household)
    lost = message(person_ref=f"{of}:{person.pk}")
    assert leaves(lost, channel, at("11:00")) == at("11:00")
    assert leaves(lost, channel, at("09:00")) == at("10:00")
    assert leaves(lost, channel, at("12:00")) == at("10:00", day=3)
    lost.valid_until = at("09:00", day=3).astimezone(UTC)
    assert leaves(lost, channel, at("12:00")) is None


@pytest.mark.parametrize(
    "fields", [{"scope": ""}, {"person_ref": "household:0"}, {"person_ref": "x"}]
)
def test_who_is_not_known_has_no_hours_of_their_own(fields: dict[str, str]) -> None:
    assert leaves(message(**fields), "sms", at("12:00")) == at("12:00")


def test_it_is_asked_by_whoever_changes_channels() -> None:
    assert hours._openers == [ringing.opening]


def test_the_next_day_is_the_next_one_by_the_clock() -> None:
    """The night of 28 March 2027 has 23 hours."""
    lost = message(valid_until=datetime(2027, 3, 29, tzinfo=UTC))
    found = leaves(lost, "sms", datetime(2027, 3, 27, 23, tzinfo=PARIS))
    assert found == datetime(2027, 3, 28, 6, tzinfo=UTC)
    assert found is not None
    assert found - datetime(2027, 3, 27, 22, tzinfo=UTC) == timedelta(hours=8)
