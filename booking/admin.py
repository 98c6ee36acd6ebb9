"""Administration of appointments: read only here, since only actions change them."""

from __future__ import annotations

import re
from datetime import time
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME, ActionForm
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from booking import policy
from booking.actions import cancel_for_centre, close_callback, replan_household
from booking.actions.calling_off import CalledOff
from booking.actors import Actor
from booking.admin_families import HouseholdPages
from booking.errors import CallbackClosed
from booking.models import (
    Appointment,
    AppointmentEvent,
    CallbackRequest,
    Household,
    PaperOrder,
    ReminderRule,
)
from booking.reminders import QUIET_OUTSIDE


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
    actions = ("call_off",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Appointment], search_term: str
    ) -> tuple[QuerySet[Appointment], bool]:
        """A family reads out its reference as it is printed to it: in two halves."""
        reference = re.sub(r"[\W_]+", "", search_term)
        return super().get_search_results(request, queryset, reference)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Those to be moved or called off are a list of their own: nobody else is, in numbers."""
        offered = super().get_actions(request)
        if request.GET.get(OutsideFilter.parameter_name) != "yes":
            offered.pop("call_off", None)
        return offered

    def has_call_off_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("booking.change_appointment")

    @admin.action(description=_("Annuler, et prévenir les familles"), permissions=["call_off"])
    def call_off(
        self, request: HttpRequest, queryset: QuerySet[Appointment]
    ) -> HttpResponse | None:
        now = timezone.now()
        if "confirmed" in request.POST:
            _tell_called_off(
                request,
                cancel_for_centre(
                    appointment_ids=list(queryset.values_list("pk", flat=True)),
                    now=now,
                    actor=Actor("agent", request.user.get_username()),
                    reason=request.POST.get("reason", ""),
                ),
            )
            return None
        ahead = queryset.filter(state=Appointment.State.BOOKED, starts_at__gt=now)
        appointments = list(ahead.select_related("centre").order_by("starts_at", "id"))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Annuler, et prévenir les familles"),
            "opts": self.opts,
            "appointments": appointments,
            "others": queryset.count() - len(appointments),
            "checkbox": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/appointments_call_off.html", context)


def _tell_called_off(request: HttpRequest, done: CalledOff) -> None:
    count = len(done.cancelled)
    said = ngettext("%(count)s rendez-vous annulé.", "%(count)s rendez-vous annulés.", count) % {
        "count": count
    }
    messages.success(request, said)
    if done.unreached:
        listed = ", ".join(each.spoken_reference for each in done.unreached)
        to_phone = ngettext(
            "Aucun message ne peut joindre une famille, à prévenir vous-même : %(listed)s.",
            "Aucun message ne peut joindre ces familles, à prévenir vous-même : %(listed)s.",
            len(done.unreached),
        )
        messages.warning(request, to_phone % {"listed": listed})


class ReminderRuleForm(forms.ModelForm[ReminderRule]):
    """A rule that can be kept: at an hour when phones may ring, and not beside one that says no."""

    def clean_at(self) -> time:
        at: time = self.cleaned_data["at"]
        if not QUIET_OUTSIDE.opens <= at <= QUIET_OUTSIDE.closes:
            raise forms.ValidationError(_("Aucun rappel ne part avant 8 h ni après 20 h."))
        return at

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or self.cleaned_data
        same = ReminderRule.objects.filter(
            centre=typed.get("centre"), type=typed.get("type")
        ).exclude(pk=self.instance.pk)
        if typed.get("is_off") and same.filter(is_off=False).exists():
            raise forms.ValidationError(
                _("D’autres règles valent pour ce centre et ce motif : supprimez-les d’abord.")
            )
        if not typed.get("is_off") and same.filter(is_off=True).exists():
            raise forms.ValidationError(
                _("Une règle dit déjà qu’il n’y a là aucun rappel : supprimez-la d’abord.")
            )
        return typed


@admin.register(ReminderRule)
class ReminderRuleAdmin(admin.ModelAdmin[ReminderRule]):
    """Unsent reminders follow a change within ten minutes, by themselves."""

    form = ReminderRuleForm
    list_display = ("scope", "moment", "channel", "is_off")
    list_filter = ("channel", "centre")
    list_select_related = ("centre", "type")

    @admin.display(description=_("pour"))
    def scope(self, rule: ReminderRule) -> str:
        named = [str(each) for each in (rule.centre, rule.type) if each is not None]
        return ", ".join(named) or gettext("tout le Département")

    @admin.display(description=_("quand"), ordering="-days_before")
    def moment(self, rule: ReminderRule) -> str:
        if rule.is_off:
            return gettext("jamais")
        if rule.days_before == 0:
            return gettext("le jour même à %(at)s") % {"at": f"{rule.at:%H:%M}"}
        return ngettext("la veille à %(at)s", "%(days)s jours avant à %(at)s", rule.days_before) % {
            "days": rule.days_before,
            "at": f"{rule.at:%H:%M}",
        }

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        super().save_model(request, obj, form, change)
        transaction.on_commit(policy.forget)
        messages.info(request, _("Les rappels déjà prévus suivront d’ici dix minutes."))

    def delete_model(self, request: HttpRequest, obj: ReminderRule) -> None:
        super().delete_model(request, obj)
        transaction.on_commit(policy.forget)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ReminderRule]) -> None:
        super().delete_queryset(request, queryset)
        transaction.on_commit(policy.forget)


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


@admin.register(Household)
class HouseholdAdmin(HouseholdPages):
    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: Any) -> None:
        """What waits to be sent follows the new choices, in the transaction that makes them."""
        super().save_related(request, form, formsets, change)
        replan_household(household_id=form.instance.pk, now=timezone.now())


@admin.register(PaperOrder)
class PaperOrderAdmin(admin.ModelAdmin[PaperOrder]):
    """Who gets which list in the evening; nobody does who does not work there."""

    list_display = ("site", "user", "at", "ordered_at")
    list_filter = ("site__centre",)
    raw_id_fields = ("user",)
    list_select_related = ("site__centre", "user")
