"""The scene of the booking pages' tests: an open centre with one free morning, and a family."""

from dataclasses import dataclass
from typing import Any

from django.test import Client
from django.urls import reverse

from booking.access import appointment_for_hold
from booking.models import Appointment
from centres.calendar import to_minute
from centres.models import AppointmentType, Centre, Shift, Site
from notifications.models import OutboxMessage
from tests.factories import make_centre, make_shift, make_site, make_type

LEA: dict[str, str] = {
    "child_first_name": "Malo",
    "child_born_on_day": "3",
    "child_born_on_month": "3",
    "child_born_on_year": "2026",
    "first_name": "Léa",
    "last_name": "Le Goff",
    "email": "Lea@Example.org",
}


@dataclass
class Scene:
    """A centre, a type, and the morning (9:00 to 12:00 on a Tuesday) that offers it."""

    centre: Centre
    site: Site
    kind: AppointmentType
    shift: Shift

    @property
    def when_url(self) -> str:
        return reverse("when", args=[self.kind.slug, self.centre.slug])

    @property
    def hold_url(self) -> str:
        return reverse("hold", args=[self.kind.slug, self.centre.slug])

    def choice(self, quarter: int = 0) -> str:
        """What the button of the morning's nth quarter of an hour sends."""
        return f"{to_minute(self.shift.starts_at) + 15 * quarter}-{self.site.pk}"


def make_scene(**type_fields: Any) -> Scene:
    site = make_site(make_centre())
    kind = make_type(**{"age_max_months": None} | type_fields)
    return Scene(site.centre, site, kind, make_shift(site=site, types=[kind]))


def hold(client: Client, scene: Scene, quarter: int = 0, **details: str) -> str:
    """Hold a time and return the address of the "who" page."""
    answer = client.post(scene.hold_url, {"creneau": scene.choice(quarter), **details})
    assert answer.status_code in (302, 307), answer.content.decode()
    return answer["Location"]


def held_at(url: str) -> Appointment:
    return appointment_for_hold(url.split("/")[2])


def send_details(client: Client, url: str, **changes: str) -> str:
    """Send Léa's details and return the address of the code page."""
    answer = client.post(url, LEA | changes)
    assert answer.status_code == 302, answer.content.decode()
    return answer["Location"]


def code_sent(email: str = "lea@example.org") -> str:
    """The code in the last message to this address."""
    message = OutboxMessage.objects.filter(kind="code", recipient=email).latest("id")
    return str(message.context["code"])


def book(client: Client, scene: Scene, quarter: int = 0) -> Appointment:
    """The whole way, to a confirmed appointment."""
    who = hold(client, scene, quarter)
    code = send_details(client, who)
    if "/code/" in code:
        assert client.post(code, {"code": code_sent()}).status_code == 302
    return held_at(who)
