"""Whose desk it is: the centres a member of staff may see, and what is the Département's only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.http import Http404, HttpRequest

from booking.finding import Scope
from booking.models import Appointment
from centres.models import Centre, Membership, User

Role = Membership.Role
OWN_CALENDAR = ("user__practitioner", "user__practitioner__is_active")
AT_A_DESK = frozenset({Role.RECEPTION, Role.PRACTITIONER, Role.MANAGER})


@dataclass(frozen=True, slots=True)
class Desk:
    """Who is logged in, the centres that are theirs, and what else they may do."""

    label: str
    centres: Sequence[Centre]
    # May see how the messages fare; may put providers out of use and back.
    sees_health: bool
    runs_service: bool
    user_id: int = 0
    # Of these, the centres (ids) that are theirs to manage.
    managed: frozenset[int] = frozenset()
    # Whose calendar is theirs, if they receive families themselves.
    practitioner_id: int | None = None

    def scope(self, *, now: datetime) -> Scope:
        """Whose families they find."""
        everywhere = self.runs_service
        return Scope(None if everywhere else [centre.pk for centre in self.centres], now)

    def audit_scope(self, *, now: datetime) -> Scope:
        """Of whose families they may know who read them."""
        return Scope(None if self.sees_health else self.managed, now)

    def manages(self, centre: Centre) -> bool:
        """Whether its plan is theirs to change."""
        return self.runs_service or centre.pk in self.managed

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
        """One whose plan is theirs to change: its manager's, and of who runs the service. Raises
        Http404."""
        centre = self.centre(slug)
        if not (self.runs_service or centre.pk in self.managed):
            raise Http404
        return centre

    def must_have(self, slug: str) -> None:
        """Raises Http404."""
        self.centre(slug)


def desk_of(request: HttpRequest) -> Desk:
    """The desk of who is logged in: two queries. Raises Http404 to who has no membership (left)."""
    user = request.user
    if not isinstance(user, User):
        raise Http404
    held = user.memberships.filter(suspended_at=None)
    rows = list(held.values_list("role", "centre", *OWN_CALENDAR))
    roles = [(role, centre) for role, centre, _own, _works in rows]
    own = next((own for _role, _centre, own, works in rows if works), None)
    runs_service = user.is_superuser or any(role == Role.ADMINISTRATOR for role, _ in roles)
    sees_health = runs_service or any(role == Role.AUDITOR for role, _ in roles)
    mine = [centre for role, centre in roles if role in AT_A_DESK]
    managed = frozenset(centre for role, centre in roles if role == Role.MANAGER)
    if not (mine or sees_health):
        raise Http404
    centres = Centre.objects.all() if runs_service else Centre.objects.filter(pk__in=mine)
    return Desk(user.email, list(centres), sees_health, runs_service, user.pk, managed, own)
