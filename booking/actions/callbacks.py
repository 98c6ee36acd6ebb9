"""Call-back requests: when no free time suits, the centre promises a call by a date."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import transaction

from booking import rules
from booking.models import CallbackRequest
from centres.models import Centre, PublicHoliday


@transaction.atomic
def request_callback(
    *,
    centre_id: int,
    type_id: int,
    first_name: str,
    last_name: str,
    phone: str,
    now: datetime,
    email: str = "",
    language: str = "fr",
    preference: str = "",
) -> CallbackRequest:
    """Ask to be called back. Asking again, with the same phone, returns the open request."""
    centre = Centre.objects.get(pk=centre_id)
    today = now.astimezone(ZoneInfo(centre.time_zone)).date()
    holidays = PublicHoliday.objects.filter(
        department_id=centre.department_id, on__gte=today
    ).values_list("on", flat=True)
    CallbackRequest.objects.bulk_create(
        [
            CallbackRequest(
                centre=centre,
                type_id=type_id,
                first_name=first_name,
                last_name=last_name,
                phone=phone,
                email=email,
                language=language,
                preference=preference[:200],
                promised_on=rules.callback_promise(today=today, holidays=frozenset(holidays)),
                created_at=now,
            )
        ],
        ignore_conflicts=True,
    )
    return CallbackRequest.objects.select_related("centre", "type").get(
        centre=centre, type_id=type_id, phone=phone, state=CallbackRequest.State.OPEN
    )
