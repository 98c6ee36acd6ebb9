"""Call-back requests: when no free time suits, the centre promises a call by a date."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from booking import rules
from booking.actors import Actor
from booking.errors import CallbackClosed
from booking.models import CallbackRequest
from centres.models import Centre, PublicHoliday

State = CallbackRequest.State

# Asked again, the promised date stays; what is said anew counts, what is left empty takes nothing
# back.
ASK = """
INSERT INTO booking_callbackrequest AS known
    (uid, centre_id, type_id, first_name, last_name, phone, email, language, preference,
     promised_on, state, created_at, outcome, note, closed_by)
VALUES (%(uid)s, %(centre)s, %(type)s, %(first_name)s, %(last_name)s, %(phone)s, %(email)s,
        %(language)s, %(preference)s, %(promised_on)s, 'open', %(now)s, '', '', '')
ON CONFLICT (centre_id, type_id, phone) WHERE state = 'open' DO UPDATE SET
    first_name = excluded.first_name, last_name = excluded.last_name,
    language = excluded.language,
    email = coalesce(nullif(excluded.email, ''), known.email),
    preference = coalesce(nullif(excluded.preference, ''), known.preference)
RETURNING id
"""


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
    """Ask to be called back. Asking again with the same phone, for the same type and centre, brings
    the open request up to date: one call, by the date first promised."""
    centre = Centre.objects.get(pk=centre_id)
    today = now.astimezone(ZoneInfo(centre.time_zone)).date()
    holidays = PublicHoliday.objects.filter(
        department_id=centre.department_id, on__gte=today
    ).values_list("on", flat=True)
    values: dict[str, Any] = {
        "uid": uuid4(),
        "centre": centre.pk,
        "type": type_id,
        "first_name": first_name,
        "last_name": last_name,
        "phone": phone,
        "email": email,
        "language": language,
        "preference": preference[:200],
        "promised_on": rules.callback_promise(today=today, holidays=frozenset(holidays)),
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(ASK, values)
        (key,) = cursor.fetchone()
    return CallbackRequest.objects.select_related("centre", "type").get(pk=key)


@transaction.atomic
def close_callback(
    *, uid: UUID, outcome: str, note: str, now: datetime, actor: Actor
) -> CallbackRequest:
    """Say what came of a request, signed and dated; the family may then ask anew.

    Closing twice with the same outcome is one closing. Raises CallbackClosed.
    """
    request = CallbackRequest.objects.select_for_update().get(uid=uid)
    chosen = CallbackRequest.Outcome(outcome)
    if request.state != State.OPEN:
        if request.outcome != chosen:
            raise CallbackClosed
        return request
    request.outcome, request.state = chosen, chosen.state
    request.note = note.strip()[:200]
    request.closed_at, request.closed_by = now, actor.label
    request.save(update_fields=["outcome", "state", "note", "closed_at", "closed_by"])
    return request
