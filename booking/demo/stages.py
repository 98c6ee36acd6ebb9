"""The rollout as the demo tells it: pilots open, others on their way, each step with its author."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from booking.demo.staff import Place
from centres.actions import change_stage, months_after
from centres.calendar import add_working_days, wall
from centres.models import User
from centres.rollout import Stage

STILL_PREPARING = 3


@dataclass(frozen=True, slots=True)
class Rollout:
    """From when agents book with the tool, and families online; None: not yet."""

    agents_from: datetime | None = None
    online_from: datetime | None = None


def roll_out(places: list[Place], *, now: datetime, today: date) -> dict[int, Rollout]:
    """Record every centre's steps, oldest first, and say when each began."""
    steward = User.objects.filter(is_superuser=True).order_by("pk").first()
    others = sorted(
        (place for place in places if not place.centre.is_pilot), key=lambda p: -p.population
    )
    late = {place.centre.pk for place in others[max(1, len(others) - STILL_PREPARING) :]}
    found = {}
    for number, place in enumerate(places):
        zone = ZoneInfo(place.centre.time_zone)
        steps = _steps(place, number, today, is_late=place.centre.pk in late)
        for stage, day, note in steps:
            _decide(place, stage, wall(day, time(9), zone), steward, note)
        began = {stage: wall(day, time(9), zone) for stage, day, _ in steps}
        found[place.centre.pk] = Rollout(began.get(Stage.AGENTS_ONLY), began.get(Stage.OPEN))
    if others:
        _schedule_opening(others[0], now, today, steward)
    return found


Step = tuple[Stage, date, str]


def _steps(place: Place, number: int, today: date, *, is_late: bool) -> list[Step]:
    def ago(days: int) -> date:
        return add_working_days(today - timedelta(days=days), 1, ())

    if is_late:
        return []
    if place.centre.is_pilot:
        return [
            (Stage.AGENTS_ONLY, ago(400 + number), "Agents formés"),
            (Stage.OPEN, ago(330 - 4 * number), "Centre pilote"),
        ]
    return [(Stage.AGENTS_ONLY, ago(300 - 10 * number), "Agents formés")]


def _decide(place: Place, stage: Stage, at: datetime, author: User | None, note: str) -> None:
    change_stage(
        centre_id=place.centre.pk,
        stage=stage,
        now=at,
        author=author,
        author_name=str(author or "demo"),
        note=note,
    )


def _schedule_opening(place: Place, now: datetime, today: date, author: User | None) -> None:
    """The largest centre not open yet opens on the first working days of next month, at nine."""
    day = add_working_days(months_after(today.replace(day=1), 1), 2, ())
    change_stage(
        centre_id=place.centre.pk,
        stage=Stage.OPEN,
        now=now - timedelta(days=2),
        author=author,
        author_name=str(author or "demo"),
        note="Formation terminée, lieux vérifiés",
        effective_at=wall(day, time(9), ZoneInfo(place.centre.time_zone)),
    )
