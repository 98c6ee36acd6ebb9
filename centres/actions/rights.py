"""Roles given and taken by who runs a centre or a Département; each time somebody signs."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from centres.actions.accounts import closed_by_hand, reopen_lapsed, reset_log_in, said
from centres.errors import AccountClosed, NotYours
from centres.models import AccountEvent, Centre, Department, Membership, User
from centres.reach import Person, Post, Reach

Action = AccountEvent.Action


class Given(NamedTuple):
    """A role somebody has now; whether they had it not, and whether their account, which had
    lapsed, begins anew by this."""

    membership: Membership
    is_new: bool
    is_anew: bool


def person_of(user: User) -> Person:
    """An account as the rules see it."""
    posts = [
        Post(role, centre, department)
        for role, centre, department in user.memberships.values_list("role", "centre", "department")
    ]
    return Person(user.pk, posts, user.is_superuser or user.is_staff)


@transaction.atomic
def give_role(
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
) -> Given:
    """Give somebody a role here, and an account if they have none. The names are a new account's
    only. A role that had lapsed is given back; an account that had lapsed opens again with this
    role alone, and its log-in begins anew. Raises NotYours, AccountClosed."""
    user, is_new = User.objects.get_or_create(
        email=email.lower(),
        defaults={"first_name": first_name, "last_name": last_name, "password": "!"},
    )
    user = User.objects.select_for_update(of=("self",), no_key=True).get(pk=user.pk)
    person = person_of(user)
    if not reach.may_change(person, Post(role, centre.pk if centre else None, department.pk)):
        raise NotYours
    if not user.is_active and user.lapsed_at is None:
        # Of an account that is not theirs, they learn no more than that.
        raise AccountClosed if reach.may_reset(person) else NotYours
    if is_new:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    is_anew = user.lapsed_at is not None
    if is_anew:
        _begin_anew(user, by=by, now=now)
    given, is_given = Membership.objects.get_or_create(
        user=user, centre=centre, role=role, department=department
    )
    if is_given:
        _note(given, Action.GIVEN, by=by, now=now)
    elif given.suspended_at is not None:
        _renew(given, by=by, now=now)
        is_given = True
    return Given(given, is_given, is_anew)


def _begin_anew(user: User, *, by: str, now: datetime) -> None:
    """Open an account that lapsed, for one role: whatever else it has stays suspended. Nobody knows
    any more in whose hands its password and its second factors are."""
    for each in user.memberships.filter(suspended_at=None):
        each.suspended_at = now
        each.save(update_fields=["suspended_at"])
        _note(each, Action.SUSPENDED, by=by, now=now)
    reset_log_in(user=user, by=by, now=now)
    reopen_lapsed([user.pk])
    user.refresh_from_db()


def _renew(membership: Membership, *, by: str, now: datetime) -> None:
    membership.suspended_at, membership.granted_at, membership.last_used_at = None, now, None
    membership.save(update_fields=["suspended_at", "granted_at", "last_used_at"])
    _note(membership, Action.RESTORED, by=by, now=now)


def _note(membership: Membership, action: Action, *, by: str, now: datetime) -> None:
    AccountEvent.objects.create(
        user=membership.user, at=now, action=action, by=by, note=said(membership)
    )


@transaction.atomic
def withdraw_role(*, membership_id: int, reach: Reach, by: str, now: datetime) -> User:
    """Take a role away; the account stays. Raises NotYours, also when it is gone already."""
    membership = theirs(membership_id, reach)
    user = membership.user
    _note(membership, Action.WITHDRAWN, by=by, now=now)
    membership.delete()
    return user


@transaction.atomic
def renew_role(*, membership_id: int, reach: Reach, by: str, now: datetime) -> Given:
    """Give a lapsed role back, for as long again; one in use stays as it is. An account that had
    lapsed with it opens again as for who is invited anew. Raises NotYours, AccountClosed."""
    # The person before the role, as `give_role` does: two managers at once begin no log-in twice.
    people = User.objects.select_for_update(of=("self",), no_key=True)
    people.filter(memberships=membership_id).order_by("pk").first()
    membership = theirs(membership_id, reach)
    if membership.suspended_at is None:
        return Given(membership, is_new=False, is_anew=False)
    if closed_by_hand().filter(pk=membership.user_id).exists():
        raise AccountClosed
    is_anew = membership.user.lapsed_at is not None
    if is_anew:
        _begin_anew(membership.user, by=by, now=now)
    _renew(membership, by=by, now=now)
    return Given(membership, is_new=True, is_anew=is_anew)


def theirs(membership_id: int, reach: Reach) -> Membership:
    """This role, locked, if it is theirs to change. Raises NotYours."""
    found = Membership.objects.select_for_update(of=("self",)).select_related("user", "centre")
    membership = found.filter(pk=membership_id).first()
    if membership is None:
        raise NotYours
    post = Post(membership.role, membership.centre_id, membership.department_id)
    if not reach.may_change(person_of(membership.user), post):
        raise NotYours
    return membership
