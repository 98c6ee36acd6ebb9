"""Administration of practitioners, of staff accounts and their memberships."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from centres import actions
from centres.admin.telling import signer, tell_changes, tell_expansion
from centres.models import AccountEvent, Department, Membership, Practitioner, User

# Each is a line to copy by hand.
LINKS_AT_ONCE = 10


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
    readonly_fields = ("last_used_at", "suspended_at")


class EventInline(admin.TabularInline[AccountEvent, User]):
    """What happened to the account: read only, as history is."""

    model = AccountEvent
    extra = 0
    fields = readonly_fields = ("at", "action", "by", "note")

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    has_change_permission = has_delete_permission = has_add_permission


@admin.register(User)
class UserAdmin(DjangoUserAdmin):  # type: ignore[type-arg]  # not generic at run time
    """Accounts are made without a password: the person chooses it by a link that is shown once."""

    ordering = ("email",)
    list_display = ("email", "first_name", "last_name", "is_staff", "is_active", "last_login")
    list_filter = (
        "is_active",
        "memberships__role",
        ("memberships__suspended_at", admin.EmptyFieldListFilter),
    )
    search_fields = ("email", "first_name", "last_name")
    inlines = (MembershipInline, EventInline)
    actions = ("make_links", "reset_log_ins", "restore")
    fieldsets = (
        (None, {"fields": ("email", "first_name", "last_name")}),
        (_("Droits"), {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
    )
    add_form = forms.modelform_factory(User, fields=("email", "first_name", "last_name"))
    add_fieldsets = ((None, {"fields": ("email", "first_name", "last_name")}),)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Whoever is no superuser makes none, nor staff of the administration."""
        is_super = signer(request).is_superuser
        return () if is_super else ("is_staff", "is_superuser", "groups")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nor has a hand on one's account, such as its address, to which links go."""
        is_above = obj is not None and obj.is_superuser and not signer(request).is_superuser
        return super().has_change_permission(request, obj) and not is_above

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        """An account opened or closed here is so by hand; any other field leaves it as it was."""
        obj.email = obj.email.lower()
        if obj.is_active or "is_active" in form.changed_data:
            obj.lapsed_at = None
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)
        if not change:
            self._show_link(request, obj)

    @admin.action(
        permissions=["change"], description=_("Créer un lien pour choisir un mot de passe")
    )
    def make_links(self, request: HttpRequest, users: QuerySet[User]) -> None:
        for user in _within_reach(request, users):
            self._show_link(request, user)

    @admin.action(
        permissions=["change"],
        description=_("Remettre la connexion à zéro (téléphone ou mot de passe perdu)"),
    )
    def reset_log_ins(self, request: HttpRequest, users: QuerySet[User]) -> None:
        for user in _within_reach(request, users):
            link = actions.reset_log_in(user=user, by=signer(request).email, now=timezone.now())
            self._show(request, user, link)

    @admin.action(permissions=["change"], description=_("Rendre les habilitations suspendues"))
    def restore(self, request: HttpRequest, users: QuerySet[User]) -> None:
        number = actions.restore_memberships(
            users=users, by=signer(request).email, now=timezone.now()
        )
        text = ngettext(
            "%(number)s habilitation est rendue.", "%(number)s habilitations sont rendues.", number
        )
        anew = _("Les comptes qui avaient expiré recommencent par un lien à créer.")
        self.message_user(request, f"{text % {'number': number}} {anew}")

    def _show_link(self, request: HttpRequest, user: User) -> None:
        link = actions.link_to_choose(user=user, by=signer(request).email, now=timezone.now())
        self._show(request, user, link)

    def _show(self, request: HttpRequest, user: User, link: str) -> None:
        text = _(
            "Lien de %(user)s, montré une seule fois, bon une seule fois et pendant trois jours : "
            "%(link)s"
        )
        self.message_user(request, text % {"user": user.email, "link": link})


def _within_reach(request: HttpRequest, users: QuerySet[User]) -> QuerySet[User]:
    """Whoever is no superuser may not take over, by a link, the account of one, nor of somebody
    who has more rights than they see to: of another Département."""
    me = signer(request)
    if not me.is_superuser:
        roles = me.memberships.filter(role=Membership.Role.ADMINISTRATOR, suspended_at=None)
        elsewhere = Membership.objects.exclude(department__in=roles.values("department"))
        is_alone = Department.objects.count() <= 1
        users = users.filter(is_superuser=False)
        users = users if is_alone else users.exclude(pk__in=elsewhere.values("user"))
    return users[:LINKS_AT_ONCE]
