"""What tests of pages share: an appointment and its address, the text of a page, its errors."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from booking import throttle
from booking.access import manage_token
from booking.models import Appointment, RateCounter
from frontend import limits
from tests.factories import make_appointment, make_guardian, make_shift, make_site, make_type

SPACES = re.compile(r"\s+")


def link(appointment: Appointment, name: str = "appointment", *more: str) -> str:
    """The address of one of the appointment's pages."""
    return reverse(name, args=[manage_token(appointment), *more])


def booked(**fields: Any) -> Appointment:
    """An appointment next Tuesday at nine, at a site whose address is sure."""
    if not {"shift", "starts_at"} & fields.keys():
        site = make_site(
            certainty="sure", name="Espace des Halles", address="12, place du Parlement"
        )
        fields["shift"] = make_shift(site=site, types=[make_type(notice_min=0)])
    fields.setdefault("guardian", make_guardian(phone="+33639981234"))
    return make_appointment(**fields)


def plain(page: str) -> str:
    """With plain single spaces, however its typography breaks no line."""
    return SPACES.sub(" ", page).strip()


def text(response: HttpResponse) -> str:
    """What a person reads on the page: no tags, plain spaces."""
    body = response.content.decode().split("<main", 1)[-1].split("</main>")[0]
    return plain(unescape(re.sub(r"<[^>]*>", " ", body)))


def read(client: Client, url: str, *, status: int = 200, **params: Any) -> str:
    """The text of a page, which must answer with this status."""
    response = client.get(url, params)
    assert response.status_code == status
    return text(response)


def exhaust(budget: str, *, tries: int = 10_000, address: str = "127.0.0.1") -> None:
    """Make believe that this address posted very often in the last minutes."""
    is_hold = budget == limits.HOLDS.name
    window = int(datetime.now(UTC).timestamp()) // (limits.HOLDS.seconds if is_hold else 600)
    turn = f"{window % 2}:" if is_hold else ""
    RateCounter.objects.update_or_create(
        key=f"{turn}{budget}:{address}", defaults={"window": window, "count": tries}
    )
    throttle._tallies[f"{budget}:{address}"] = throttle._Tally(window, told=tries)
