"""What a page of the console is looked at with: the world of the matrix (tests/architecture), and
what becomes of it before a look."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

from django.test import Client
from django.utils import timezone

from booking import actions
from booking.models import Appointment, CallbackRequest, Declaration, WaitingListOffer
from centres.calendar import to_minute
from centres.models import AppointmentType, Shift, ShiftType, User
from frontend import idle
from notifications import handling
from notifications.models import Inbound, OutboxMessage
from tests.architecture.access.world import Place
from tests.booking.scene import AGENT
from tests.booking.test_desk import about, lost
from tests.factories import (
    PARIS,
    make_appointment,
    make_child,
    make_guardian,
    make_shift,
    make_type,
)
from tests.frontend.staff.people import PASSWORD, make_user, protect
from tests.frontend.staff.practitioners import make_exam, make_vaccine
from tests.notifications.messages import make_route, make_unsure

STATES = ("booked", "arrived", "in_progress", "fulfilled", "noshow", "cancelled", "held")
CSRF = "csrfmiddlewaretoken"


class Fields(HTMLParser):
    """What the forms of a page send when nothing is typed."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, list[str]] = {}
        self._chosen = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        name, value = given.get("name") or "", given.get("value") or ""
        is_off = given.get("type") in ("checkbox", "radio") and "checked" not in given
        if tag == "select":
            self._chosen = name
        elif tag == "option" and "selected" in given:
            self.found.setdefault(self._chosen, []).append(value)
        elif tag in ("input", "textarea") and name not in ("", CSRF) and not is_off:
            self.found.setdefault(name, []).append(value)


def typed(client: Client, path: str) -> dict[str, Any]:
    fields = Fields()
    fields.feed(client.get(path).content.decode())
    return fields.found


def full_day(place: Place, _client: Client) -> None:
    """One visit in each state, of families with an interpreter and without an address."""
    shift = place.appointment.shift
    for number, state in enumerate(STATES):
        guardian = make_guardian(first_name="Aïcha", last_name="Ben", phone="+33639981234")
        make_child(guardian, first_name=f"Enfant{number}")
        guardian.household.language, guardian.household.needs_interpreter = "tr", True
        guardian.household.save()
        make_appointment(
            shift,
            guardian=guardian,
            state=state,
            starts_at=shift.starts_at + timedelta(minutes=60 + 15 * number),
            is_overbooked=True,
            note="Fièvre depuis hier",
            expires_at=timezone.now() + timedelta(minutes=9) if state == "held" else None,
        )
    group = make_type(label="Éveil musical", mode="group", capacity=8)
    beside(shift, types=[group], seats=8)
    beside(shift, types=[make_type(booking="walk_in")])


def beside(shift: Shift, **fields: Any) -> Shift:
    """One more half-day at the same hour and place, with somebody else."""
    return make_shift(site=shift.site, starts_at=shift.starts_at, **fields)


def usual_ages(place: Place, client: Client) -> None:
    """A practitioner's day with a child whose next visit is known."""
    make_exam()
    make_vaccine()
    full_day(place, client)


def to_phone(place: Place, _client: Client) -> None:
    """A message that reached nobody, one that may have, a reply, a call to make."""
    lost(place.appointment)
    lost(place.twin, state="undeliverable")


def unsure(place: Place, _client: Client) -> None:
    """It may have arrived, and nobody knows."""
    since = timezone.now() - timedelta(hours=1)
    make_unsure(since=since, **about(place.twin))


def unsure_message(_place: Place) -> dict[str, Any]:
    return {"pk": OutboxMessage.objects.get(state="uncertain").pk}


def provider_broken(_place: Place, _client: Client) -> None:
    make_route(
        "smsfactor",
        "sms",
        circuit="open",
        needs_person=True,
        reason="402 Payment Required",
        opened_at=timezone.now(),
        credit=Decimal(40),
        credit_unit="sms",
    )


def nobody_to_phone(place: Place, _client: Client) -> None:
    Inbound.objects.all().delete()
    CallbackRequest.objects.all().delete()
    OutboxMessage.objects.all().delete()


def called(place: Place, _client: Client) -> None:
    """The call was made, by somebody else meanwhile."""
    values: dict[str, Any] = {"outcome": "answered", "note": "", "actor": AGENT}
    actions.close_callback(uid=place.asked.uid, now=timezone.now(), **values)


def calls_and_waiting(place: Place, _client: Client) -> None:
    """Calls that are late, due and to come; a time held for a family, to be told by phone."""
    assert place.offer.pk
    for days in (-3, 4):
        CallbackRequest.objects.create(
            centre=place.centre,
            type=place.asked.type,
            first_name="Lou",
            phone=f"+33639981{days + 100}",
            promised_on=timezone.localdate() + timedelta(days=days),
            created_at=timezone.now(),
        )


def waiting_over(place: Place, _client: Client) -> None:
    now = timezone.now()
    found = WaitingListOffer.objects.filter(pk=place.offer.pk)
    found.update(state="refused", answered_at=now)


def cancelled(place: Place, _client: Client) -> None:
    actions.cancel(uid=place.appointment.uid, now=timezone.now(), actor=AGENT, reason="grippe")


def two_kinds(place: Place, _client: Client) -> None:
    """The half-day is open to one more type."""
    shift = place.appointment.shift
    ShiftType.objects.create(
        shift=shift, type=make_type(), centre=shift.centre, starts_at=shift.starts_at
    )


def free_choice(place: Place) -> str:
    """A free time of the half-day, as an address names it."""
    shift = place.appointment.shift
    start = to_minute(shift.starts_at + timedelta(minutes=90))
    return f"{start}-{shift.site_id}-{shift.practitioner_id}"


def taken_choice(place: Place) -> str:
    twin = place.twin
    return f"{to_minute(twin.starts_at)}-{twin.site_id}-{twin.practitioner_id}"


def kind(place: Place) -> AppointmentType:
    return place.appointment.type


def wish(place: Place) -> dict[str, Any]:
    """What the family on the phone asks for."""
    visit = place.appointment
    return {
        "guardian": visit.guardian_id,
        "child": place.child.pk,
        "kind": kind(place).slug,
        "centre": place.centre.slug,
    }


def newcomer(place: Place) -> dict[str, Any]:
    """Somebody who is likely the family that is known."""
    guardian = place.appointment.guardian
    assert guardian is not None
    return {
        "first_name": guardian.first_name,
        "last_name": guardian.last_name,
        "phone": "06 39 98 12 34",
        "email": guardian.email,
        "child_first_name": "Inès",
        "child_born_on": "24/11/2025",
        "language": "ar",
        "kind": kind(place).slug,
        "centre": place.centre.slug,
    }


def absent(place: Place) -> dict[str, Any]:
    """Who receives families is away on that day."""
    visit = place.appointment
    on = visit.starts_at.astimezone(PARIS).date().isoformat()
    return {"what": f"p{visit.practitioner_id}", "since_on": on}


def undone(place: Place, _client: Client) -> None:
    now = timezone.now()
    Declaration.objects.filter(pk=place.declaration.pk).update(undone_at=now)


def old(place: Place, _client: Client) -> None:
    """Declared and imported too long ago to be taken back."""
    ago = timezone.now() - timedelta(hours=1)
    Declaration.objects.filter(pk=place.declaration.pk).update(declared_at=ago)
    type(place.imported).objects.filter(pk=place.imported.pk).update(at=ago)


def absences(place: Place) -> dict[str, Any]:
    """The other kind of spreadsheet."""
    return {"centre_slug": place.centre.slug, "what": "absences"}


def one_absence(place: Place, _client: Client, _path: str) -> dict[str, Any]:
    """A spreadsheet of one line, which hits a family."""
    visit = place.appointment
    on = f"{visit.starts_at.astimezone(PARIS):%d/%m/%Y}"
    line = f"{visit.practitioner};formation;{on};{on}"
    return {"text": f"professionnel;raison;premier jour;dernier jour\n{line}"}


def another_end(_place: Place, client: Client, path: str) -> dict[str, Any]:
    """The export of the same page, with a rule that ends sooner."""
    text = client.get(f"{path}export.csv").content.decode("utf-8-sig")
    return {"text": text.replace("12:00", "11:00")}


def nothing_planned(place: Place, _client: Client) -> None:
    for each in (place.absence, place.rule_change, place.rule):
        type(each)._default_manager.filter(pk=each.pk).delete()


def all_over(place: Place, _client: Client) -> None:
    """Nothing is ahead of this family any more."""
    Appointment.objects.filter(household=place.appointment.household).update(state="fulfilled")


def handled(place: Place, _client: Client) -> None:
    """By a colleague, meanwhile."""
    handling.close(pk=place.message.pk, by="jean@example.org", now=timezone.now())


def looked_up(place: Place, client: Client) -> None:
    client.get(f"/equipe/familles/{place.appointment.household_id}/")


def password_given(place: Place, client: Client) -> None:
    """A colleague has given the right password, and is asked for the code."""
    user = protect(make_user("yann@example.org", "reception", place.centre))
    client.post("/equipe/connexion/", {"username": user.email, "password": PASSWORD})


def protected(_place: Place, client: Client) -> None:
    protect(User.objects.get(pk=client.session["_auth_user_id"]))


def codes_renewed(place: Place, client: Client) -> None:
    protected(place, client)
    client.post("/equipe/connexion/securite/")


def typed_too_late(_place: Place, client: Client) -> None:
    """A form sent after the session had ended, of the same person, who is back."""
    session = client.session
    fields = [("outcome", "again"), ("note", "Rappeler à 18 h")]
    kept = {"user": int(session["_auth_user_id"]), "path": "/equipe/rappels/", "fields": fields}
    session[idle.KEPT] = kept
    session.save()
