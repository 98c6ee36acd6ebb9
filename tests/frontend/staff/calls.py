"""Who the desk calls: a family that waits for an earlier time, and a time held to be offered."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from booking import actions
from booking.actions.waiting import Wishes
from booking.models import Appointment, WaitingListEntry, WaitingListOffer
from centres.models import Centre
from tests.factories import make_appointment, make_guardian, make_shift, make_site, make_type


def booked_in_a_month() -> Appointment:
    """Awa Diallo's, at Espace des Halles."""
    starts_at = timezone.now() + timedelta(days=30)
    site = make_site(name="Espace des Halles")
    guardian = make_guardian(phone="+33639981234", first_name="Awa", last_name="Diallo")
    shift = make_shift(starts_at=starts_at, site=site, types=[make_type()])
    return make_appointment(shift, guardian=guardian)


def url(centre: Centre) -> str:
    return f"/equipe/rappels/{centre.slug}/"


def waits(appointment: Appointment) -> WaitingListEntry:
    return actions.ask_for_earlier(
        uid=appointment.uid,
        wishes=Wishes(sites=(appointment.site_id,), days=(3,)),
        now=timezone.now(),
    )


def offered(entry: WaitingListEntry, *, way: str = "call") -> WaitingListOffer:
    """A time of tomorrow, held until this evening."""
    now, appointment = timezone.now(), entry.appointment
    assert appointment is not None
    shift = make_shift(starts_at=now + timedelta(days=2), site=appointment.site, types=[entry.type])
    freed = make_appointment(shift)
    Appointment.objects.filter(pk=freed.pk).update(state="cancelled")
    hold = make_appointment(
        shift,
        guardian=None,
        state="held",
        moves=appointment,
        actor="waiting-list",
        expires_at=now + timedelta(hours=3),
    )
    return WaitingListOffer.objects.create(
        entry=entry,
        household=entry.household,
        hold=hold,
        centre=hold.centre,
        site=hold.site,
        practitioner=hold.practitioner,
        starts_at=hold.starts_at,
        way=way,
        offered_at=now,
        told_at=now,
        answer_by=now + timedelta(hours=2),
    )
