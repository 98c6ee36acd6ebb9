"""The administration, opened by a second factor as every page of the staff is."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _


class Administration(AdminConfig):
    default_site = "frontend.administration.Site"


class Site(AdminSite):
    site_header = site_title = _("Administration d’Emgav")
    index_title = _("Réglages")
    # “Voir le site” leads whoever works here to their own pages.
    site_url = "/equipe/aujourdhui/"

    def has_permission(self, request: HttpRequest) -> bool:
        # Applications are configured before any model may be imported.
        from frontend import second_factor  # noqa: PLC0415

        return super().has_permission(request) and second_factor.is_passed(request)

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """allauth's tables are not shown: secrets are nobody's to read, and a second factor is
        taken from somebody by an action that is recorded (centres.actions). All others are
        narrowed to the Départements of who is logged in."""
        from frontend.compartments import within  # noqa: PLC0415  the same

        given = (model_or_iterable,) if isinstance(model_or_iterable, type) else model_or_iterable
        ours = [model for model in given if not model.__module__.startswith("allauth.")]
        super().register(ours, within(admin_class), **options)
