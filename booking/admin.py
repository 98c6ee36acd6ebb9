"""Administration of appointments: read only here, since only actions change them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from booking.actions import close_callback
from booking.actors import Actor
from booking.admin_families import HouseholdAdmin
from booking.errors import CallbackClosed
from booking.models import Appointment, AppointmentEvent, CallbackRequest

__all__ = ["AppointmentAdmin", "CallbackRequestAdmin", "HouseholdAdmin"]


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


class OutsideFilter(admin.SimpleListFilter):
    """Those that somebody has to move or cancel: their half-day no longer receives them."""

    title = _("demi-journée")
    parameter_name = "outside"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("À replacer"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Appointment]
    ) -> QuerySet[Appointment]:
        if self.value() != "yes":
            return queryset
        return queryset.filter(pk__in=Appointment.objects.outside().values("pk"))


@admin.register(Appointment)
class AppointmentAdmin(ReadOnly):
    list_display = ("spoken_reference", "state", "starts_at", "centre", "type", "practitioner")
    list_filter = (OutsideFilter, "state", "centre")
    list_select_related = ("centre", "type", "practitioner")
    search_fields = ("reference",)
    show_full_result_count = False
    date_hierarchy = "starts_at"
    inlines = (EventInline,)
    exclude = ("due_on",)  # kept to judge a move, not to be read


class OutcomeForm(ActionForm):
    """What came of the requests ticked, beside the choice of the action."""

    outcome = forms.ChoiceField(
        label=_("Suite donnée"),
        choices=[("", "–"), *CallbackRequest.Outcome.choices],
        required=False,
    )
    note = forms.CharField(label=_("Note"), max_length=200, required=False)


@admin.register(CallbackRequest)
class CallbackRequestAdmin(ReadOnly):
    list_display = (
        "promised_on",
        "centre",
        "type",
        "first_name",
        "last_name",
        "phone",
        "state",
        "outcome",
        "closed_by",
    )
    list_filter = ("state", "centre")
    list_select_related = ("centre", "type")
    actions = ("close",)
    action_form = OutcomeForm

    def has_close_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("booking.change_callbackrequest")

    @admin.action(description=_("Clore, avec la suite donnée"), permissions=["close"])
    def close(self, request: HttpRequest, queryset: QuerySet[CallbackRequest]) -> None:
        outcome, note = request.POST.get("outcome", ""), request.POST.get("note", "")
        if outcome not in CallbackRequest.Outcome.values:
            messages.error(request, _("Choisissez la suite donnée, puis recommencez."))
            return
        agent = Actor("agent", request.user.get_username())
        closed, late = 0, 0
        for asked in queryset:
            try:
                close_callback(
                    uid=asked.uid, outcome=outcome, note=note, now=timezone.now(), actor=agent
                )
                closed += 1
            except CallbackClosed:
                late += 1
        if closed:
            done = ngettext("%(count)s demande close.", "%(count)s demandes closes.", closed)
            messages.success(request, done % {"count": closed})
        if late:
            already = ngettext(
                "%(count)s demande avait déjà été traitée : elle reste comme elle était.",
                "%(count)s demandes avaient déjà été traitées : elles restent comme elles étaient.",
                late,
            )
            messages.warning(request, already % {"count": late})
