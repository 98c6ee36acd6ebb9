"""Administration of single half-days: found, edited, cancelled and restored, one by one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import PermissionDenied
from django.db.models import Model, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from centres import actions
from centres.actions import Change
from centres.actions.shifts import ShiftFields
from centres.admin.telling import said, signer, tell_changes
from centres.calendar import wall
from centres.errors import Refusal
from centres.models import AppointmentType, Practitioner, Shift, Site

MOST_AT_ONCE = 200
FARTHEST_DAYS = 730
CENTRE = "centre__id__exact"  # the parameter of Django's own filter by centre


class NoteForm(forms.Form):
    """Why a half-day changes."""

    note = forms.CharField(label=_("Motif"), max_length=200, required=False)


class ShiftForm(NoteForm):
    """What may be changed of one half-day, in the local time of its centre."""

    on = forms.DateField(label=_("Jour"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))
    opens = forms.TimeField(label=_("De"), widget=forms.TimeInput({"type": "time"}, "%H:%M"))
    closes = forms.TimeField(label=_("À"), widget=forms.TimeInput({"type": "time"}, "%H:%M"))
    seats = forms.IntegerField(label=_("Places"), min_value=1, max_value=1000)
    agent_reserve = forms.IntegerField(
        label=_("Gardés pour les agents"), min_value=0, max_value=1000
    )

    def __init__(self, data: Any = None, *, shift: Shift) -> None:
        self.zone = ZoneInfo(shift.centre.time_zone)
        starts, ends = (at.astimezone(self.zone) for at in (shift.starts_at, shift.ends_at))
        offered = list(shift.offers.values_list("type_id", flat=True))
        super().__init__(
            data,
            initial={
                "on": starts.date(),
                "opens": starts.time(),
                "closes": ends.time(),
                "practitioner": shift.practitioner_id,
                "site": shift.site_id,
                "seats": shift.seats,
                "agent_reserve": shift.agent_reserve,
                "types": offered,
            },
        )
        self.fields |= _choices(shift, offered)
        self.order_fields(["on", "opens", "closes", "practitioner", "site", "types"])

    def clean_on(self) -> Any:
        on, today = self.cleaned_data["on"], timezone.localdate()
        if abs((on - today).days) > FARTHEST_DAYS:
            raise forms.ValidationError(_("Choisissez un jour à moins de deux ans d’ici."))
        return on

    def wanted(self) -> ShiftFields:
        """What was asked for, as the action takes it."""
        given = self.cleaned_data
        return {
            "starts_at": wall(given["on"], given["opens"], self.zone),
            "ends_at": wall(given["on"], given["closes"], self.zone),
            "practitioner_id": given["practitioner"].pk,
            "site_id": given["site"].pk,
            "seats": given["seats"],
            "agent_reserve": given["agent_reserve"],
            "type_ids": [kind.pk for kind in given["types"]],
        }


def _choices(shift: Shift, offered: list[int]) -> dict[str, forms.Field]:
    """The fields whose choices depend on the half-day. People are found by typing their name."""
    practitioner = Shift._meta.get_field("practitioner")  # noqa: SLF001 - documented API
    return {
        "practitioner": forms.ModelChoiceField(
            Practitioner.objects.filter(department=shift.centre.department_id),
            label=_("Professionnel·le"),
            widget=AutocompleteSelect(practitioner, admin.site),
        ),
        "site": forms.ModelChoiceField(
            Site.objects.filter(centre=shift.centre_id), label=_("Lieu"), empty_label=None
        ),
        "types": forms.ModelMultipleChoiceField(
            AppointmentType.objects.filter(Q(is_active=True) | Q(pk__in=offered)),
            label=_("Motifs"),
            widget=forms.CheckboxSelectMultiple,
        ),
    }


class WhenFilter(admin.SimpleListFilter):
    """Half-days to come, unless asked otherwise."""

    title = _("période")
    parameter_name = "when"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("past", _("Passées")), ("all", _("Toutes"))]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        first, *others = super().choices(changelist)
        yield {**first, "display": _("À venir")}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Shift]) -> QuerySet[Shift]:
        now = timezone.now()
        if self.value() == "all":
            return queryset
        if self.value() == "past":
            return queryset.filter(ends_at__lte=now)
        return queryset.filter(ends_at__gt=now)


class OfCentreFilter(admin.SimpleListFilter):
    """A short list: only what the chosen centre has; nothing until one is chosen."""

    model: type[Model]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        centre = request.GET.get(CENTRE)
        chosen = self.used_parameters.get(str(self.parameter_name))
        wanted = Q(pk=chosen) if _is_id(chosen) else Q(pk=None)
        if _is_id(centre):
            wanted |= Q(pk__in=self.of_centre(int(str(centre))))
        found = self.model._default_manager.filter(wanted)  # noqa: SLF001 - documented API
        return [(each.pk, str(each)) for each in found]

    def of_centre(self, centre: int) -> QuerySet[Any, Any]:
        raise NotImplementedError

    def queryset(self, request: HttpRequest, queryset: QuerySet[Shift]) -> QuerySet[Shift]:
        chosen = self.value()
        return queryset.filter(**{f"{self.parameter_name}": chosen}) if _is_id(chosen) else queryset


def _is_id(text: Any) -> bool:
    return bool(re.fullmatch(r"[0-9]{1,18}", str(text)))


class SiteFilter(OfCentreFilter):
    title = _("lieu")
    parameter_name = "site"
    model = Site

    def of_centre(self, centre: int) -> QuerySet[Any, Any]:
        return Site.objects.filter(centre=centre).values("pk")


class PractitionerFilter(OfCentreFilter):
    title = _("professionnel·le")
    parameter_name = "practitioner"
    model = Practitioner

    def of_centre(self, centre: int) -> QuerySet[Any, Any]:
        shifts = Shift.objects.filter(centre=centre, starts_at__gt=timezone.now())
        return shifts.values("practitioner")


@admin.register(Shift)
class ShiftAdmin(admin.ModelAdmin[Shift]):
    """Rules make half-days; here one is found, and changed alone."""

    list_display = ("day", "hours", "practitioner", "site", "centre", "booked", "status", "edited")
    list_filter = (
        WhenFilter,
        "centre",
        SiteFilter,
        PractitionerFilter,
        "status",
        "is_edited",
    )
    list_select_related = ("practitioner", "site", "centre")
    list_per_page = 50
    search_fields = ("practitioner__last_name", "practitioner__first_name", "site__name")
    date_hierarchy = "starts_at"
    ordering = ("starts_at", "pk")
    show_full_result_count = False
    actions = ("cancel_chosen", "restore_chosen")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Shift | None = None) -> bool:
        return False

    @admin.display(description=_("jour"), ordering="starts_at")
    def day(self, shift: Shift) -> str:
        return date_format(_local(shift, shift.starts_at), "D j N Y")

    @admin.display(description=_("heures"))
    def hours(self, shift: Shift) -> str:
        starts, ends = (_local(shift, at) for at in (shift.starts_at, shift.ends_at))
        return f"{starts:%H:%M} – {ends:%H:%M}"

    @admin.display(description=_("rendez-vous"))
    def booked(self, shift: Shift) -> str:
        return f"{shift.taken} / {shift.seats}" if shift.seats > 1 else str(len(shift.busy) // 2)

    @admin.display(description=_("modifiée"), boolean=True)
    def edited(self, shift: Shift) -> bool:
        return shift.is_edited

    @admin.action(description=_("Annuler les demi-journées choisies"), permissions=["change"])
    def cancel_chosen(self, request: HttpRequest, queryset: QuerySet[Shift]) -> None:
        self._each(request, queryset, actions.cancel_shift)

    @admin.action(description=_("Rétablir les demi-journées choisies"), permissions=["change"])
    def restore_chosen(self, request: HttpRequest, queryset: QuerySet[Shift]) -> None:
        self._each(request, queryset, actions.restore_shift)

    def _each(
        self, request: HttpRequest, queryset: QuerySet[Shift], action: Callable[..., Change]
    ) -> None:
        """One transaction each: what is refused does not stop the others."""
        ids = list(queryset.values_list("pk", flat=True)[: MOST_AT_ONCE + 1])
        if len(ids) > MOST_AT_ONCE:
            text = _("Choisissez au plus %(count)s demi-journées à la fois.")
            messages.error(request, text % {"count": MOST_AT_ONCE})
            return
        done, author = [], signer(request)
        for pk in ids:
            try:
                done.append(action(shift_id=pk, author=author, now=timezone.now()))
            except Refusal as refusal:
                shift = Shift.objects.get(pk=pk)
                messages.error(request, f"{shift} – {said(refusal)}")
        self._tell(request, done)

    def _tell(self, request: HttpRequest, done: list[Change]) -> None:
        if done:
            text = ngettext(
                "Une demi-journée est à jour.", "%(count)s demi-journées sont à jour.", len(done)
            )
            messages.success(request, text % {"count": len(done)})
        tell_changes(request, done)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Edit one half-day, cancel it, or restore it; with its history and who is left outside."""
        shift = self.get_object(request, unquote(object_id))
        if shift is None:
            raise Http404
        can_change = self.has_change_permission(request, shift)
        if not (can_change or (request.method == "GET" and self.has_view_permission(request))):
            raise PermissionDenied
        form = ShiftForm(request.POST or None, shift=shift)
        if request.method == "POST" and self._is_done(request, shift, form):
            return redirect("admin:centres_shift_change", shift.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": str(shift),
            "shift": shift,
            "form": form,
            "can_change": can_change,
            "is_cancelled": shift.status == Shift.Status.CANCELLED,
            "outside": shift.appointments.outside().order_by("starts_at"),
            "decisions": shift.changes.all(),
            "opts": self.opts,
        }
        return render(request, "admin/shift_change.html", context)

    def _is_done(self, request: HttpRequest, shift: Shift, form: ShiftForm) -> bool:
        """Call the one action that the pressed button names; the form says why it was refused."""
        do = request.POST.get("do", "edit")
        # Only editing needs the other fields right.
        asked = form if do == "edit" else NoteForm(request.POST)
        if not asked.is_valid():
            return False
        signed = {
            "shift_id": shift.pk,
            "author": signer(request),
            "now": timezone.now(),
            "note": asked.cleaned_data["note"],
        }
        try:
            if do == "edit":
                done = actions.edit_shift(**signed, **form.wanted())
            else:
                action = actions.cancel_shift if do == "cancel" else actions.restore_shift
                done = action(**signed)
        except Refusal as refusal:
            form.full_clean()
            form.add_error(None, said(refusal))
            return False
        self._tell(request, [done])
        return True


def _local(shift: Shift, at: datetime) -> datetime:
    return at.astimezone(ZoneInfo(shift.centre.time_zone))
