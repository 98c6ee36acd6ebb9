"""What a family's browser does over HTTP: hold, confirm, move, cancel. Tests use it too."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from bench.client import Answer, Client
from booking.access import contact_token

# Families of an earlier run on a kept database are others.
RUN = secrets.token_hex(3)
# One private network of addresses: no two families share a rate limit.
_numbers = itertools.count(1)


def addresses() -> Iterator[str]:
    for number in _numbers:
        yield f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


_addresses = addresses()


@dataclass(slots=True)
class Family:
    """One family, whose e-mail address is proved between its two requests, as by a code."""

    client: Client
    type_slug: str
    centre_slug: str
    email: str = ""
    token: str = ""
    born_on: date = field(default_factory=lambda: datetime.now(UTC).date() - timedelta(days=380))

    def __post_init__(self) -> None:
        self.new_person()

    def new_person(self) -> None:
        """Become another family: new address, new e-mail, nothing held."""
        self.client.address = next(_addresses)
        self.email = f"bench-{RUN}-{self.client.address}@example.org"
        self.client.cookies = {}
        self.token = ""

    def prove(self) -> None:
        """Have the e-mail address proved: the cookie that the page of the code sets."""
        self.client.cookies["contact"] = contact_token(self.email, now=datetime.now(UTC))

    def hold(self, choice: str) -> Answer:
        """Press the button of a time, `minute-site`. A 302 leads on to the held time's page."""
        address = f"/rdv/{self.type_slug}/{self.centre_slug}/retenir/"
        answer = self.client.post(address, {"creneau": choice})
        if answer.status == 302:
            self.token = answer.location.split("/")[2]
        return answer

    def send_details(self, token: str) -> Answer:
        """A 302 leads on to the page of the code, or to the appointment's once that is proved."""
        return self.client.post(f"/retenu/{token}/", self._details())

    def confirm(self, token: str) -> Answer:
        """Send the details, proved. A 302 leads on to the appointment's page: its link is kept."""
        self.prove()
        answer = self.send_details(token)
        if answer.status == 302:
            self.token = answer.location.split("/")[2]
        return answer

    def _details(self) -> dict[str, object]:
        return {
            "child_first_name": "Maëlys",
            "child_born_on_day": self.born_on.day,
            "child_born_on_month": self.born_on.month,
            "child_born_on_year": self.born_on.year,
            "first_name": "Karim",
            "last_name": "Le Goff",
            "email": self.email,
            "phone": "",
        }

    def release(self, token: str) -> Answer:
        return self.client.post(f"/retenu/{token}/rendre/", {})

    def cancel(self, token: str) -> Answer:
        return self.client.post(f"/r/{token}/annuler/", {"reason": ""})

    def hold_move(self, token: str, choice: str) -> Answer:
        """Hold a new time for an appointment. A 302 leads on to the page that confirms the move."""
        return self.client.post(f"/r/{token}/deplacer/", {"creneau": choice})

    def confirm_move(self, address: str) -> Answer:
        return self.client.post(address, {})
