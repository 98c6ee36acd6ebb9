"""Roles given and taken by who runs a centre or a Département; each time somebody signs."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from centres.actions.accounts import closed_by_hand, reopen_lapsed, said
from centres.errors import AccountClosed, NotYours
from centres.models import AccountEvent, Centre, Department, Membership, User
from centres.reach import Person, Post, Reach

Action = AccountEvent.Action


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
) -> tuple[Membership, bool]:
    """Give somebody a role here, and an account if they have none; the role, and whether it is new.
    The names are a new account's only. Raises NotYours, AccountClosed."""
    user, is_new = User.objects.get_or_create(
        email=email.lower(),
        defaults={"first_name": first_name, "last_name": last_name, "password": "!"},
    )
    User.objects.select_for_update(of=("self",), no_key=True).get(pk=user.pk)
    post = Post(role, centre.pk if centre else None, department.pk)
    if not reach.may_change(person_of(user), post):
        raise NotYours
    if not user.is_active:
        raise AccountClosed
    if is_new:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    given, is_given = Membership.objects.get_or_create(
        user=user, centre=centre, role=role, department=department
    )
    if is_given:
        note = said(given)
        AccountEvent.objects.create(user=user, at=now, action=Action.GIVEN, by=by, note=note)
    return given, is_given


@transaction.atomic
def withdraw_role(*, membership_id: int, reach: Reach, by: str, now: datetime) -> User:
    """Take a role away; the account stays. Raises NotYours, also when it is gone already."""
    membership = theirs(membership_id, reach)
    user = membership.user
    AccountEvent.objects.create(
        user=user, at=now, action=Action.WITHDRAWN, by=by, note=said(membership)
    )
    membership.delete()
    return user


@transaction.atomic
def renew_role(*, membership_id: int, reach: Reach, by: str, now: datetime) -> User:
    """Give a lapsed role back, for as long again; one in use stays as it is. Raises NotYours,
    AccountClosed."""
    membership = theirs(membership_id, reach)
    if membership.suspended_at is None:
        return membership.user
    if closed_by_hand().filter(pk=membership.user_id).exists():
        raise AccountClosed
    membership.suspended_at, membership.granted_at, membership.last_used_at = None, now, None
    membership.save(update_fields=["suspended_at", "granted_at", "last_used_at"])
    reopen_lapsed([membership.user_id])
    AccountEvent.objects.create(
        user=membership.user, at=now, action=Action.RESTORED, by=by, note=said(membership)
    )
    return membership.user


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
