"""Background chores of booking. Each may run late or twice without harm."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from celery import shared_task
from django.db.models import Q
from django.utils import timezone

from booking import actions, finding, throttle, waitlist
from booking.actors import WAITING_LIST
from booking.errors import Refusal
from booking.growing import KEPT_AFTER
from booking.models import (
    Appointment,
    AppointmentRemark,
    CalendarLink,
    CountedArrival,
    FamilyCorrection,
    FamilyMerge,
    FamilyRead,
    NewTime,
    NextVisit,
    Verification,
    WaitingListEntry,
    WaitingListOffer,
)
from booking.newly_free import NEW_FOR
from centres.models import SheetImport
from notifications import retention

# The database lets nobody delete one before it is 24 months old (migration 0012).
JOURNALS_KEPT = timedelta(days=732)
# Long enough to tell a family on the phone what it was offered.
WAITING_KEPT = timedelta(days=90)
# Long enough to answer a family about the day before.
REMARKS_KEPT = timedelta(days=7)


@shared_task
def lapse_holds() -> int:
    """Mark expired holds, and forget codes nobody needs any more."""
    now = timezone.now()
    Verification.objects.filter(expires_at__lt=now - timedelta(hours=1)).delete()
    return actions.lapse_expired_holds(now=now)


@shared_task
def chase_proposals() -> int:
    """Families that have not answered in time are to be phoned; how many."""
    return actions.chase_proposals(now=timezone.now())


@shared_task
def index_families() -> int:
    """What nobody has searched for since it changed, so that the next search has little to do."""
    return finding.bring_up_to_date()


@shared_task
def tend_waiting_list() -> int:
    """Once a minute: offers whose time is up go to the next family; times just given back, and
    those that can be booked for the first time, to whose turn it is. How many offers were made.
    Each is a transaction of its own: what fails, or is killed, is found again."""
    now = timezone.now()
    for uid in waitlist.useless_entries(now=now):
        actions.stop_waiting(
            uid=uid, now=now, ending=WaitingListEntry.Ending.USELESS, actor=WAITING_LIST
        )
    made = [_try(actions.end_offer, uid=uid, now=now) for uid in waitlist.due_offers(now=now)]
    freed = waitlist.freed_times(now=now)
    made += [_try(actions.offer_freed, appointment_id=pk, now=now) for pk in freed]
    return sum(offer is not None for offer in made) + len(actions.offer_new_times(now=now))


def _try(action: Callable[..., WaitingListOffer | None], **given: Any) -> WaitingListOffer | None:
    """One that is refused (taken a moment ago) keeps none of the others waiting."""
    try:
        return action(**given)
    except Refusal:
        return None


@shared_task
def mail_papers() -> int:
    """The lists of tomorrow that are due by e-mail; how many were written."""
    return actions.mail_papers(now=timezone.now())


@shared_task
def heal_messages() -> int:
    """Put right the calls and the reminders that are missing or out of date; how many were."""
    now = timezone.now()
    return actions.heal_calls(now=now) + actions.heal_reminders(now=now).written


@shared_task
def forget_leftovers() -> None:
    """Once a day: holds that came to nothing, rate counters with the addresses in them (but those
    of the day), due dates that no move will ask for any more, remarks and days of next visits long
    over, closed requests of the waiting list, who read or merged which family, and who was counted
    at a door, two years ago, what imported sheets wrote, and whom old messages went to."""
    now = timezone.now()
    throttle.forget_finished(now=now)
    Appointment.objects.filter(
        state=Appointment.State.LAPSED, changed_at__lt=now - timedelta(days=1)
    ).exclude(reoffer_at__gt=now).delete()
    still_ahead = Q(state=Appointment.State.BOOKED, starts_at__gt=now)
    Appointment.objects.filter(due_on__isnull=False).exclude(still_ahead).update(due_on=None)
    _forget_remarks(before=now - REMARKS_KEPT)
    NextVisit.objects.filter(on__lt=timezone.localdate(now) - KEPT_AFTER).delete()
    CalendarLink.objects.filter(revoked_at__lt=now - JOURNALS_KEPT).delete()
    NewTime.objects.filter(at__lt=now - NEW_FOR).delete()
    WaitingListEntry.objects.filter(closed_at__lt=now - WAITING_KEPT).delete()
    SheetImport.objects.filter(at__lt=now - timedelta(days=1)).delete()
    for journal in (FamilyRead, FamilyMerge, FamilyCorrection, CountedArrival):
        journal.objects.filter(at__lt=now - JOURNALS_KEPT).delete()
    retention.forget_old()


def _forget_remarks(*, before: datetime) -> None:
    """By their appointments' ids: a join might read years of appointments for a few remarks."""
    noted = list(AppointmentRemark.objects.values_list("pk", flat=True))
    over = Appointment.objects.filter(pk__in=noted, ends_at__lt=before)
    AppointmentRemark.objects.filter(pk__in=list(over.values_list("pk", flat=True))).delete()
