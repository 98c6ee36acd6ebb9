"""What has become of a family's appointments: by whom, and which messages told of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection
from django.db.models import Prefetch, Q, QuerySet

from booking import planning
from booking.models import (
    MISTAKEN,
    Appointment,
    AppointmentEvent,
    CallbackRequest,
    ChildAdded,
    FamilyCorrection,
    FamilyMerge,
    FamilyRead,
    Household,
    NextVisit,
    WaitingListEntry,
    WaitingListOffer,
)
from centres.models import Centre, Membership, User
from notifications.models import OutboxMessage

PAST_SHOWN = 10
AHEAD_SHOWN = 50
MESSAGES_SHOWN = 15
READS_SHOWN = 100
JOURNAL_SHOWN = 50
# Of each kind of thing, what a history goes back to.
DEEDS_READ = 100

MERGES = """
WITH RECURSIVE made AS (
    SELECT * FROM booking_familymerge WHERE kept_id = %(household)s
    UNION SELECT m.* FROM booking_familymerge m JOIN made ON m.kept_id = made.merged_id)
SELECT * FROM made ORDER BY at DESC LIMIT 100
"""
# To the end, however often it was merged on; UNION, not UNION ALL: a ring would end, at nothing.
KEPT = """
WITH RECURSIVE led AS (
    SELECT merged_id AS former, kept_id FROM booking_familymerge WHERE merged_id = ANY (%(ids)s)
    UNION SELECT led.former, m.kept_id FROM led JOIN booking_familymerge m
    ON m.merged_id = led.kept_id)
SELECT former, kept_id FROM led
WHERE NOT EXISTS (SELECT FROM booking_familymerge m WHERE m.merged_id = led.kept_id)
"""


def appointments_of_household(
    household: int, centres: Collection[int] | None
) -> QuerySet[Appointment]:
    """A family's appointments in these centres (None: in all), with what a page names of them."""
    # By guardian, which is indexed.
    found = Appointment.objects.filter(guardian__household=household).exclude(
        Q(state__in=["held", "lapsed"]) | MISTAKEN
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


def refs_about(
    appointment: Appointment, moments: Iterable[datetime], *, former: Collection[int]
) -> set[str]:
    """What messages about an appointment are about: itself, and all that its family, also while it
    was these `former` households, has on the days of these moments."""
    refs = {str(appointment.uid)}
    if appointment.household_id is None:
        return refs
    days = [
        planning.key_of(appointment.household_id, at, appointment.centre.time_zone)
        for at in moments
    ]
    return refs | {
        day._replace(household=pk).subject_ref for day in days for pk in (day.household, *former)
    }


def messages_of(
    appointments: Sequence[Appointment],
    events: Iterable[AppointmentEvent],
    *,
    former: Collection[int] = (),
    waiting: Iterable[WaitingListEntry] = (),
    most: int = MESSAGES_SHOWN,
) -> list[OutboxMessage]:
    """The last messages about any of these, and about these places on the waiting list, the newest
    first: one query. `former` are the households that the family was (see former_of)."""
    moments: dict[int, set[datetime]] = {each.pk: {each.starts_at} for each in appointments}
    for event in events:
        moments[event.appointment_id].add(event.starts_at)
    refs = set()
    for each in appointments:
        refs |= refs_about(each, moments[each.pk], former=former)
    for entry in waiting:
        refs |= {entry.subject_ref, *(offer.subject_ref for offer in entry.offers.all())}
    found = OutboxMessage.objects.filter(subject_ref__in=refs)
    return list(found.order_by("-id")[:most])


def children_added(household: int) -> list[ChildAdded]:
    """The children an agent wrote down without a booking, and who did: one query."""
    found = ChildAdded.objects.filter(child__household=household).select_related("child")
    return list(found.order_by("-at", "-pk"))


def corrections_of(household: Household) -> list[FamilyCorrection]:
    """Who put right or noted what of a family, whose people are loaded; the latest first: one
    query."""
    found = FamilyCorrection.objects.filter(
        Q(household=household)
        | Q(guardian__in=[each.pk for each in household.guardians.all()])
        | Q(child__in=[each.pk for each in household.children.all()])
    )
    return list(found.select_related("guardian", "child").order_by("-at", "-pk")[:DEEDS_READ])


def merges_of(household: int) -> list[FamilyMerge]:
    """Of which others this family was made, and these of which, the latest first: one query."""
    return list(FamilyMerge.objects.raw(MERGES, {"household": household}))


def former_of(household: int) -> list[int]:
    """The households (ids) that became a part of this one: one query."""
    return [each.merged_id for each in merges_of(household)]


def decided_of(household: Household) -> list[NextVisit]:
    """The days that professionals decided for its children, who are loaded: one query."""
    children = [each.pk for each in household.children.all()]
    return list(NextVisit.objects.filter(child__in=children).select_related("child"))


def waiting_of(household: int, centres: Collection[int] | None) -> list[WaitingListEntry]:
    """Its places on the waiting lists of these centres (None: of all), with what each was offered:
    two queries."""
    found = WaitingListEntry.objects.filter(household=household)
    if centres is not None:
        found = found.filter(centre__in=centres)
    named = found.select_related("centre", "type", "guardian", "child")
    offers = Prefetch("offers", WaitingListOffer.objects.order_by("pk"))
    return list(named.prefetch_related(offers).order_by("-asked_at", "-pk")[:DEEDS_READ])


def calls_of(
    household: Household, centres: Collection[int] | None, *, since: datetime
) -> list[CallbackRequest]:
    """The calls it asked these centres for (None: any) by a number of its parents, who are loaded,
    and what came of each: two queries. Longer ago the number may have been somebody else's."""
    numbers = {each.number for each in household.guardians.all()} - {""}
    found = CallbackRequest.objects.filter(phone__in=numbers, created_at__gt=since)
    if centres is not None:
        found = found.filter(centre__in=centres)
    named = found.select_related("centre", "type").prefetch_related("tries")
    return list(named.order_by("-created_at", "-pk")[:DEEDS_READ])


def staff_named(labels: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Of these actors, those who are members of staff: their name and their role. Two queries."""
    emails = {label for label in labels if "@" in label}
    members = User.objects.filter(email__in=emails).prefetch_related(
        Prefetch("memberships", Membership.objects.order_by("pk"))
    )
    return {each.email: (str(each), _role(each)) for each in members}


def known_at(labels: Iterable[str], centres: Sequence[Centre]) -> set[str]:
    """Of these actors, those who have or had a role in one of these centres, or have one over it
    all: one query. Of a role that was taken away its history alone tells, by the centre's name."""
    emails = {label for label in labels if "@" in label}
    has = Q(memberships__centre__in=centres) | Q(is_superuser=True)
    has |= Q(
        memberships__centre=None,
        memberships__department__in={each.department_id for each in centres},
    )
    for each in centres:
        has |= Q(events__action="withdrawn", events__note__endswith=f", {each.name}")
    known = User.objects.filter(has, email__in=emails)
    return set(known.values_list("email", flat=True))


def _role(member: User) -> str:
    role = next((str(each.get_role_display()) for each in member.memberships.all()), "")
    return role[:1].lower() + role[1:]


def reads_of(household: int, centres: Collection[int] | None) -> list[FamilyRead]:
    """Who opened a family's pages by right of these centres (None: of any), also while a part of it
    was another, the latest first. Of old, an agent of several centres was noted without any: those
    lines are for who may see all."""
    found = FamilyRead.objects.filter(household__in=[household, *former_of(household)])
    if centres is not None:
        found = found.filter(_by_right_of(centres))
    return list(found.order_by("-at", "-pk")[:READS_SHOWN])


def _by_right_of(centres: Collection[int]) -> Q:
    """Lines before migration 0031 name their centre alone."""
    return Q(centres__overlap=list(centres)) | Q(centre__in=centres)


def places_of(reads: Iterable[FamilyRead], centres: Collection[int] | None) -> dict[int, str]:
    """By right of which of these centres (None: of all) each line (its key) was read, by name:
    where else the family goes is not theirs to know. One query."""
    of = {each.pk: each.centres or [each.centre_id or 0] for each in reads}
    ids = {pk for own in of.values() for pk in own if centres is None or pk in centres}
    names = dict(Centre.objects.filter(pk__in=ids).values_list("pk", "name"))
    return {
        key: ", ".join(sorted(names[pk] for pk in own if pk in names)) for key, own in of.items()
    }


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
    """What was opened by right of these centres (None: of any), by these people (None: by anyone),
    the latest first: two queries. Pages are counted from 1."""
    wanted = {"reader__in": readers, "at__gte": since, "at__lt": until}
    found = FamilyRead.objects.filter(
        *([] if centres is None else [_by_right_of(centres)]),
        **{name: value for name, value in wanted.items() if value is not None},
    )
    first = (page - 1) * JOURNAL_SHOWN
    rows = list(found.order_by("-at", "-pk")[first : first + JOURNAL_SHOWN + 1])
    reads = rows[:JOURNAL_SHOWN]
    kept = _kept_of({each.household_id for each in reads})
    return Journal(reads, len(rows) > len(reads), kept)


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
    """The family that one which is no more is a part of by now: one query, whatever it was merged
    into meanwhile."""
    return _kept_of([household]).get(household)


def _kept_of(households: Collection[int]) -> dict[int, int]:
    """Of these the ones that are no more, with the family each is a part of by now."""
    with connection.cursor() as cursor:
        cursor.execute(KEPT, {"ids": list(households)})
        return dict(cursor.fetchall())
