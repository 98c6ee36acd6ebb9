"""What is still to leave for somebody whose address or number was put right, or taken out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from booking import planning
from booking.messages import CODE
from booking.models import Appointment, Guardian, WaitingListEntry, WaitingListOffer
from booking.planning import REMINDER
from booking.reminders import EMAIL, SMS
from notifications import handling
from notifications.models import OutboxMessage
from notifications.sms.numbers import is_mobile

Ways = list[tuple[str, str]]


def reroute(guardian: Guardian, former: dict[str, str], *, now: datetime) -> None:
    """Send it to where this person is now, by the ways each message had: `former` is what those
    channels led to that changed. Reminders are planned anew by who calls; codes go to the contact
    they prove.

    What an agent has typed is not proved: nothing discreet goes there. A message that is left
    without a way is left to a person.
    """
    refs = [f"guardian:{guardian.pk}", f"household:{guardian.household_id}"]
    # By what they are about, which is indexed: an index of whom they are for would be written by
    # every booking.
    planned = OutboxMessage.objects.filter(
        state=OutboxMessage.State.PLANNED,
        subject_ref__in=subjects_of(guardian),
        person_ref__in=refs,
    ).exclude(kind__in=(CODE, REMINDER))
    waiting = list(planned.order_by("pk").select_for_update(of=("self",), no_key=True))
    if not waiting:
        return
    discreet = _Discreet(guardian, [each.subject_ref for each in waiting], now=now)
    there = {EMAIL: guardian.email, SMS: guardian.number if is_mobile(guardian.number) else ""}
    for message in waiting:
        had = [(message.channel, message.recipient)]
        had += [(way["channel"], way["recipient"]) for way in message.alternatives]
        may_go = {} if message.subject_ref in discreet else there
        ways = list(dict.fromkeys(_now(had, former, may_go)))
        if ways != had:
            handling.reroute(message, ways)


def subjects_of(guardian: Guardian) -> set[str]:
    """All that anything may be said of to this person: its household's appointments and their
    days, what it waits for and is offered. Three queries."""
    household = guardian.household_id
    visits = Appointment.objects.filter(guardian__household=household)  # by guardian: indexed
    found = set()
    for uid, starts_at, zone in visits.values_list("uid", "starts_at", "centre__time_zone"):
        found |= {str(uid), planning.key_of(household, starts_at, zone).subject_ref}
    entries = WaitingListEntry.objects.filter(guardian__household=household)
    found |= {entry.subject_ref for entry in entries.only("uid")}
    offers = WaitingListOffer.objects.filter(entry__guardian__household=household)
    return found | {offer.subject_ref for offer in offers.only("uid")}


def _now(had: Ways, former: dict[str, str], there: dict[str, str]) -> Iterator[tuple[str, str]]:
    for channel, recipient in had:
        if former.get(channel) != recipient:
            yield channel, recipient
        elif there.get(channel):
            yield channel, there[channel]


class _Discreet:
    """Which subjects are: appointments of a discreet type, and, while there is any such thing
    ahead, all that is not said of one appointment."""

    def __init__(self, guardian: Guardian, subjects: list[str], *, now: datetime) -> None:
        uids = [uid for uid in map(_uid, subjects) if uid]
        known = Appointment.objects.filter(uid__in=uids)
        self.by_ref = {
            str(uid): is_discreet
            for uid, is_discreet in known.values_list("uid", "type__is_discreet")
        }
        ahead = Appointment.objects.filter(guardian=guardian, ends_at__gt=now)
        entries = WaitingListEntry.objects.filter(guardian=guardian, state="open")
        self.any = (
            ahead.filter(type__is_discreet=True).exists()
            or entries.filter(type__is_discreet=True).exists()
        )

    def __contains__(self, subject: str) -> bool:
        return self.by_ref.get(subject, self.any)


def _uid(subject: str) -> UUID | None:
    try:
        return UUID(subject)
    except ValueError:
        return None
