"""Three places with a family each, and one person of every role: what the table is walked with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from django.test import Client
from django.urls import resolve
from django.utils import timezone

from booking.access import contact_token, short_link
from booking.daybook import span_of, watch_token
from booking.models import (
    Appointment,
    CallbackRequest,
    Child,
    Declaration,
    Guardian,
    Verification,
    WaitingListEntry,
    WaitingListOffer,
)
from centres import actions
from centres.models import (
    Absence,
    AppointmentType,
    Centre,
    Membership,
    OpeningRule,
    RuleChange,
    SheetImport,
    Shift,
    User,
)
from notifications.models import Inbound, OutboxMessage, Receipt, Route
from tests.architecture.access.table import (
    ITS_COLLEAGUE,
    ITS_PRACTITIONER,
    OWN_AND_OTHERS,
    ROLES,
)
from tests.factories import (
    make_appointment,
    make_centre,
    make_child,
    make_department,
    make_guardian,
    make_practitioner,
    make_rule,
    make_shift,
    make_site,
    make_type,
)
from tests.frontend.staff.people import log_in
from tests.notifications.messages import make_row

# What every appointment of these places is for, and why it was added over the others: of its
# practitioner's and the manager's to read. And what every call-back is for: of the manager's alone.
DISCREET = "Motif tout à fait discret"
DISCREET_NOTE = "Ajoutée pour une raison tout aussi discrète"
DISCREET_CALL = "Rappel tout à fait discret"


@dataclass(kw_only=True)
class Place:
    """A centre, and one thing of each kind that is its own. `own`: where everybody works; `other`:
    of the same Département; `abroad`: of another."""

    name: str
    centre: Centre
    appointment: Appointment
    twin: Appointment
    message: OutboxMessage
    reply: Inbound
    asked: CallbackRequest
    # Codes that were asked for: to book, and to see one's appointments.
    verification: Verification
    access: Verification

    @property
    def short_code(self) -> str:
        return short_link(self.appointment).rpartition("/")[2]

    @property
    def watch(self) -> str:
        return watch_token(span_of(self.centre, timezone.localdate(self.appointment.starts_at)))

    @cached_property
    def newcomer(self) -> dict[str, str]:
        """What the link of somebody who has yet to choose a password is made of."""
        user = User.objects.create_user(f"newcomer.{self.name}@example.org")
        link = actions.link_to_choose(user=user, by="", now=timezone.now())
        return resolve(urlsplit(link).path).kwargs

    @cached_property
    def child(self) -> Child:
        """Of the same family."""
        guardian = self.appointment.guardian
        assert guardian is not None
        return make_child(guardian)

    @cached_property
    def other_child(self) -> Child:
        """Of the same family."""
        guardian = self.appointment.guardian
        assert guardian is not None
        return make_child(guardian)

    @cached_property
    def other_parent(self) -> Guardian:
        """Of the same family."""
        return make_guardian(self.appointment.household)

    @cached_property
    def offer(self) -> WaitingListOffer:
        return _offer(self.appointment)

    @cached_property
    def session(self) -> Shift:
        """Open to all just now, of a type that is discreet."""
        visit = self.appointment
        kind = make_type(is_discreet=True, label=DISCREET, booking=AppointmentType.Booking.WALK_IN)
        return make_shift(
            site=visit.site,
            practitioner=visit.practitioner,
            starts_at=timezone.now(),
            types=[kind],
        )

    @cached_property
    def absence(self) -> Absence:
        """Of who receives families here, in a month."""
        away = timezone.now() + timedelta(days=30)
        return Absence.objects.create(
            practitioner=self.appointment.practitioner,
            starts_at=away,
            ends_at=away + timedelta(days=1),
            kind=Absence.Kind.TRAINING,
        )

    @cached_property
    def declaration(self) -> Declaration:
        return Declaration.objects.create(
            centre=self.centre, title="Travaux", declared_at=timezone.now(), declared_by="boss"
        )

    @cached_property
    def imported(self) -> SheetImport:
        return SheetImport.objects.create(
            centre=self.centre, what="absences", lines=1, at=timezone.now(), by="boss@example.org"
        )

    @cached_property
    def rule(self) -> OpeningRule:
        return make_rule(site=self.appointment.site)

    @cached_property
    def rule_change(self) -> RuleChange:
        now = timezone.now()
        return RuleChange.objects.create(rule=self.rule, action="create", decided_at=now)

    @cached_property
    def colleague(self) -> dict[str, Any]:
        """A press that takes the role of somebody who works there."""
        user = User.objects.create_user(f"colleague.{self.name}@example.org")
        role = Membership.objects.create(
            user=user, department=self.centre.department, centre=self.centre, role="reception"
        )
        return {"team": self.centre.slug, "pk": role.pk, "action": "retirer"}

    @property
    def words(self) -> list[str]:
        """What nobody reads to whom this place is closed: people, and what points to them."""
        visits = (self.appointment, self.twin)
        people = [each.guardian.last_name for each in visits if each.guardian]
        return [*people, *(each.spoken_reference for each in visits), self.asked.last_name]


@dataclass(kw_only=True)
class World:
    places: dict[str, Place]
    people: dict[str, User]

    @property
    def clients(self) -> dict[str, Client]:
        return {role: self.client_of(role) for role in ROLES}

    def client_of(self, role: str) -> Client:
        """A logged-in browser of this role; without a family's or a colleague's links."""
        client = Client()
        if role == "family":
            proved = contact_token("someone.else@example.org", now=timezone.now())
            client.cookies["contact"] = proved
        elif role == "no second factor":
            client.force_login(self.people[role])
        elif role != "anonymous":
            log_in(client, self.people[role])
        return client


def make_world() -> World:
    Route.objects.get_or_create(name="ovh", defaults={"channel": "sms"})
    places = {name: _place(name) for name in OWN_AND_OTHERS}
    people = {role: _person(role, places["own"].centre) for role in ROLES[2:]}
    receives = places["own"].appointment.practitioner
    receives.user = people[ITS_PRACTITIONER]
    receives.save()
    make_practitioner(receives.department, user=people[ITS_COLLEAGUE])
    return World(places=places, people=people)


def _place(name: str) -> Place:
    code = "22" if name == "abroad" else "35"
    department = make_department(code=code, name=f"Département {code}")
    centre = make_centre(department=department, name=f"CDAS de {name}")
    discreet = make_type(is_discreet=True, label=DISCREET)
    shift = make_shift(
        site=make_site(centre), practitioner=make_practitioner(department), types=[discreet]
    )
    first, twin = (
        make_appointment(
            shift,
            starts_at=shift.starts_at + timedelta(minutes=minutes),
            guardian=make_guardian(last_name=f"{family}{name}"),
            is_overbooked=True,
            note=DISCREET_NOTE,
        )
        for minutes, family in ((0, "Secret"), (30, "Jumeau"))
    )
    return Place(
        name=name,
        centre=centre,
        appointment=first,
        twin=twin,
        message=_message(first, centre),
        reply=_reply(centre),
        asked=_asked(first, name),
        verification=_verification("booking", appointment=first),
        access=_verification("access"),
    )


def _verification(purpose: str, **fields: Any) -> Verification:
    now = timezone.now()
    return Verification.objects.create(
        purpose=purpose,
        contact="lea@example.org",
        code_hash="x",
        created_at=now,
        expires_at=now + timedelta(minutes=15),
        **fields,
    )


def _message(visit: Appointment, centre: Centre) -> OutboxMessage:
    return make_row(subject_ref=str(visit.uid), scope=centre.slug, valid_until=visit.starts_at)


def _reply(centre: Centre) -> Inbound:
    now = timezone.now()
    receipt = Receipt.objects.create(
        route="ovh", kind="inbound", event_id=centre.slug, received_at=now
    )
    return Inbound.objects.create(
        receipt=receipt, at=now, meaning="unknown", scope=centre.slug, needs_person=True
    )


def _asked(visit: Appointment, name: str) -> CallbackRequest:
    return CallbackRequest.objects.create(
        centre=visit.centre,
        type=make_type(is_discreet=True, label=DISCREET_CALL),
        first_name="Lou",
        last_name=f"Rappel{name}",
        phone=f"+3363998{visit.pk % 10_000:04}",
        promised_on=timezone.localdate(),
        created_at=timezone.now(),
    )


def _person(role: str, centre: Centre) -> User:
    """Everybody works in the same centre, or has a role in its Département, or none at all."""
    email = f"{role.replace(' ', '.')}@example.org"
    if role == "owner":
        return User.objects.create_superuser(email, "x")
    user = User.objects.create_user(email, "x", is_staff=role == "nobody")
    if role == "nobody":
        return user
    is_plain = role in ("lapsed", "no second factor")
    Membership.objects.create(
        user=user,
        department=centre.department,
        centre=None if role in ("administrator", "auditor") else centre,
        role="manager" if is_plain else ITS_PRACTITIONER if role == ITS_COLLEAGUE else role,
        suspended_at=timezone.now() if role == "lapsed" else None,
    )
    return user


def _offer(appointment: Appointment) -> WaitingListOffer:
    """Its family waits, and a time is offered to it."""
    now, guardian = timezone.now(), appointment.guardian
    assert guardian is not None
    entry = WaitingListEntry.objects.create(
        appointment=appointment,
        household=guardian.household,
        guardian=guardian,
        type=appointment.type,
        centre=appointment.centre,
        sites=[appointment.site_id],
        days=[1],
        notice_min=0,
        asked_at=now,
        asked_by="family",
    )
    return WaitingListOffer.objects.create(
        entry=entry,
        household=guardian.household,
        centre=appointment.centre,
        site=appointment.site,
        practitioner=appointment.practitioner,
        starts_at=now + timedelta(days=1),
        way="call",
        offered_at=now,
        told_at=now,
        answer_by=now + timedelta(hours=1),
    )
