"""Who a family is and how it is reached, put right while somebody talks with it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import Q, Value
from django.db.models.functions import Lower
from django.db.models.lookups import Exact

from booking.actions.children import lock_household
from booking.actions.confirming import check_dates
from booking.actions.contacting import replan_household
from booking.actors import Actor, check_agent
from booking.errors import Refusal, SamePerson, gettext_noop
from booking.locking import FamilyChanged
from booking.models import Appointment, Child, FamilyCorrection, Guardian, Guardianship
from booking.reminders import EMAIL, SMS
from booking.rerouting import reroute

What = FamilyCorrection.What
NAMES, CONTACTS = ("first_name", "last_name"), ("email", "phone")
CHANNELS = {"email": EMAIL, "phone": SMS}


class ChildKnown(Refusal):
    code = "child_known"
    message = gettext_noop("Cette famille a déjà un enfant de ce prénom, né ce jour-là.")
    status = 422


class Person(NamedTuple):
    """A parent as typed: the address in lower case, the number in E.164, either maybe empty."""

    first_name: str
    last_name: str
    email: str
    phone: str


class Corrected(NamedTuple):
    """What of somebody was changed (FamilyCorrection.What), and which of a child's appointments do
    not fit its age any more."""

    what: list[str]
    unfit: list[Appointment]


@transaction.atomic
def correct_guardian(
    *,
    household_id: int,
    guardian_id: int,
    changes: Mapping[str, str],
    now: datetime,
    actor: Actor,
) -> Corrected:
    """Write these fields of Person, as far as they differ, and send what is still to leave to where
    the person is now; what was put right, and nothing that is unfit. What a form showed and nobody
    changed is not among the `changes`: somebody else may have written it since.

    An address or number an agent types proves nothing: one letter wrong would open a family's
    appointments to a stranger. Raises AgentsOnly, FamilyChanged when the person is gone,
    SamePerson.
    """
    check_agent(actor)
    contacts = [changes[name] for name in CONTACTS if name in changes]
    household = lock_household(pk=household_id, contacts=contacts)
    guardian = household.guardians.select_for_update(of=("self",)).filter(pk=guardian_id).first()
    if guardian is None:
        raise FamilyChanged
    former = Person(guardian.first_name, guardian.last_name, guardian.email, guardian.number)
    person = former._replace(**changes)
    changed = [name for name in Person._fields if getattr(person, name) != getattr(former, name)]
    if not changed:
        return Corrected([], [])
    _check_namesakes(person, guardian, changed)
    for name in changed:
        setattr(guardian, name, getattr(person, name))
        if name in CONTACTS:
            setattr(guardian, f"{name}_verified_at", None)
    save_guardian(guardian)
    if not set(CONTACTS).isdisjoint(changed):
        left = {CHANNELS[name]: getattr(former, name) for name in CONTACTS if name in changed}
        reroute(guardian, left, now=now)
        replan_household(household_id=guardian.household_id, now=now)
    what: list[str] = [] if set(NAMES).isdisjoint(changed) else [What.NAME]
    what += [What(name) for name in CONTACTS if name in changed]
    _write_down(what, guardian=guardian, now=now, actor=actor)
    return Corrected(what, [])


@transaction.atomic
def add_guardian(
    *, household_id: int, person: Person, now: datetime, actor: Actor
) -> tuple[Guardian, bool]:
    """One more parent of a household, and of all its children; and whether it is new: one of the
    same name is that person, left as it is. Raises AgentsOnly, FamilyChanged, SamePerson."""
    check_agent(actor)
    household = lock_household(pk=household_id, contacts=(person.email, person.phone))
    named = _named(person.first_name, person.last_name)
    if known := household.guardians.filter(named).first():
        return known, False
    guardian = Guardian(household=household, **person._asdict())
    _check_namesakes(person, guardian, Person._fields)
    save_guardian(guardian)
    Guardianship.objects.bulk_create(
        Guardianship(guardian=guardian, child=child) for child in household.children.all()
    )
    _write_down([What.ADDED], guardian=guardian, now=now, actor=actor)
    return guardian, True


@transaction.atomic
def correct_child(
    *, household_id: int, child_id: int, changes: Mapping[str, Any], now: datetime, actor: Actor
) -> Corrected:
    """Write another first name, last name or day of birth (`born_on`). Its appointments stay: who
    has corrected it sees to those that do not fit. Raises AgentsOnly, FamilyChanged when the child
    is gone, ChildKnown."""
    check_agent(actor)
    household = lock_household(pk=household_id)
    child = household.children.select_for_update(of=("self",)).filter(pk=child_id).first()
    if child is None:
        raise FamilyChanged
    changed = [name for name, value in changes.items() if getattr(child, name) != value]
    if not changed:
        return Corrected([], [])
    for name in changed:
        setattr(child, name, changes[name])
    same = household.children.filter(_named(child.first_name), born_on=child.born_on)
    if same.exclude(pk=child.pk).exists():
        raise ChildKnown
    child.save(update_fields=changed)
    what: list[str] = [] if set(NAMES).isdisjoint(changed) else [What.NAME]
    what += [What.BIRTH] if "born_on" in changed else []
    _write_down(what, child=child, now=now, actor=actor)
    return Corrected(what, unfit(child, now=now) if "born_on" in changed else [])


def unfit(child: Child, *, now: datetime) -> list[Appointment]:
    """Those ahead that do not fit its age, soonest first."""
    booked = Appointment.objects.filter(
        child=child, state=Appointment.State.BOOKED, starts_at__gt=now
    )
    ahead = booked.select_related("type", "centre", "practitioner").order_by("starts_at", "pk")
    return [each for each in ahead if not _fits(each, child.born_on)]


def _named(first_name: str, last_name: str | None = None) -> Q:
    """As the constraints compare names."""
    same = Q(Exact(Lower("first_name"), Lower(Value(first_name))))
    return (
        same if last_name is None else same & Q(Exact(Lower("last_name"), Lower(Value(last_name))))
    )


def _check_namesakes(person: Person, guardian: Guardian, changed: Collection[str]) -> None:
    """Who proved a contact is known by it: two of one name would be one person to us. Raises
    SamePerson; what was so before is no news."""
    is_renamed = not set(NAMES).isdisjoint(changed)
    has_proved = Q(pk=None)
    for name in CONTACTS:
        contact = getattr(person, name)
        if contact and (is_renamed or name in changed):
            has_proved |= Q(**{name: contact, f"{name}_verified_at__isnull": False})
    namesakes = Guardian.objects.filter(has_proved, _named(person.first_name, person.last_name))
    if namesakes.exclude(pk=guardian.pk or 0).exists():
        raise SamePerson


def save_guardian(guardian: Guardian) -> None:
    """Raises SamePerson."""
    try:
        with transaction.atomic():
            guardian.save()
    except IntegrityError as error:
        raise SamePerson from error


def _write_down(
    what: list[str],
    *,
    now: datetime,
    actor: Actor,
    guardian: Guardian | None = None,
    child: Child | None = None,
) -> None:
    FamilyCorrection.objects.create(
        guardian=guardian, child=child, at=now, by=actor.label, what=what
    )


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
