"""Whose desk it is: the centres a member of staff may see, and what is the Département's only.

An installation may serve several Départements: a role in one opens nothing of another, and what is
of all of them together (providers, the health of what is sent) is theirs who have it in each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.http import Http404, HttpRequest

from booking.actors import Actor
from booking.finding import Scope
from booking.models import Appointment
from centres.models import Centre, Department, Membership, User

Role = Membership.Role
OWN_CALENDAR = ("user__practitioner", "user__practitioner__is_active")
AT_A_DESK = frozenset({Role.RECEPTION, Role.PRACTITIONER, Role.MANAGER})


@dataclass(frozen=True, slots=True)
class Desk:
    """Who is logged in, the centres that are theirs, and what else they may do."""

    label: str
    centres: Sequence[Centre]
    # May see how all messages fare; may put providers out of use and back.
    sees_health: bool
    runs_service: bool
    user_id: int = 0
    # Of these, the centres (ids) that are theirs to manage.
    managed: frozenset[int] = frozenset()
    # The Départements (ids) that are theirs to administer, or to audit.
    administered: frozenset[int] = frozenset()
    audited: frozenset[int] = frozenset()
    # Whose the installation is.
    is_owner: bool = False
    # Whose calendar is theirs, if they receive families themselves.
    practitioner_id: int | None = None

    @property
    def home(self) -> str:
        """The page (its name) of who has no centre: what the whole Département is to audit."""
        return "health" if self.sees_health else "reads"

    @property
    def actor(self) -> Actor:
        """Who signs what is done to an appointment; its history keeps so much of a name."""
        return Actor("agent", self.label[:80])

    def scope(self, *, now: datetime) -> Scope:
        """Whose families they find."""
        everywhere = self.runs_service
        return Scope(None if everywhere else [centre.pk for centre in self.centres], now)

    def audit_scope(self, *, now: datetime) -> Scope:
        """Of whose families they may know who read them."""
        if self.sees_health:
            return Scope(None, now)
        of_all = Centre.objects.filter(department__in=self.audited).values_list("pk", flat=True)
        return Scope({*self.managed, *(of_all if self.audited else ())}, now)

    def knows_type(self, appointment: Appointment) -> bool:
        """Whether they may read what an appointment is for: a discreet type is its practitioner's
        and the manager's."""
        return (
            not appointment.type.is_discreet
            or appointment.centre_id in self.managed
            or appointment.practitioner.user_id == self.user_id
        )

    def centre(self, slug: str) -> Centre:
        """One of these centres. Raises Http404: another's is answered like none."""
        for centre in self.centres:
            if centre.slug == slug:
                return centre
        raise Http404

    def managed_centre(self, slug: str) -> Centre:
        """One whose plan is theirs to change: its manager's, and of who administers the Département
        or runs the service. Raises Http404."""
        centre = self.centre(slug)
        if not self.manages(centre):
            raise Http404
        return centre

    def manages(self, centre: Centre) -> bool:
        """Whether they run this centre: its manager, or who administers its Département."""
        return centre.pk in self.managed or self.administers(centre)

    def administers(self, centre: Centre) -> bool:
        """Whether the whole Département of this centre is theirs to run."""
        return self.runs_service or centre.department_id in self.administered

    def must_have(self, slug: str) -> None:
        """Raises Http404."""
        self.centre(slug)


def desk_of(request: HttpRequest) -> Desk:
    """The desk of who is logged in: two queries, and one more for who has a role in a Département.
    Raises Http404 to who has no membership (left)."""
    user = request.user
    if not isinstance(user, User):
        raise Http404
    found = user.memberships.filter(suspended_at=None)
    rows = list(found.values_list("role", "centre", "department", *OWN_CALENDAR))
    roles = [row[:3] for row in rows]
    administered = frozenset(where for role, _, where in roles if role == Role.ADMINISTRATOR)
    audited = administered | {where for role, _, where in roles if role == Role.AUDITOR}
    mine = [centre for role, centre, _ in roles if role in AT_A_DESK]
    if not (mine or audited or user.is_superuser):
        raise Http404
    there_are = _departments() if audited and not user.is_superuser else frozenset()
    runs_service = user.is_superuser or bool(administered >= there_are and administered)
    theirs = Q() if runs_service else Q(pk__in=mine) | Q(department__in=administered)
    return Desk(
        label=user.email,
        centres=list(Centre.objects.filter(theirs)),
        sees_health=user.is_superuser or bool(audited >= there_are and audited),
        runs_service=runs_service,
        user_id=user.pk,
        managed=frozenset(centre for role, centre, _ in roles if role == Role.MANAGER),
        administered=administered,
        audited=audited,
        is_owner=user.is_superuser,
        practitioner_id=next((own for *_, own, works in rows if works), None),
    )


def _departments() -> frozenset[int]:
    return frozenset(Department.objects.values_list("pk", flat=True))
