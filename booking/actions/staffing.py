"""Colleagues invited, and helped back in: their link goes to their own mailbox, never to whoever
invites, in the transaction that is recorded."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from booking import colleagues
from booking.actions.feeding import stop_calendar_link
from centres import actions
from centres.errors import AccountClosed, NotYours
from centres.models import AccountEvent, Centre, Department, Membership, Practitioner
from centres.reach import Reach


@transaction.atomic
def invite_colleague(
    *,
    email: str,
    first_name: str,
    last_name: str,
    role: str,
    department: Department,
    centre: Centre | None,
    reach: Reach,
    by: str,
    now: datetime,
) -> tuple[Membership, bool]:
    """A role here for this address, and a link for whoever has no password yet, or whose account
    had lapsed; the role, and whether it is new. Raises centres.errors.NotYours, AccountClosed."""
    given = actions.give_role(
        email=email,
        first_name=first_name,
        last_name=last_name,
        role=role,
        department=department,
        centre=centre,
        reach=reach,
        by=by,
        now=now,
    )
    membership = given.membership
    if given.is_anew:
        _stop_calendar(membership.user_id, now=now)
    if not membership.user.has_usable_password():
        _send(membership, by=by, now=now)
    return membership, given.is_new


@transaction.atomic
def renew_colleague(*, membership_id: int, reach: Reach, by: str, now: datetime) -> Membership:
    """A lapsed role is given back; to whom the whole account had lapsed, with a link to begin a
    log-in anew. Raises centres.errors.NotYours, AccountClosed."""
    given = actions.renew_role(membership_id=membership_id, reach=reach, by=by, now=now)
    membership = given.membership
    if given.is_anew:
        _stop_calendar(membership.user_id, now=now)
        _send(membership, by=by, now=now)
    return membership


def _stop_calendar(user_id: int, *, now: datetime) -> None:
    """The secret address of their sessions is as old as their password."""
    for pk in Practitioner.objects.filter(user=user_id).values_list("pk", flat=True):
        stop_calendar_link(practitioner_id=pk, now=now)


@transaction.atomic
def send_link(*, membership_id: int, reach: Reach, by: str, now: datetime) -> Membership:
    """Another link to choose a password: the last one is lost, or the password forgotten. Raises
    NotYours, AccountClosed."""
    membership = _resettable(membership_id, reach)
    _send(membership, by=by, now=now)
    return membership


@transaction.atomic
def reset_colleague(*, membership_id: int, reach: Reach, by: str, now: datetime) -> Membership:
    """A phone is lost or stolen: second factors and password are taken, sessions end, and a link
    goes to the mailbox. Raises NotYours, AccountClosed."""
    membership = _resettable(membership_id, reach)
    actions.reset_log_in(user=membership.user, by=by, now=now)
    _send(membership, by=by, now=now)
    return membership


def _resettable(membership_id: int, reach: Reach) -> Membership:
    membership = actions.theirs(membership_id, reach)
    if not reach.may_reset(actions.person_of(membership.user)):
        raise NotYours
    if not membership.user.is_active:
        raise AccountClosed
    return membership


def _send(membership: Membership, *, by: str, now: datetime) -> None:
    """Each press is an event of its own, by which its message is known."""
    event = AccountEvent.objects.create(
        user=membership.user, at=now, action=AccountEvent.Action.LINK, by=by
    )
    colleagues.link_sent(membership, number=event.pk, now=now)
