"""Which centres and types may have messages in words of their own."""

from __future__ import annotations

from centres.models import AppointmentType, Centre
from notifications.wordings import Scopes


def wording_scopes() -> Scopes:
    """Those in use, by name."""
    return Scopes(
        centres=list(Centre.objects.order_by("name").values_list("slug", "name")),
        types=list(
            AppointmentType.objects.filter(is_active=True)
            .order_by("label")
            .values_list("slug", "label")
        ),
    )
