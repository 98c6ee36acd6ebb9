"""A doctor falls ill: families to look after, and a Tuesday after to offer them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from booking import actions
from booking.actions.declaring import Plan, Wanted
from booking.actors import Who
from booking.concerned import Concerned, Period, concerned
from booking.models import Appointment, Declaration
from centres.models import Absence, Shift
from notifications.models import OutboxMessage
from tests.booking.scene import AGENT, NOW, Scene, after, clock, open_morning, parent
from tests.factories import make_shift

NEXT = date(2027, 3, 9)  # the Tuesday after


@dataclass
class Ill:
    """A doctor's Tuesday with families, the Tuesday after free, and the absence to declare."""

    scene: Scene
    visits: list[Appointment]
    next_week: Shift

    @property
    def period(self) -> Absence:
        shift = self.scene.shift
        return Absence(
            practitioner=shift.practitioner,
            kind="sick",
            starts_at=shift.starts_at,
            ends_at=shift.ends_at,
        )

    def seen(self, period: Period | None = None) -> list[Concerned]:
        return concerned(period or self.period, now=NOW)

    def plan(self, *choices: str, period: Period | None = None, uid: UUID | None = None) -> Plan:
        period = period or self.period
        found = self.seen(period)
        chosen = choices if len(choices) > 1 else choices * len(found)
        wanted = [wanted_of(each, does) for each, does in zip(found, chosen, strict=True)]
        return Plan(uid or uuid4(), self.scene.centre, period, "Dr Guivarc’h", wanted)

    def declare(self, *choices: str, **more: Any) -> Declaration:
        return actions.declare(plan=self.plan(*choices, **more), now=NOW, actor=AGENT)


def wanted_of(each: Concerned, does: str) -> Wanted:
    place = each.places[0] if does in ("move", "propose") else None
    return Wanted(
        each.appointment.pk,
        each.appointment.sequence,
        does,
        place.shift if place else None,
        place.start if place else None,
    )


def ill(count: int = 3, *, is_told: bool = True, **kind: Any) -> Ill:
    scene = open_morning(**kind)
    next_week = make_shift(
        starts_at=clock("09:00", NEXT),
        hours=6,
        types=[scene.kind],
        site=scene.shift.site,
        practitioner=scene.shift.practitioner,
    )
    starts = ["09:00", "09:30", "10:00", "10:30", "11:00", "11:30"]
    visits = [
        scene.book(at, who=family(scene, n), now=after(days=-1))
        for n, at in enumerate(starts[:count])
    ]
    if is_told:
        OutboxMessage.objects.filter(kind="confirmation").update(state="sent")
    return Ill(scene, visits, next_week)


def family(scene: Scene, number: int) -> Who:
    return parent(f"{scene.shift.pk}.{number}", phone=f"+336{scene.shift.pk % 10000:04}{number:04}")
