"""Administration of appointments: read only here, since only actions change them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from booking.models import Appointment, AppointmentEvent, CallbackRequest


class ReadOnly(admin.ModelAdmin[Any]):
    """Shows, never writes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class EventInline(admin.TabularInline[AppointmentEvent, Appointment]):
    model = AppointmentEvent
    fields = ("at", "action", "actor", "note", "state", "sequence", "starts_at")
    readonly_fields = fields
    can_delete = False
    extra = 0


@admin.register(Appointment)
class AppointmentAdmin(ReadOnly):
    list_display = ("spoken_reference", "state", "starts_at", "centre", "type", "practitioner")
    list_filter = ("state", "centre")
    list_select_related = ("centre", "type", "practitioner")
    search_fields = ("reference",)
    show_full_result_count = False
    date_hierarchy = "starts_at"
    inlines = (EventInline,)


@admin.register(CallbackRequest)
class CallbackRequestAdmin(ReadOnly):
    list_display = ("promised_on", "centre", "type", "first_name", "last_name", "phone", "state")
    list_filter = ("state", "centre")
    list_select_related = ("centre", "type")
