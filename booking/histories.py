"""What has become of a family's appointments: by whom, and which messages told of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Prefetch, Q, QuerySet

from booking.models import (
    Appointment,
    AppointmentEvent,
    ChildAdded,
    FamilyCorrection,
    FamilyMerge,
    FamilyRead,
    Household,
)
from centres.models import Membership, User
from notifications.models import OutboxMessage

PAST_SHOWN = 10
AHEAD_SHOWN = 50
MESSAGES_SHOWN = 15
READS_SHOWN = 100
JOURNAL_SHOWN = 50


def appointments_of_household(
    household: int, centres: Collection[int] | None
) -> QuerySet[Appointment]:
    """A family's appointments in these centres (None: in all), with what a page names of them."""
    # By guardian, which is indexed.
    found = Appointment.objects.filter(guardian__household=household).exclude(
        state__in=["held", "lapsed"]
    )
    if centres is not None:
        found = found.filter(centre__in=centres)
    return found.select_related("type", "centre", "site", "practitioner", "guardian", "child")


def ahead(found: QuerySet[Appointment], *, now: datetime) -> list[Appointment]:
    """Those still to come, soonest first."""
    coming = found.filter(ends_at__gt=now).exclude(state=Appointment.State.CANCELLED)
    return list(coming.order_by("starts_at", "pk")[:AHEAD_SHOWN])


def behind(
    found: QuerySet[Appointment], *, now: datetime, page: int
) -> tuple[list[Appointment], bool]:
    """One page (from 1) of those past or cancelled, latest first; whether there are more."""
    gone = found.filter(ends_at__lte=now) | found.filter(state=Appointment.State.CANCELLED)
    since = (page - 1) * PAST_SHOWN
    rows = list(gone.order_by("-starts_at", "-pk")[since : since + PAST_SHOWN + 1])
    return rows[:PAST_SHOWN], len(rows) > PAST_SHOWN


def events_of(appointments: Iterable[Appointment]) -> list[AppointmentEvent]:
    """The history of all of these, as it happened: one query."""
    return list(
        AppointmentEvent.objects.filter(appointment__in=[each.pk for each in appointments])
        .select_related("practitioner", "site")
        .order_by("id")
    )


def messages_of(
    appointments: Sequence[Appointment], events: Iterable[AppointmentEvent]
) -> list[OutboxMessage]:
    """The last messages about any of these, the newest first: one query."""
    moments: dict[int, set[datetime]] = {each.pk: {each.starts_at} for each in appointments}
    for event in events:
        moments[event.appointment_id].add(event.starts_at)
    refs = {str(each.uid) for each in appointments}
    for each in appointments:
        zone = ZoneInfo(each.centre.time_zone)
        days = {moment.astimezone(zone).date() for moment in moments[each.pk]}
        refs |= {f"day:{each.household_id}:{on.isoformat()}" for on in days}
    found = OutboxMessage.objects.filter(subject_ref__in=refs)
    return list(found.order_by("-id")[:MESSAGES_SHOWN])


def children_added(household: int) -> list[ChildAdded]:
    """The children an agent wrote down without a booking, and who did: one query."""
    found = ChildAdded.objects.filter(child__household=household).select_related("child")
    return list(found.order_by("-at", "-pk"))


def corrections_of(household: Household) -> list[FamilyCorrection]:
    """Who put right what of a family's people, who are loaded; the latest first: one query."""
    found = FamilyCorrection.objects.filter(
        Q(guardian__in=[each.pk for each in household.guardians.all()])
        | Q(child__in=[each.pk for each in household.children.all()])
    )
    return list(found.select_related("guardian", "child").order_by("-at", "-pk")[:MESSAGES_SHOWN])


def staff_named(labels: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Of these actors, those who are members of staff: their name and their role. Two queries."""
    emails = {label for label in labels if "@" in label}
    members = User.objects.filter(email__in=emails).prefetch_related(
        Prefetch("memberships", Membership.objects.order_by("pk"))
    )
    return {each.email: (str(each), _role(each)) for each in members}


def _role(member: User) -> str:
    role = next((str(each.get_role_display()) for each in member.memberships.all()), "")
    return role[:1].lower() + role[1:]


def reads_of(household: int) -> list[FamilyRead]:
    """Who opened a family's pages, also while a part of it was another, the latest first."""
    before = FamilyMerge.objects.filter(kept=household).values("merged_id")
    found = FamilyRead.objects.filter(
        Q(household=household) | Q(household__in=before)
    ).select_related("centre")
    return list(found.order_by("-at", "-pk")[:READS_SHOWN])


class Journal(NamedTuple):
    """One page of who opened which family; `kept` says what a family became part of."""

    reads: list[FamilyRead]
    has_more: bool
    kept: dict[int, int]


def journal(
    centres: Collection[int] | None,
    *,
    readers: Collection[str] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    page: int = 1,
) -> Journal:
    """What was opened from these centres (None: from anywhere), by these people (None: by anyone),
    the latest first: two queries. Pages are counted from 1."""
    found = FamilyRead.objects.select_related("centre")
    wanted = {"centre__in": centres, "reader__in": readers, "at__gte": since, "at__lt": until}
    found = found.filter(**{name: value for name, value in wanted.items() if value is not None})
    first = (page - 1) * JOURNAL_SHOWN
    rows = list(found.order_by("-at", "-pk")[first : first + JOURNAL_SHOWN + 1])
    reads = rows[:JOURNAL_SHOWN]
    merges = FamilyMerge.objects.filter(merged_id__in={each.household_id for each in reads})
    return Journal(reads, len(rows) > len(reads), dict(merges.values_list("merged_id", "kept")))


def staff_like(typed: str) -> list[str]:
    """Whom a name, a part of one or an address means: addresses, also one that has no account any
    more, for the journal outlives it."""
    found = User.objects.all()
    for word in typed.split():
        found = found.filter(
            Q(first_name__icontains=word) | Q(last_name__icontains=word) | Q(email__icontains=word)
        )
    return [*found.values_list("email", flat=True), typed.strip().lower()]


def merged_into(household: int) -> int | None:
    """The family that one which is no more became a part of."""
    found = FamilyMerge.objects.filter(merged_id=household)
    return found.values_list("kept", flat=True).first()
