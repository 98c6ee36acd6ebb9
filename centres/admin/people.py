"""Administration of practitioners, of staff accounts and their memberships."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from centres import actions
from centres.admin.telling import signer, tell_changes, tell_expansion
from centres.models import Membership, Practitioner, User


@admin.register(Practitioner)
class PractitionerAdmin(admin.ModelAdmin[Practitioner]):
    list_display = ("last_name", "first_name", "profession", "is_active")
    list_filter = ("profession", "is_active")
    search_fields = ("last_name", "first_name")

    def save_model(self, request: HttpRequest, obj: Practitioner, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        """Somebody who stops working here is not offered a minute longer."""
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            rules = list(obj.rules.values_list("pk", flat=True))
            done = actions.expand_rules(today=timezone.localdate(), rule_ids=rules)
            cancelled = [] if obj.is_active else self._cancel_the_rest(request, obj)
        tell_expansion(request, done)
        tell_changes(request, cancelled)

    def _cancel_the_rest(self, request: HttpRequest, obj: Practitioner) -> list[actions.Change]:
        """Half-days edited by hand, or taken over from somebody else, which no rule withdraws."""
        return actions.cancel_shifts_of(
            practitioner_id=obj.pk, author=signer(request), now=timezone.now()
        )

    def has_delete_permission(self, request: HttpRequest, obj: Practitioner | None = None) -> bool:
        return False


class MembershipInline(admin.TabularInline[Membership, User]):
    model = Membership
    extra = 0


@admin.register(User)
class UserAdmin(DjangoUserAdmin):  # type: ignore[type-arg]  # not generic at run time
    ordering = ("email",)
    list_display = ("email", "first_name", "last_name", "is_staff")
    search_fields = ("email", "first_name", "last_name")
    inlines = (MembershipInline,)
    fieldsets = (
        (None, {"fields": ("email", "password", "first_name", "last_name")}),
        (_("Droits"), {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "password1", "password2")}),)
