"""The outbox in the admin: to see what left, what waits and what failed. Nothing is edited here."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from notifications.models import OutboxMessage


@admin.register(OutboxMessage)
class OutboxMessageAdmin(admin.ModelAdmin[OutboxMessage]):
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

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: OutboxMessage | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: OutboxMessage | None = None) -> bool:
        return False
