"""The administration of an installation that serves several Départements: each sees its own.

What is registered is narrowed here once for all, by who is logged in: lists, pages, choices. What
belongs to no single Département is for who administers all there are, or owns the installation.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest

from booking.models import Appointment
from centres.models import Centre, Department, Membership, User

# Of each model, the way to its Département.
WAYS = {
    "centres.absence": "practitioner__department",
    "centres.centre": "department",
    "centres.closure": "department",
    "centres.department": "pk",
    "centres.district": "centre__department",
    "centres.openingrule": "site__centre__department",
    "centres.practitioner": "department",
    "centres.publicholiday": "department",
    "centres.shift": "centre__department",
    "centres.site": "centre__department",
    "booking.appointment": "centre__department",
    "booking.callbackrequest": "centre__department",
    "booking.paperorder": "site__centre__department",
    "booking.reminderrule": "centre__department",
}
# By the slug of their centre.
BY_SCOPE = {"notifications.outboxmessage", "notifications.inbound"}
# Of no single one. Who may not see their pages still chooses among them.
OF_ALL = {
    "auth.group",
    "centres.appointmenttype",
    "centres.childexam",
    "centres.commune",
    "centres.schoolholiday",
    "centres.vaccineage",
    "notifications.contactproblem",
    "notifications.wording",
}


def theirs(request: HttpRequest) -> frozenset[int] | None:
    """The Départements (ids) of who is logged in; None for all there are. Asked once a request."""
    if "emgav.departments" not in request.META:
        request.META["emgav.departments"] = _theirs(request.user)
    known: frozenset[int] | None = request.META["emgav.departments"]
    return known


def _theirs(user: Any) -> frozenset[int] | None:
    if not isinstance(user, User) or user.is_superuser:
        return None
    there_are = frozenset(Department.objects.values_list("pk", flat=True))
    roles = user.memberships.filter(suspended_at=None, role=Membership.Role.ADMINISTRATOR)
    mine = frozenset(roles.values_list("department", flat=True))
    return None if len(there_are) <= 1 or mine >= there_are else mine


def condition(model: type[Model], departments: Collection[int]) -> Q | None:
    """Which rows are these Départements'; None when the model is of no single one."""
    label = model._meta.label_lower  # noqa: SLF001  Django's own way to a model's name
    if label in WAYS:
        return Q(**{f"{WAYS[label]}__in": departments})
    if label in BY_SCOPE:
        centres = Centre.objects.filter(department__in=departments)
        return Q(scope__in=centres.values("slug"))
    if label == "booking.household":
        visits = Appointment.objects.filter(centre__department__in=departments)
        return Q(pk__in=visits.values("household"))
    if label == "centres.user":
        members = Membership.objects.filter(department__in=departments)
        return Q(pk__in=members.values("user"), is_superuser=False)
    return None


class _Choices:
    """Choices offered by a form: those of other Départements are not among them."""

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **options)  # type: ignore[misc]
        return _narrowed(field, request)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        field = super().formfield_for_manytomany(db_field, request, **options)  # type: ignore[misc]
        return _narrowed(field, request)


def _narrowed(field: Any, request: HttpRequest) -> Any:
    departments = theirs(request)
    if departments is not None and getattr(field, "queryset", None) is not None:
        known = condition(field.queryset.model, departments)
        if known is not None:
            field.queryset = field.queryset.filter(known)
    return field


class _Pages(_Choices):
    """The pages of a model, as far as they are theirs; another's is answered like none."""

    model: type[Model]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        found: QuerySet[Any] = super().get_queryset(request)  # type: ignore[misc]
        departments = theirs(request)
        if departments is None:
            return found
        known = condition(self.model, departments)
        return found.none() if known is None else found.filter(known)

    def has_module_permission(self, request: HttpRequest) -> bool:
        is_shown = super().has_module_permission(request)  # type: ignore[misc]
        return bool(is_shown and self._is_theirs(request, None))

    def has_add_permission(self, request: HttpRequest) -> bool:
        may = super().has_add_permission(request)  # type: ignore[misc]
        return bool(may and self._is_theirs(request, None))

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        may = super().has_view_permission(request, obj)  # type: ignore[misc]
        return bool(may and self._is_theirs(request, obj))

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        may = super().has_change_permission(request, obj)  # type: ignore[misc]
        return bool(may and self._is_theirs(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        may = super().has_delete_permission(request, obj)  # type: ignore[misc]
        return bool(may and self._is_theirs(request, obj))

    def get_inlines(self, request: HttpRequest, obj: Model | None) -> list[Any]:
        given = super().get_inlines(request, obj)  # type: ignore[misc]
        return [type(each.__name__, (_Choices, each), {}) for each in given]

    def _is_theirs(self, request: HttpRequest, obj: Model | None) -> bool:
        departments = theirs(request)
        if departments is None:
            return True
        known = condition(self.model, departments)
        if known is None or obj is None or obj.pk is None:
            return known is not None
        return QuerySet(self.model).filter(known, pk=obj.pk).exists()


def within(admin_class: type[admin.ModelAdmin[Any]] | None) -> type[admin.ModelAdmin[Any]]:
    """The same administration of a model, narrowed."""
    wide = admin_class or admin.ModelAdmin
    return type(wide.__name__, (_Pages, wide), {"__module__": wide.__module__})
