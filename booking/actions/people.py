"""Who a family is and how it is reached, put right while somebody talks with it."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q

from booking.actions.children import lock_family
from booking.actions.confirming import check_dates
from booking.actions.contacting import replan_household
from booking.actors import Actor
from booking.errors import AgentsOnly, ChildKnown, Refusal, SamePerson, WrongState
from booking.models import (
    Appointment,
    Child,
    FamilyCorrection,
    Guardian,
    Guardianship,
    Household,
)
from notifications import handling
from notifications.handling import Channel

What = FamilyCorrection.What
CHANNELS = {"email": Channel.EMAIL, "phone": Channel.SMS}


class Person(NamedTuple):
    """A parent as typed: the address in lower case, the number in E.164, either maybe empty."""

    first_name: str
    last_name: str
    email: str
    phone: str


@transaction.atomic
def correct_guardian(
    *, household_id: int, guardian_id: int, person: Person, now: datetime, actor: Actor
) -> list[str]:
    """Write what differs, and send what is still to leave to where the family is now; what of it
    (FamilyCorrection.What).

    An address or number an agent types proves nothing: one letter wrong would open a family's
    appointments to a stranger. Raises AgentsOnly, WrongState when the person is gone, SamePerson.
    """
    _check_agent(actor)
    household = lock_family(pk=household_id, contacts=(person.email, person.phone))
    guardian = household.guardians.select_for_update(of=("self",)).filter(pk=guardian_id).first()
    if guardian is None:
        raise WrongState
    former = Person(guardian.first_name, guardian.last_name, guardian.email, guardian.number)
    changed = [name for name in Person._fields if getattr(person, name) != getattr(former, name)]
    if not changed:
        return []
    _check_namesakes(person, guardian.pk)
    for name in changed:
        setattr(guardian, name, getattr(person, name))
        if name in CHANNELS:
            setattr(guardian, f"{name}_verified_at", None)
    guardian.save()
    _tell_elsewhere(guardian, former, person, now=now)
    what: list[str] = [What.NAME] if {"first_name", "last_name"} & set(changed) else []
    what += [What(name) for name in CHANNELS if name in changed]
    return _write_down(household, str(guardian), what, now=now, actor=actor)


@transaction.atomic
def add_guardian(
    *, household_id: int, person: Person, now: datetime, actor: Actor
) -> tuple[Guardian, bool]:
    """One more parent of a household, and of all its children; and whether it is new: one of the
    same name is that person. Raises AgentsOnly, WrongState, SamePerson."""
    _check_agent(actor)
    household = lock_family(pk=household_id, contacts=(person.email, person.phone))
    known = household.guardians.filter(
        first_name__iexact=person.first_name, last_name__iexact=person.last_name
    ).first()
    if known is not None:
        return known, False
    _check_namesakes(person, None)
    guardian = Guardian.objects.create(household=household, **person._asdict())
    Guardianship.objects.bulk_create(
        Guardianship(guardian=guardian, child=child) for child in household.children.all()
    )
    _write_down(household, str(guardian), [What.ADDED], now=now, actor=actor)
    return guardian, True


class Corrected(NamedTuple):
    """What of a child was changed, and which of its appointments do not fit its age any more."""

    what: list[str]
    unfit: list[Appointment]


@transaction.atomic
def correct_child(
    *, household_id: int, child_id: int, first_name: str, born_on: date, now: datetime, actor: Actor
) -> Corrected:
    """Write another first name or day of birth. Its appointments stay: who has corrected it sees to
    those that do not fit. Raises AgentsOnly, WrongState when the child is gone, ChildKnown."""
    _check_agent(actor)
    household = lock_family(pk=household_id)
    child = household.children.select_for_update(of=("self",)).filter(pk=child_id).first()
    if child is None:
        raise WrongState
    same = household.children.filter(first_name__iexact=first_name, born_on=born_on)
    if same.exclude(pk=child.pk).exists():
        raise ChildKnown
    what: list[str] = [What.NAME] if first_name != child.first_name else []
    what += [What.BIRTH] if born_on != child.born_on else []
    if not what:
        return Corrected([], [])
    child.first_name, child.born_on = first_name, born_on
    child.save(update_fields=["first_name", "born_on"])
    return Corrected(
        _write_down(household, first_name, what, now=now, actor=actor),
        [each for each in _ahead(child, now=now) if not _fits(each, born_on)],
    )


def _check_agent(actor: Actor) -> None:
    if not actor.is_agent:
        raise AgentsOnly


def _check_namesakes(person: Person, guardian_id: int | None) -> None:
    """Who proved a contact is known by it: two of one name would be one person to us."""
    has_proved = Q(pk=None)
    if person.email:
        has_proved |= Q(email=person.email, email_verified_at__isnull=False)
    if person.phone:
        has_proved |= Q(phone=person.phone, phone_verified_at__isnull=False)
    namesakes = Guardian.objects.filter(
        has_proved, first_name__iexact=person.first_name, last_name__iexact=person.last_name
    )
    if namesakes.exclude(pk=guardian_id or 0).exists():
        raise SamePerson


def _tell_elsewhere(guardian: Guardian, former: Person, person: Person, *, now: datetime) -> None:
    refs = [f"guardian:{guardian.pk}", f"household:{guardian.household_id}"]
    for name, channel in CHANNELS.items():
        was, now_it_is = getattr(former, name), getattr(person, name)
        if was and was != now_it_is:
            handling.readdress(channel=channel, former=was, address=now_it_is, person_refs=refs)
    if (former.email, former.phone) != (person.email, person.phone):
        replan_household(household_id=guardian.household_id, now=now)


def _write_down(
    household: Household, person: str, what: list[str], *, now: datetime, actor: Actor
) -> list[str]:
    FamilyCorrection.objects.create(
        household=household, at=now, by=actor.label, person=person, what=what
    )
    return what


def _ahead(child: Child, *, now: datetime) -> list[Appointment]:
    booked = Appointment.objects.filter(
        child=child, state=Appointment.State.BOOKED, starts_at__gt=now
    )
    return list(booked.select_related("type", "centre").order_by("starts_at", "pk"))


def _fits(appointment: Appointment, born_on: date) -> bool:
    try:
        check_dates(
            appointment.type,
            appointment.centre,
            born_on=born_on,
            due_on=None,
            starts_at=appointment.starts_at,
        )
    except Refusal:
        return False
    return True
