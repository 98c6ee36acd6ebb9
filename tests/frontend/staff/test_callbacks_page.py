"""The desk's calls to make: by day, taken, noted, undone; times to offer by phone; who waits."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from booking import actions
from booking.actions.waiting import Wishes
from booking.actors import Actor
from booking.models import (
    Appointment,
    CallbackRequest,
    CallbackTry,
    WaitingListEntry,
    WaitingListOffer,
)
from centres.models import Centre
from tests.factories import make_appointment, make_guardian, make_shift, make_site, make_type
from tests.frontend.pages import read, text
from tests.frontend.staff.people import at_desk
from tests.messages import become
from tests.notifications.messages import make_row

pytestmark = pytest.mark.django_db
CLAIRE = Actor("agent", "claire@example.org")


@pytest.fixture
def appointment() -> Appointment:
    starts_at = timezone.now() + timedelta(days=30)
    site = make_site(name="Espace des Halles")
    guardian = make_guardian(phone="+33639981234", first_name="Awa", last_name="Diallo")
    shift = make_shift(starts_at=starts_at, site=site, types=[make_type()])
    return make_appointment(shift, guardian=guardian)


@pytest.fixture
def centre(appointment: Appointment) -> Centre:
    return appointment.centre


@pytest.fixture
def claire(centre: Centre) -> Client:
    return at_desk(centre)


def url(centre: Centre) -> str:
    return f"/equipe/rappels/{centre.slug}/"


def asked(appointment: Appointment, *, days: int = 0, **fields: Any) -> CallbackRequest:
    defaults: dict[str, Any] = {
        "type": appointment.type,
        "first_name": "Léa",
        "last_name": "Guillou",
        "phone": f"+3363998{CallbackRequest.objects.count():04}",
        "promised_on": timezone.localdate() + timedelta(days=days),
        "created_at": timezone.now(),
    }
    return CallbackRequest.objects.create(centre=appointment.centre, **defaults | fields)


def waits(appointment: Appointment) -> WaitingListEntry:
    return actions.ask_for_earlier(
        uid=appointment.uid,
        wishes=Wishes(sites=(appointment.site_id,), days=(3,)),
        now=timezone.now(),
    )


def offered(entry: WaitingListEntry, *, way: str = "call") -> WaitingListOffer:
    """A time of tomorrow, held until this evening."""
    now, appointment = timezone.now(), entry.appointment
    assert appointment is not None
    shift = make_shift(starts_at=now + timedelta(days=2), site=appointment.site, types=[entry.type])
    freed = make_appointment(shift)
    Appointment.objects.filter(pk=freed.pk).update(state="cancelled")
    hold = make_appointment(
        shift,
        guardian=None,
        state="held",
        moves=appointment,
        actor="waiting-list",
        expires_at=now + timedelta(hours=3),
    )
    return WaitingListOffer.objects.create(
        entry=entry,
        household=entry.household,
        hold=hold,
        centre=hold.centre,
        site=hold.site,
        practitioner=hold.practitioner,
        starts_at=hold.starts_at,
        way=way,
        offered_at=now,
        told_at=now,
        answer_by=now + timedelta(hours=2),
    )


def note(client: Client, request: CallbackRequest, outcome: str, **typed: Any) -> Any:
    return client.post(f"/equipe/rappels/{request.uid}/", {"outcome": outcome, **typed})


def test_overdue_calls_come_first(claire: Client, centre: Centre, appointment: Appointment) -> None:
    later, late = asked(appointment, days=3), asked(appointment, days=-2)
    page = claire.get(url(centre)).content.decode()
    assert page.index(f'id="r{late.pk}"') < page.index(f'id="r{later.pk}"')
    assert "En retard (1)" in page
    assert len(page) < 80_000


def test_no_answer_is_one_press_and_is_counted(
    claire: Client, centre: Centre, appointment: Appointment
) -> None:
    request = asked(appointment)
    for _ in range(2):
        assert note(claire, request, "again", seen=0).status_code == 302
    assert "1 essai sans réponse" in read(claire, url(centre)).replace("\xa0", " ")
    request.refresh_from_db()
    assert request.state == "open"
    assert request.due_on > timezone.localdate()


def test_booked_leads_to_the_familys_booking_page_and_closes(
    claire: Client, appointment: Appointment
) -> None:
    request = asked(appointment, phone="+33639981234")
    answer = note(claire, request, "booked")
    household = appointment.household_id
    assert answer["Location"].startswith(f"/equipe/familles/{household}/rendez-vous/?")
    assert f"kind={appointment.type.slug}" in answer["Location"]
    assert claire.get(answer["Location"]).status_code in (200, 422)
    request.refresh_from_db()
    assert request.outcome == "booked"


def test_a_number_nobody_knows_leads_to_the_search(
    claire: Client, appointment: Appointment
) -> None:
    answer = note(claire, asked(appointment, phone="+33700000001"), "booked")
    assert answer["Location"] == "/equipe/familles/?q=%2B33700000001"


def test_a_wrong_outcome_is_undone_from_the_page(
    claire: Client, centre: Centre, appointment: Appointment
) -> None:
    request = asked(appointment)
    note(claire, request, "again")
    note(claire, request, "dropped", note="Déménage")
    page = claire.get(url(centre)).content.decode()
    assert "Déménage" in page
    last = CallbackTry.objects.latest("pk")
    assert f'name="appel" value="{last.pk}"' in page
    for _ in range(2):
        claire.post(f"/equipe/rappels/{request.uid}/defaire/", {"appel": last.pk})
    request.refresh_from_db()
    assert request.state == "open"
    made = CallbackTry.objects.filter(undone_at=None)
    assert made.get().outcome == "unreached", "pressed twice, only the last one is undone"
    shown = f'name="appel" value="{made.get().pk}"'
    assert shown in claire.get(url(centre)).content.decode()


def test_colleagues_see_who_takes_a_call(
    claire: Client, centre: Centre, appointment: Appointment
) -> None:
    request, marc = asked(appointment), at_desk(centre, email="marc@example.org")
    claire.post(f"/equipe/rappels/{request.uid}/prendre/")
    assert "Vous vous en occupez" in read(claire, url(centre))
    assert "claire@example.org s’en occupe" in read(marc, url(centre))
    assert marc.post(f"/equipe/rappels/{request.uid}/prendre/").status_code == 409
    claire.post(f"/equipe/rappels/{request.uid}/laisser/")
    assert marc.post(f"/equipe/rappels/{request.uid}/prendre/").status_code == 302
    assert marc.post(f"/equipe/rappels/{request.uid}/perdre/").status_code == 404


def test_a_call_back_is_added_while_talking(
    claire: Client, centre: Centre, appointment: Appointment
) -> None:
    typed = {"first_name": "Ana", "last_name": "Costa", "phone": "06 39 98 12 99"}
    address = f"{url(centre)}ajouter/"
    assert claire.post(address, typed).status_code == 422
    yesterday = timezone.localdate() - timedelta(days=1)
    typed["kind"] = appointment.type.slug
    assert claire.post(address, {**typed, "again_on": yesterday}).status_code == 422
    tomorrow = timezone.localdate() + timedelta(days=1)
    assert claire.post(address, {**typed, "again_on": tomorrow}).status_code == 302
    assert CallbackRequest.objects.get().due_on == tomorrow


def test_a_time_held_for_who_has_no_message_is_answered_by_phone(
    claire: Client, centre: Centre, appointment: Appointment
) -> None:
    offer = offered(waits(appointment))
    page = read(claire, url(centre))
    assert "à proposer par téléphone" in page
    assert "Gardée jusqu’à" in page
    answer = claire.post(f"/equipe/propositions/{offer.uid}/", {"reponse": "oui"})
    assert answer["Location"] == f"/equipe/rendez-vous/{appointment.spoken_reference}/"
    appointment.refresh_from_db()
    assert (appointment.starts_at, appointment.actor) == (offer.starts_at, "claire@example.org")
    assert claire.post(f"/equipe/propositions/{offer.uid}/", {"reponse": "non"}).status_code == 410


def test_who_does_not_pick_up_the_phone_has_refused_nothing(
    claire: Client, appointment: Appointment
) -> None:
    for said, state in (("absent", "withdrawn"), ("non", "refused")):
        WaitingListOffer.objects.all().delete()
        offer = offered(waits(appointment))
        assert claire.post(f"/equipe/propositions/{offer.uid}/", {"reponse": said})
        offer.refresh_from_db()
        assert (offer.state, offer.answered_by) == (state, "claire@example.org")


def test_the_board_counts_and_names_what_is_to_be_proposed_by_phone(
    claire: Client, centre: Centre, appointment: Appointment
) -> None:
    offer = offered(waits(appointment))
    board = f"/equipe/aujourdhui/{centre.slug}/?jour={timezone.localdate(offer.starts_at)}"
    page = read(claire, board).replace("\xa0", " ")
    assert "Rappels à faire : 1" in page
    assert "À proposer par téléphone à une famille en attente" in page
    WaitingListOffer.objects.update(way="message")
    page = read(claire, board).replace("\xa0", " ")
    assert "Rappels à faire : 0" in page
    assert "Proposé à une famille en attente" in page


def test_an_offer_by_message_is_the_desks_only_once_its_message_is_lost(
    claire: Client, centre: Centre, appointment: Appointment
) -> None:
    offer = offered(waits(appointment), way="message")
    make_row(kind="offer", subject_ref=offer.subject_ref, state="planned")
    assert "Refuse" not in read(claire, url(centre))
    become("failed", kind="offer")
    assert "Refuse" in read(claire, url(centre))


def test_an_agent_puts_a_family_on_the_list_and_takes_it_off(
    claire: Client, centre: Centre, appointment: Appointment
) -> None:
    family = f"/equipe/familles/{appointment.household_id}/"
    assert "Plus tôt si possible" in read(claire, family)
    address = f"{family}attente/?rdv={appointment.reference}"
    assert claire.get(address).status_code == 200
    typed = {"days": ["1"], "sites": [appointment.site_id], "notice": "0"}
    assert claire.post(address, typed)["Location"] == family
    entry = WaitingListEntry.objects.get()
    assert (entry.appointment, entry.asked_by) == (appointment, "claire@example.org")
    assert "En liste d’attente" in read(claire, family)
    page = read(claire, url(centre))
    assert "Souhaite" in page
    assert "lundi" in page
    claire.post(f"/equipe/attente/{entry.uid}/retirer/")
    entry.refresh_from_db()
    assert entry.ending == "withdrawn"


def test_without_an_appointment_the_booking_page_leads_to_the_list(
    claire: Client, centre: Centre, appointment: Appointment
) -> None:
    kind, guardian = make_type(audience="adult"), appointment.guardian
    assert guardian is not None
    family = f"/equipe/familles/{appointment.household_id}/"
    wish = f"?guardian={guardian.pk}&child=&kind={kind.slug}&centre={centre.slug}&practitioner="
    page = claire.get(f"{family}rendez-vous/{wish}")
    assert "Inscrire sur la liste d’attente" in text(page)
    typed = {"days": ["1"], "sites": [appointment.site_id], "notice": "0"}
    assert claire.post(f"{family}attente/{wish}", typed)["Location"] == family
    assert WaitingListEntry.objects.get().type == kind
    assert "sans rendez-vous" in read(claire, url(centre))


def test_a_discreet_reason_is_not_read_out_to_the_desk(
    claire: Client, centre: Centre, appointment: Appointment
) -> None:
    secret = make_type(label="Contraception", is_discreet=True)
    asked(appointment, type=secret)
    assert "Contraception" not in read(claire, url(centre))
    manager = at_desk(centre, email="chef@example.org", role="manager")
    assert "Contraception" in read(manager, url(centre))
    for client, does_say in ((claire, False), (manager, True)):
        again = asked(appointment, type=secret, phone="+33639981234")
        answer = note(client, again, "booked")
        assert "/rendez-vous/?guardian=" in answer["Location"]
        assert (f"kind={secret.slug}" in answer["Location"]) is does_say


def test_the_page_reads_as_often_with_ten_as_with_one(
    claire: Client,
    centre: Centre,
    appointment: Appointment,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for rows in (1, 9):
        for number in range(rows):
            request = asked(appointment, days=number - 3)
            note(claire, request, "again")
            closed = asked(appointment, phone=f"+336399{rows}{number:04}")
            note(claire, closed, "answered")
            other = make_appointment(
                make_shift(
                    starts_at=appointment.starts_at + timedelta(days=number + rows),
                    site=appointment.site,
                    types=[appointment.type],
                )
            )
            offered(waits(other))
        with django_assert_num_queries(14):
            claire.get(url(centre))


def test_a_family_that_waits_without_an_appointment_is_opened_from_the_list(
    claire: Client, centre: Centre, appointment: Appointment
) -> None:
    moussa = make_guardian(first_name="Moussa", last_name="Traoré")
    actions.ask_for_any(
        guardian=moussa,
        child=None,
        kind=appointment.type,
        centre=centre,
        wishes=Wishes(sites=(appointment.site_id,)),
        now=timezone.now(),
    )
    family = f"/equipe/familles/{moussa.household_id}/"
    assert f'href="{family}"' in claire.get(url(centre)).content.decode()
    assert "En liste d’attente, sans rendez-vous" in read(claire, family)
    found = claire.get("/equipe/familles/", {"q": "traore"}).content.decode()
    assert f'href="{family}"' in found
    other = at_desk(make_site().centre, email="paul@example.org")
    assert other.get(family).status_code == 404
