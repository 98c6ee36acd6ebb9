"""A centre with one type and one morning, at an instant that never changes: a Monday at 9:00."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from hypothesis import HealthCheck, Phase, settings

from booking import actions
from booking.actors import Actor, Who
from booking.models import Appointment
from centres.calendar import to_minute
from centres.models import AppointmentType, Centre, Shift
from tests.factories import PARIS, make_practitioner, make_shift, make_site, make_type

NOW = datetime(2027, 3, 1, 9, tzinfo=PARIS).astimezone(UTC)
TUESDAY = date(2027, 3, 2)
# Examples that write to the database: few, each undone by itself, and never shrunk for minutes.
FEW = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
AGENT = Actor("agent", "claire@example.org")
NADIA = Who(
    first_name="Nadia",
    last_name="Benali",
    email="nadia@example.org",
    phone="+33612345678",
    child_first_name="Ilyès",
    child_born_on=date(2026, 2, 10),
)


def after(minutes: float = 0, *, days: float = 0) -> datetime:
    """Some time after NOW."""
    return NOW + timedelta(minutes=minutes, days=days)


def clock(text: str, day: date = TUESDAY) -> datetime:
    """The instant at which clocks in Paris show this time, on the Tuesday unless told otherwise."""
    return datetime.combine(day, time.fromisoformat(text), PARIS).astimezone(UTC)


def parent(number: int | str, **fields: Any) -> Who:
    """A parent like no other, with a child of one year."""
    details: dict[str, Any] = {
        "first_name": f"Parent {number}",
        "last_name": "Le Goff",
        "email": f"parent{number}@example.org",
        "child_first_name": f"Enfant {number}",
        "child_born_on": date(2026, 2, 10),
    }
    return Who(**details | fields)


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside is rolled back, so that each example finds the database as it was."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@dataclass(frozen=True)
class Scene:
    """One morning of a centre open online, and the shortest ways to hold and book in it."""

    kind: AppointmentType
    shift: Shift

    @property
    def centre(self) -> Centre:
        return self.shift.centre

    def hold(self, at: str = "09:00", *, now: datetime = NOW, **wishes: Any) -> Appointment:
        return actions.hold(
            kind=self.kind,
            centre=self.centre,
            start=to_minute(clock(at)),
            now=now,
            **wishes,
        )

    def book(
        self, at: str = "09:00", *, who: Who = NADIA, now: datetime = NOW, **wishes: Any
    ) -> Appointment:
        held = self.hold(at, now=now, **wishes)
        return actions.confirm(uid=held.uid, who=who, now=now)

    def move(self, uid: UUID, at: str, *, now: datetime = NOW) -> Appointment:
        held = self.hold(at, now=now, moving=uid)
        return actions.move(uid=uid, hold_uid=held.uid, now=now)

    def another_doctor(self, **fields: Any) -> Shift:
        """The same morning of a second practitioner, at the same site unless told otherwise."""
        details = {"starts_at": self.shift.starts_at, "types": [self.kind], "site": self.shift.site}
        return make_shift(practitioner=make_practitioner(), **details | fields)


def open_morning(*, hours: float = 3, shift: dict[str, Any] | None = None, **kind: Any) -> Scene:
    """Tuesday 9:00 to 12:00, half an hour each, every quarter of an hour."""
    offered = make_type(**{"notice_min": 0, "cancel_notice_min": 60, **kind})
    details = {"site": make_site(), "types": [offered], **(shift or {})}
    return Scene(offered, make_shift(starts_at=clock("09:00"), hours=hours, **details))


def open_session(*, seats: int = 3, shift: dict[str, Any] | None = None, **kind: Any) -> Scene:
    """A workshop on Tuesday from 9:00 to 11:00 for so many families."""
    workshop = {"mode": AppointmentType.Mode.GROUP, "audience": AppointmentType.Audience.ADULT}
    return open_morning(hours=2, shift={"seats": seats, **(shift or {})}, **workshop | kind)
