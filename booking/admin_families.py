"""Administration of households: how they are written to, and which addresses do not work."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from booking import actions, finding
from booking.contacts import problems_of, spoken_languages
from booking.models import FamilyRead, Guardian, Household


class HouseholdForm(forms.ModelForm[Household]):
    language = forms.ChoiceField(label=_("Langue des messages"), choices=spoken_languages)

    class Meta:
        model = Household
        fields = (
            "language",
            "needs_interpreter",
            "contact_by",
            "contact_from",
            "contact_until",
            "sms_sender",
        )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        since, until = data.get("contact_from"), data.get("contact_until")
        if (since is None) != (until is None):
            self.add_error("contact_until", _("Donnez les deux heures, ou aucune."))
        elif since and until and since >= until:
            self.add_error("contact_until", _("L’heure de fin vient après celle de début."))
        return data


class GuardianForm(forms.ModelForm[Guardian]):
    class Meta:
        model = Guardian
        fields = ("first_name", "last_name", "email", "phone")

    def save(self, commit: bool = True) -> Guardian:  # noqa: FBT001, FBT002  Django's own signature
        """What an agent typed is proved by nobody: the new address opens no page."""
        for name in {"email", "phone"} & set(self.changed_data):
            setattr(self.instance, f"{name}_verified_at", None)
        return super().save(commit)


class GuardianInline(admin.StackedInline[Guardian, Household]):
    model = Guardian
    form = GuardianForm
    fields = (
        ("first_name", "last_name"),
        ("email", "email_verified_at"),
        ("phone", "phone_verified_at"),
        "out_of_order",
    )
    readonly_fields = ("email_verified_at", "phone_verified_at", "out_of_order")
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Household | None = None) -> bool:
        return False

    @admin.display(description=_("en défaut"))
    def out_of_order(self, guardian: Guardian) -> SafeString | str:
        """Where nothing is sent any more, and why."""
        problems = problems_of(guardian)
        lines = ((f"⚠ {each.address}", each.get_reason_display(), each.detail) for each in problems)
        return format_html_join("", "<p><strong>{}</strong> {} {}</p>", lines) or "–"


class HouseholdPages(admin.ModelAdmin[Household]):
    """Found by a guardian's name, address or number; made and ended by bookings only."""

    form = HouseholdForm
    inlines = (GuardianInline,)
    list_display = ("id", "guardian_names", "language", "contact_by", "sms_sender")
    list_filter = ("contact_by", "language")
    search_fields = ("guardians__last_name", "=guardians__email", "=guardians__phone")
    show_full_result_count = False

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Reading it here is reading too."""
        if object_id.isdecimal() and self.get_object(request, object_id) is not None:
            now = timezone.now()
            actions.note_read(
                reader=str(getattr(request.user, "email", "")),
                household_id=int(object_id),
                centres=finding.centres_of(int(object_id), finding.Scope(None, now)),
                page=FamilyRead.Page.FAMILY,
                now=now,
            )
        return super().change_view(request, object_id, form_url, extra_context)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("guardians")

    @admin.display(description=_("parents"))
    def guardian_names(self, household: Household) -> str:
        return ", ".join(str(guardian) for guardian in household.guardians.all())

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Household | None = None) -> bool:
        return False
