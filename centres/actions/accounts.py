"""Accounts of staff: a link to choose a password, a log-in set to zero, rights that lapse."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from centres.models import AccountEvent, Membership, User

Action = AccountEvent.Action
ADMINISTRATOR = Membership.Role.ADMINISTRATOR


@transaction.atomic
def link_to_choose(*, user: User, by: str, now: datetime) -> str:
    """A link that opens once, to choose a password; it is kept nowhere, and ends the day the person
    logs in, chooses a password, or after PASSWORD_RESET_TIMEOUT."""
    AccountEvent.objects.create(user=user, at=now, action=Action.LINK, by=by)
    return address_to_choose(user)


@transaction.atomic
def reset_log_in(*, user: User, by: str, now: datetime) -> str:
    """Take the second factor, its recovery codes and the password from somebody who lost them, or
    from whom they were stolen; all their sessions end. The link to begin again."""
    Authenticator.objects.filter(user=user).delete()
    user.set_unusable_password()
    user.save(update_fields=["password"])
    AccountEvent.objects.create(user=user, at=now, action=Action.RESET, by=by)
    return address_to_choose(user)


def address_to_choose(user: User) -> str:
    """Where this person chooses a password, once; no record is kept of it."""
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    token = default_token_generator.make_token(user)
    path = reverse("choose-password", kwargs={"uid": uid, "token": token})
    return f"{settings.PUBLIC_URL}{path}"


@transaction.atomic
def choose_password(*, user: User, password: str, now: datetime) -> None:
    """Sessions begun with the password before end by this, and so does the link."""
    user.set_password(password)
    user.save(update_fields=["password"])
    AccountEvent.objects.create(user=user, at=now, action=Action.PASSWORD, by=user.email)


def note_key(*, user: User, name: str, is_added: bool, now: datetime) -> None:
    """Somebody has one more passkey, or one less, by this name; in their own transaction."""
    action = Action.KEY_ADDED if is_added else Action.KEY_REMOVED
    AccountEvent.objects.create(user=user, at=now, action=action, by=user.email, note=name[:200])


def note_use(*, user: User, now: datetime, midnight: datetime) -> None:
    """Somebody uses their rights: written once a day at most."""
    unnoted = Q(last_used_at=None) | Q(last_used_at__lt=midnight)
    user.memberships.filter(unnoted, suspended_at=None).update(last_used_at=now)


@transaction.atomic
def lapse_memberships(*, now: datetime, days: int) -> int:
    """Suspend the rights unused for so many days; how many. Who has none left cannot log in any
    more. The administrator who was here last stays: somebody must be able to give rights back."""
    unused = list(
        Membership.objects.select_for_update(of=("self",))
        .select_related("user", "centre")
        .annotate(last=Coalesce("last_used_at", "granted_at"))
        .filter(suspended_at=None, user__is_active=True, last__lt=now - timedelta(days=days))
        .order_by("last", "pk")
    )
    kept = _last_administrator(unused)
    lapsed = [each for each in unused if each != kept]
    Membership.objects.filter(pk__in=[each.pk for each in lapsed]).update(suspended_at=now)
    AccountEvent.objects.bulk_create(
        AccountEvent(user=each.user, at=now, action=Action.SUSPENDED, note=said(each))
        for each in lapsed
    )
    people = {each.user_id for each in lapsed}
    live = Membership.objects.filter(user__in=people, suspended_at=None).values("user")
    User.objects.filter(pk__in=people, is_active=True).exclude(pk__in=live).update(
        is_active=False, lapsed_at=now
    )
    return len(lapsed)


def _last_administrator(unused: Sequence[Membership]) -> Membership | None:
    """The one to keep, when all administrators would go."""
    ours = [each for each in unused if each.role == ADMINISTRATOR]
    live = Membership.objects.filter(
        role=ADMINISTRATOR, suspended_at=None, user__is_active=True
    ).exclude(pk__in=[each.pk for each in ours])
    return ours[-1] if ours and not live.exists() else None


def closed_by_hand() -> QuerySet[User]:
    """Accounts that an administrator closed, and alone opens again, whatever becomes of their
    roles."""
    return User.objects.filter(is_active=False, lapsed_at=None)


def reopen_lapsed(people: Collection[int]) -> None:
    """They have a role again. Accounts closed by hand stay closed."""
    lapsed = User.objects.filter(pk__in=people, lapsed_at__isnull=False)
    lapsed.update(is_active=True, lapsed_at=None)


@transaction.atomic
def restore_memberships(*, users: Iterable[User], by: str, now: datetime) -> int:
    """Give suspended rights back, for as long again; how many. Those of accounts that were closed
    by hand stay. The log-in of an account that had lapsed begins anew: nobody knows any more in
    whose hands it is."""
    suspended = list(
        Membership.objects.select_for_update(of=("self",))
        .select_related("user", "centre")
        .filter(user__in=[user.pk for user in users])
        .exclude(Q(suspended_at=None) | Q(user__in=closed_by_hand()))
    )
    Membership.objects.filter(pk__in=[each.pk for each in suspended]).update(
        suspended_at=None, granted_at=now, last_used_at=None
    )
    people = {each.user_id for each in suspended}
    for user in User.objects.filter(pk__in=people, lapsed_at__isnull=False).order_by("pk"):
        reset_log_in(user=user, by=by, now=now)
    reopen_lapsed(people)
    AccountEvent.objects.bulk_create(
        AccountEvent(user=each.user, at=now, action=Action.RESTORED, by=by, note=said(each))
        for each in suspended
    )
    return len(suspended)


def said(membership: Membership) -> str:
    """A role and where, for the history."""
    where = membership.centre.name if membership.centre else ""
    return ", ".join(part for part in (str(membership.get_role_display()), where) if part)
