"""Who has come to the open sessions of this week: most are counted, some known at the last ones."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from django.db.models import Exists, OuterRef

from booking import actions
from booking.actors import Actor
from booking.demo.staff import Place
from booking.models import Appointment, Child, CountedArrival
from booking.rules import age_in_months
from centres.models import AppointmentType, Shift, ShiftType

HALF_A_DAY = timedelta(hours=12)
LOOK_BACK = timedelta(days=7)
# Of one session that is going on: as many families as an agent would remember.
NAMED = 2


def come_in(places: list[Place], now: datetime) -> int:
    """Open the doors of these centres; how many came. Drawn by session, so that the hour of a run
    changes nothing of the others."""
    agents = {place.centre.pk: place.agents[0] for place in places if place.agents}
    walk_in = ShiftType.objects.filter(
        shift=OuterRef("pk"), type__booking=AppointmentType.Booking.WALK_IN
    )
    begun = Shift.objects.filter(
        Exists(walk_in),
        status=Shift.Status.OPEN,
        closed=[],
        centre__in=agents,
        starts_at__gte=now - LOOK_BACK,
        starts_at__lt=now,
    ).prefetch_related("offers__type")
    came = 0
    for shift in begun.order_by("starts_at", "pk"):
        counted = _count(shift, agents[shift.centre_id], now)
        came += len(CountedArrival.objects.bulk_create(counted))
        kind = next(iter(shift.offers.all())).type
        # Where parents and children play together, nobody is asked for a name.
        if now < shift.ends_at and not kind.is_group:
            came += _name(shift, kind, agents[shift.centre_id], now)
    return came


def _count(shift: Shift, agent: str, now: datetime) -> list[CountedArrival]:
    """Evenly over the hours that have passed."""
    rng = Random(f"door {shift.starts_at} {shift.practitioner_id}")  # noqa: S311 - invented data
    number = rng.randint(4, 14)
    step = (shift.ends_at - shift.starts_at) / (number + 1)
    return [
        CountedArrival(shift=shift, centre_id=shift.centre_id, at=at, by=agent, seen=place)
        for place in range(number)
        if (at := shift.starts_at + step * (place + 1)) <= now
    ]


def _name(shift: Shift, kind: AppointmentType, agent: str, now: datetime) -> int:
    """Some families of the centre, with a child of the right age who is nowhere else that day."""
    visits = Appointment.objects.filter(child=OuterRef("pk"))
    here = visits.filter(centre=shift.centre_id)
    busy = visits.filter(starts_at__range=(now - HALF_A_DAY, now + HALF_A_DAY))
    children = Child.objects.filter(Exists(here), ~Exists(busy), guardians__isnull=False)
    fitting = [
        child
        for child in children.order_by("-born_on", "pk").distinct()[: 10 * NAMED]
        if 0 <= age_in_months(child.born_on, now.date()) <= (kind.age_max_months or 72)
    ]
    for child in fitting[:NAMED]:
        actions.note_arrival(
            shift_id=shift.pk,
            kind_id=kind.pk,
            guardian=child.guardians.all()[0],
            children=[child],
            now=now,
            actor=Actor("agent", agent),
        )
    return len(fitting[:NAMED])
