"""Who works in a centre, or serves a Département: their roles, and how their log-in fares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from allauth.mfa.models import Authenticator
from django.db.models import Exists, OuterRef, Prefetch
from django.http import Http404
from django.utils.translation import gettext as _

from booking import colleagues
from centres.models import Centre, Department, Membership, User
from centres.reach import AT_A_DESK, OF_A_DEPARTMENT, Person, Post, Reach
from frontend.staff import Desk
from notifications.models import OutboxMessage

OF_ALL = "departement-"
LOST = ("failed", "undeliverable", "expired", "suppressed")


class Team(NamedTuple):
    """Those of one centre, or those of a whole Département (no centre)."""

    centre: Centre | None
    department: Department

    @property
    def slug(self) -> str:
        return self.centre.slug if self.centre else f"{OF_ALL}{self.department.code}"

    @property
    def name(self) -> str:
        return str(self.centre or self.department)

    @property
    def roles(self) -> list[str]:
        """Which roles there are to give, the plainest first."""
        if self.centre is None:
            return [
                str(role) for role in reversed(Membership.Role.values) if role in OF_A_DEPARTMENT
            ]
        return [str(role) for role in Membership.Role.values if role in AT_A_DESK]


def reach_of(desk: Desk) -> Reach:
    return Reach(desk.user_id, desk.managed, desk.administered, desk.is_owner)


def teams_of(desk: Desk) -> list[Team]:
    """Whose accounts they see to. Raises Http404 to who sees to none."""
    reach = reach_of(desk)
    departments = Department.objects.order_by("name")
    theirs = [each for each in departments if reach.is_owner or each.pk in reach.departments]
    by_pk = {each.pk: each for each in departments}
    centres = [
        centre
        for centre in desk.centres
        if centre.pk in reach.centres or by_pk[centre.department_id] in theirs
    ]
    teams = [Team(None, each) for each in theirs]
    teams += [Team(centre, by_pk[centre.department_id]) for centre in centres]
    if not teams:
        raise Http404
    return teams


def team_of(desk: Desk, slug: str) -> Team:
    """One of these. Raises Http404: another's is answered like none."""
    team = next((team for team in teams_of(desk) if team.slug == slug), None)
    if team is None:
        raise Http404
    return team


@dataclass(frozen=True, slots=True)
class Colleague:
    """One role of somebody here, with what may be done about it."""

    membership: Membership
    reach: Reach
    mail: str
    has_factor: bool

    @property
    def user(self) -> User:
        return self.membership.user

    @property
    def _person(self) -> Person:
        posts = [_post(each) for each in self.user.memberships.all()]
        return Person(self.user.pk, posts, self.user.is_superuser or self.user.is_staff)

    @property
    def may_change(self) -> bool:
        return self.reach.may_change(self._person, _post(self.membership))

    @property
    def may_reset(self) -> bool:
        return self.user.is_active and self.reach.may_reset(self._person)

    @property
    def is_closed(self) -> bool:
        """Closed by hand, or still so though this role is in use: more than a lapsed role."""
        is_lapsed = self.user.lapsed_at is not None and self.membership.suspended_at is not None
        return not (self.user.is_active or is_lapsed)

    @property
    def may_renew(self) -> bool:
        return self.membership.suspended_at is not None and not self.is_closed and self.may_change

    @property
    def is_self(self) -> bool:
        return self.user.pk == self.reach.user

    @property
    def log_in(self) -> str:
        """How far their log-in is."""
        if not self.user.has_usable_password():
            return _("Mot de passe pas encore choisi")
        return (
            _("Second facteur installé") if self.has_factor else _("Pas encore de second facteur")
        )


def _post(membership: Membership) -> Post:
    return Post(membership.role, membership.centre_id, membership.department_id)


def colleagues_of(team: Team, reach: Reach) -> Sequence[Colleague]:
    """Those who work here, by name: four queries."""
    factors = Authenticator.objects.filter(user=OuterRef("user")).exclude(
        type=Authenticator.Type.RECOVERY_CODES
    )
    found = Membership.objects.filter(department=team.department, centre=team.centre)
    rows = list(
        found.select_related("user")
        .prefetch_related(Prefetch("user__memberships", Membership.objects.order_by("pk")))
        .annotate(has_factor=Exists(factors))
        .order_by("user__last_name", "user__first_name", "user__email", "pk")
    )
    mail = _mail_of(rows)
    return [Colleague(row, reach, mail.get(row.user_id, ""), row.has_factor) for row in rows]


def _mail_of(rows: Sequence[Membership]) -> dict[int, str]:
    """Of those who have no password yet, what became of the message with their link."""
    waiting = {
        colleagues.subject_of(row.user_id): row.user_id
        for row in rows
        if not row.user.has_usable_password()
    }
    sent = OutboxMessage.objects.filter(subject_ref__in=waiting, kind=colleagues.ACCOUNT)
    return {
        waiting[ref]: "lost" if state in LOST else "sent"
        for ref, state in sent.order_by("pk").values_list("subject_ref", "state")
    }
