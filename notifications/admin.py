"""Messages in the admin: what left, what waits and what failed; addresses in default, to be lifted;
replies, to be marked as read. Nothing is edited here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from notifications import problems
from notifications.admin_wordings import WordingAdmin
from notifications.models import ContactProblem, Inbound, OutboxMessage

__all__ = ["WordingAdmin"]


class ReadOnly(admin.ModelAdmin[Any]):
    """Shows; writes by its actions only."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ReadOnly):
    """Without the context: it may hold a code that still opens a door."""

    list_display = (
        "id",
        "kind",
        "recipient",
        "state",
        "send_at",
        "sent_at",
        "attempts",
        "last_error",
    )
    list_filter = ("state", "kind")
    search_fields = ("=recipient", "=subject_ref", "=intent_key")
    date_hierarchy = "created_at"
    show_full_result_count = False
    fields = (
        "kind",
        "recipient",
        "language",
        "state",
        "priority",
        "send_at",
        "valid_until",
        "attempts",
        "last_error",
        "created_at",
        "sent_at",
        "sent_subject",
        "sent_body",
    )


@admin.register(ContactProblem)
class ContactProblemAdmin(ReadOnly):
    """Lifting a problem is said in the admin's own journal: who, when, which address."""

    list_display = ("address", "channel", "reason", "detail", "since")
    list_filter = ("channel", "reason")
    search_fields = ("address",)
    show_full_result_count = False
    actions = ("lift",)

    def has_lift_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("notifications.delete_contactproblem")

    @admin.action(
        description=_("Lever : les messages repartent vers cette adresse"), permissions=["lift"]
    )
    def lift(self, request: HttpRequest, queryset: QuerySet[ContactProblem]) -> None:
        self.log_deletions(request, queryset)
        lifted = list(queryset)
        for problem in lifted:
            problems.lift(problem)
        done = ngettext("%(count)s adresse levée.", "%(count)s adresses levées.", len(lifted))
        messages.success(request, done % {"count": len(lifted)})


class UnreadFilter(admin.SimpleListFilter):
    """Those that wait for somebody."""

    title = _("lecture")
    parameter_name = "unread"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("À lire"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Inbound]) -> QuerySet[Inbound]:
        if self.value() != "yes":
            return queryset
        return queryset.filter(needs_person=True, handled_at=None)


@admin.register(Inbound)
class InboundAdmin(ReadOnly):
    list_display = ("at", "sender", "text", "meaning", "outcome", "scope", "handled_by")
    list_filter = (UnreadFilter, "meaning")
    search_fields = ("=sender",)
    show_full_result_count = False
    date_hierarchy = "at"
    exclude = ("receipt",)
    actions = ("mark_read",)

    def has_read_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("notifications.change_inbound")

    @admin.action(description=_("Marquer comme lue"), permissions=["read"])
    def mark_read(self, request: HttpRequest, queryset: QuerySet[Inbound]) -> None:
        read = queryset.filter(needs_person=True, handled_at=None).update(
            handled_by=request.user.get_username()[:80], handled_at=timezone.now()
        )
        done = ngettext("%(count)s réponse lue.", "%(count)s réponses lues.", read)
        messages.success(request, done % {"count": read})
