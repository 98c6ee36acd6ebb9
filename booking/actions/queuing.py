"""A family nobody knows, put on the waiting list while it is on the phone: nothing is free."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from booking.actions.confirming import check_is_whole
from booking.actions.families import Family
from booking.actions.talking import new_family
from booking.actions.waiting import Wishes, ask_for_any
from booking.actors import Actor, Who, check_agent
from booking.errors import ContactRequired
from booking.locking import lock_newcomer
from booking.models import WaitingListEntry
from booking.pressed import put_on_list_before
from centres.models import AppointmentType, Centre


@transaction.atomic
def wait_for_newcomer(
    *,
    who: Who,
    kind: AppointmentType,
    centre: Centre,
    wishes: Wishes,
    now: datetime,
    actor: Actor,
) -> WaitingListEntry:
    """Make a household of its own, whoever else has that number or address, which nothing proves,
    and let it wait for any time of this type. The agent has been shown those likely the same.

    A second press of the same agent, for the same person and child, is the first one: its request,
    with the wishes, the centre and the due date of the second. Raises AgentsOnly, ContactRequired,
    ChildRequired, DueDateRequired, and as `ask_for_any`; then the family is not made either.
    """
    check_agent(actor)
    if not who.phone and not who.email:
        raise ContactRequired
    check_is_whole(kind, who)
    lock_newcomer(who, actor)
    pressed = put_on_list_before(who, kind, actor)
    if pressed is None:
        family = new_family(who, now=now)
    else:
        family = Family(pressed.guardian, pressed.child)
    is_child = kind.audience == AppointmentType.Audience.CHILD
    return ask_for_any(
        guardian=family.guardian,
        child=family.child if is_child else None,
        kind=kind,
        centre=centre,
        wishes=wishes,
        due_on=who.due_on,
        now=now,
        actor=actor,
    )
