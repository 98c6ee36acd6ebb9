"""A family asks to come earlier, changes its mind, and answers what it is offered, by its links."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from booking import actions, waiting_links, waitlist
from booking.actions.waiting import Wishes
from booking.models import Appointment, WaitingListEntry, WaitingListOffer
from centres.models import ShiftType
from tests.factories import make_appointment, make_shift, make_site, make_type
from tests.frontend.pages import booked, link, read, text

pytestmark = pytest.mark.django_db
WISHES = {"days": ["1", "2", "3", "4", "5", "6"], "moment": "", "notice": "0"}


@pytest.fixture
def appointment() -> Appointment:
    """In six weeks, at a doctor's who also works in ten days."""
    site = make_site(name="Espace des Halles")
    kind, now = make_type(notice_min=0), datetime.now(UTC).replace(minute=0, second=0)
    days = [
        make_shift(starts_at=now + timedelta(days=number), site=site, types=[kind])
        for number in (42, 12)
    ]
    return booked(shift=days[0])


def ask(client: Client, appointment: Appointment, **wishes: object) -> str:
    typed = {**WISHES, "sites": [str(appointment.site_id)], **wishes}
    response = client.post(link(appointment, "earlier"), typed)
    return response.headers.get("Location", f"{response.status_code} {text(response)}")


def offer_to(appointment: Appointment) -> WaitingListOffer:
    """A time in twelve days, given back now and offered by day."""
    now = datetime.now(UTC)
    if WaitingListEntry.objects.count() == 0:
        wishes = Wishes(sites=(appointment.site_id,))
        actions.ask_for_earlier(uid=appointment.uid, wishes=wishes, now=now)
    first = ShiftType.objects.filter(type=appointment.type).order_by("starts_at").first()
    assert first is not None
    freed = make_appointment(first.shift, type=appointment.type)
    Appointment.objects.filter(pk=freed.pk).update(
        state="cancelled", reoffer_at=now + timedelta(minutes=30)
    )
    (pk,) = waitlist.freed_times(now=now)
    offer = actions.offer_freed(appointment_id=pk, now=now)
    assert offer is not None
    return offer


def page_of(offer: WaitingListOffer) -> str:
    return reverse("offer", args=[waiting_links.offer_token(offer)])


def test_the_appointments_page_leads_there_and_one_press_asks(
    client: Client, appointment: Appointment
) -> None:
    assert "Me prévenir si une place se libère" in read(client, link(appointment))
    form = client.get(link(appointment, "earlier"))
    assert form.content.decode().count("checked") >= 7, "all days and the place are ticked"
    assert ask(client, appointment) == f"{link(appointment)}?attente=1"
    entry = WaitingListEntry.objects.get()
    assert (entry.appointment, entry.asked_by, entry.days) == (
        appointment,
        "family",
        [1, 2, 3, 4, 5, 6, 7],
    )
    page = read(client, link(appointment), attente=1)
    assert "Votre rendez-vous est gardé" in page
    assert "Changer ou retirer ma demande" in page


def test_wishes_are_kept_shown_again_and_changed(client: Client, appointment: Appointment) -> None:
    until = (datetime.now(UTC) + timedelta(days=30)).date()
    boxes = {"until_on_day": until.day, "until_on_month": until.month, "until_on_year": until.year}
    ask(client, appointment, days=["3"], moment="matin", is_same_person="on", **boxes)
    entry = WaitingListEntry.objects.get()
    assert (entry.days, entry.closes.hour, entry.until_on) == ([3], 12, until)  # type: ignore[union-attr]
    assert entry.practitioner == appointment.practitioner
    again = client.get(link(appointment, "earlier")).content.decode()
    assert f'value="{until.year}"' in again
    ask(client, appointment, days=["2"])
    entry.refresh_from_db()
    assert (entry.days, entry.until_on, entry.practitioner) == ([2], None, None)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"days": []}, "Cochez au moins un jour"),
        ({"sites": []}, "Cochez au moins un lieu"),
        ({"sites": ["999999"]}, "point à corriger"),
        (
            {"until_on_day": "1", "until_on_month": "1", "until_on_year": "2020"},
            "Ce jour est déjà passé",
        ),
    ],
)
def test_what_cannot_be_is_said_and_asks_for_nothing(
    client: Client, appointment: Appointment, typed: dict[str, object], says: str
) -> None:
    assert says in ask(client, appointment, **typed)
    assert not WaitingListEntry.objects.exists()


def test_a_request_is_withdrawn_by_one_press(client: Client, appointment: Appointment) -> None:
    ask(client, appointment)
    response = client.post(link(appointment, "earlier"), {"retirer": "1"}, follow=True)
    assert "Votre demande est retirée" in text(response)
    assert WaitingListEntry.objects.get().ending == "withdrawn"


def test_an_appointment_of_tomorrow_is_not_brought_forward(client: Client) -> None:
    soon = booked(shift=make_shift(starts_at=datetime.now(UTC) + timedelta(hours=20)))
    assert "Me prévenir" not in read(client, link(soon))
    assert client.get(link(soon, "earlier")).status_code == 409


def test_looking_at_an_offer_changes_nothing(client: Client, appointment: Appointment) -> None:
    offer = offer_to(appointment)
    page = read(client, page_of(offer))
    assert "Gardée pour vous jusqu’à" in page
    assert "Votre rendez-vous actuel" in page
    assert "Une place est gardée pour vous" in read(client, link(appointment))
    offer.refresh_from_db()
    assert offer.state == "open"


def test_one_press_takes_it(client: Client, appointment: Appointment) -> None:
    offer = offer_to(appointment)
    response = client.post(page_of(offer), {"reponse": "oui"})
    assert response.headers["Location"] == f"{link(appointment)}?deplace=1"
    appointment.refresh_from_db()
    assert (appointment.starts_at, appointment.sequence) == (offer.starts_at, 1)
    again = client.post(page_of(offer), {"reponse": "oui"})
    assert again.headers["Location"] == f"{link(appointment)}?deplace=1"
    assert client.get(page_of(offer)).headers["Location"] == link(appointment)


def test_one_press_leaves_it_to_the_next(client: Client, appointment: Appointment) -> None:
    offer = offer_to(appointment)
    response = client.post(page_of(offer), {"reponse": "non"}, follow=True)
    assert "La place va à une autre famille" in text(response)
    assert "Vous restez sur la liste d’attente" in text(response)
    offer.refresh_from_db()
    assert (offer.state, offer.answered_by) == ("refused", "family")


def test_too_late_is_said_and_moves_nothing(client: Client, appointment: Appointment) -> None:
    offer = offer_to(appointment)
    actions.end_offer(uid=offer.uid, now=offer.answer_by)
    for response in (client.get(page_of(offer)), client.post(page_of(offer), {"reponse": "oui"})):
        assert response.status_code == 410
        assert "Il est trop tard" in text(response)
        assert "Votre rendez-vous n’a pas changé" in text(response)
    appointment.refresh_from_db()
    assert appointment.sequence == 0


def test_the_short_address_leads_to_the_offer(client: Client, appointment: Appointment) -> None:
    offer = offer_to(appointment)
    path = waiting_links.offer_short_link(offer).partition("/o/")[2]
    assert client.get(f"/o/{path}").headers["Location"] == page_of(offer)
    assert client.get(f"/o/{path[:-1]}").status_code == 404
    assert client.get(f"/s/{path}").status_code == 404, "not an appointment's"
    assert client.get(f"/l/{path}").status_code == 404, "not a request's"


def test_a_request_without_appointment_has_a_page_of_its_own(
    client: Client, appointment: Appointment
) -> None:
    assert appointment.guardian is not None
    entry = actions.ask_for_any(
        guardian=appointment.guardian,
        child=appointment.child,
        kind=appointment.type,
        centre=appointment.centre,
        wishes=Wishes(sites=(appointment.site_id,)),
        now=datetime.now(UTC),
    )
    short = waiting_links.entry_short_link(entry).partition("/l/")[2]
    url = client.get(f"/l/{short}").headers["Location"]
    assert "Dès qu’une place se libère" in read(client, url)
    typed = {**WISHES, "days": ["4"], "sites": [str(appointment.site_id)]}
    assert "C’est noté" in text(client.post(url, typed, follow=True))
    assert WaitingListEntry.objects.get().days == [4]
    assert "Vous n’êtes plus" in text(client.post(url, {"retirer": "1"}, follow=True))
    assert client.post(url, typed).status_code == 410
