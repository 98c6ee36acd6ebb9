"""What the waiting list tells: that a request is noted, and that a freed time is held for a family.

Written in the transaction of what it tells of; composed when it leaves (see offer_telling).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count, F, Q

from booking.models import WaitingListEntry, WaitingListOffer
from booking.reaching import Way, hours_of, opening, ways
from booking.reminders import SMS
from notifications import outbox
from notifications.models import OutboxMessage
from notifications.models.outbox import LOST_STATES
from notifications.outbox import Intent
from notifications.words.kinds import known_language

WAITING, OFFER = "waiting", "offer"
# Who reads it later than this cannot answer in time any more.
LAST_LEAVE = timedelta(minutes=10)
NOTED_FOR = timedelta(days=2)


def ways_of_entry(entry: WaitingListEntry, *, is_urgent: bool = False) -> Sequence[Way]:
    """Where this family may be told, best first; an SMS is read soonest. Whoever asks on the
    public pages is told only where it proved to read."""
    guardian, household = entry.guardian, entry.guardian.household
    found = ways(
        contact_by=household.contact_by,
        email=guardian.email,
        phone=str(guardian.phone or ""),
        is_discreet=entry.type.is_discreet,
        has_proved_email=guardian.email_verified_at is not None,
        has_proved_phone=guardian.phone_verified_at is not None,
        is_proved_only=entry.appointment_id is None and entry.asked_by.startswith("family"),
    )
    return sorted(found, key=lambda way: way.channel != SMS) if is_urgent else found


def noted(entry: WaitingListEntry, *, now: datetime) -> None:
    """The request is on the list, and where to see and change it."""
    known = ways_of_entry(entry)
    if not known:
        return
    found = opening(
        known[0],
        hours_of(entry.guardian.household),
        zone=ZoneInfo(entry.centre.time_zone),
        now=now,
        before=now + NOTED_FOR,
    )
    if found is not None:
        intent = _intent(
            WAITING,
            entry.subject_ref,
            entry,
            known,
            found.send_at + NOTED_FOR,
            send_at=found.send_at,
            leave_by=found.leave_by,
        )
        outbox.enqueue([intent], now=now)


def offered(offer: WaitingListOffer, known: Sequence[Way], *, now: datetime) -> None:
    """A freed time is held for the family: by the way that is read soonest."""
    intent = _intent(
        OFFER,
        offer.subject_ref,
        offer.entry,
        known,
        offer.answer_by - LAST_LEAVE,
        send_at=offer.told_at,
        leave_by=None,
    )
    outbox.enqueue([intent], now=now)


def lost_of(offers: Collection[WaitingListOffer]) -> set[str]:
    """Of these offers (their subjects), those whose every message was lost: one query."""
    refs = [each.subject_ref for each in offers]
    told = OutboxMessage.objects.filter(subject_ref__in=refs, kind=OFFER).values("subject_ref")
    lost = told.annotate(all=Count("pk"), lost=Count("pk", filter=Q(state__in=LOST_STATES)))
    return set(lost.filter(all=F("lost")).values_list("subject_ref", flat=True))


def taken_back(offer: WaitingListOffer) -> None:
    """It is not true any more that this time is held: what has not left stays here."""
    outbox.supersede(subject_refs=[offer.subject_ref], kinds=[OFFER])


def _intent(
    kind: str,
    subject_ref: str,
    entry: WaitingListEntry,
    known: Sequence[Way],
    valid_until: datetime,
    *,
    send_at: datetime,
    leave_by: datetime | None,
) -> Intent:
    household = entry.guardian.household
    return Intent(
        intent_key=subject_ref,
        kind=kind,
        subject_ref=subject_ref,
        person_ref=f"guardian:{entry.guardian_id}",
        scope=entry.centre.slug,
        channel=known[0].channel,
        recipient=known[0].recipient,
        sender=household.sms_sender,
        language=known_language(household.language),
        alternatives=known[1:],
        send_at=send_at,
        valid_until=valid_until,
        leave_by=leave_by,
    )
