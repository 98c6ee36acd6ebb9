"""The promised call from which an agent books: its id goes along in addresses and forms, each page
on the way says whom one calls, and the booking that comes of it closes it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from django.http import QueryDict

from booking import actions
from booking.actions.callbacks import Called
from booking.actors import Actor
from booking.models import Appointment, CallbackRequest
from frontend.fields import written
from frontend.forms_talking import CALL
from frontend.staff import Desk
from frontend.waiting_words import Asked, is_hidden


class Calling(Asked):
    """A request that is being answered: an agent is on the phone with who asked it."""

    @property
    def wishes(self) -> dict[str, str]:
        """What the addresses of the next pages say: which call, where and what for. A discreet type
        is not this desk's to read there either."""
        kind, centre = self.asked.type, self.asked.centre
        wishes = {CALL: str(self.asked.uid), "centre": centre.slug}
        return wishes if is_hidden(kind, centre.pk, self.desk) else {**wishes, "kind": kind.slug}

    @property
    def carried(self) -> str:
        return urlencode(self.wishes)

    @property
    def phone(self) -> str:
        return written(self.asked.phone)

    @property
    def initial(self) -> dict[str, str]:
        """What the form of a new family knows already."""
        asked = self.asked
        person = {
            "first_name": asked.first_name,
            "last_name": asked.last_name,
            "phone": self.phone,
            "email": asked.email,
            "language": asked.language,
        }
        return {**person, **self.wishes}

    def book(self, act: Callable[[], Appointment | None], *, now: datetime) -> Called:
        """Raises whatever `act` raises."""
        actor = Actor("agent", self.desk.label)
        return actions.book_called(uid=self.asked.uid, book=act, now=now, actor=actor)


def calling(given: QueryDict, desk: Desk) -> Calling | None:
    """The call an address or a form names, while it is open and of one of the desk's centres: one
    query. Anything else is as if none was named."""
    try:
        uid = UUID(given.get(CALL, ""))
    except ValueError:
        return None
    found = CallbackRequest.objects.filter(uid=uid, state="open", centre__in=desk.centres)
    asked = found.select_related("centre", "type").first()
    return Calling(asked, desk) if asked else None
