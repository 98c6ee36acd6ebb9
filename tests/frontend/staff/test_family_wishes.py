"""How a family wants its messages, said on the phone: an agent notes it, and proves nothing."""

from __future__ import annotations

import re
from datetime import time, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from booking import actions
from booking.actors import FAMILY
from booking.contacts import ContactChoices
from booking.errors import AgentsOnly, WrongState
from booking.models import FamilyCorrection, Guardian, Household
from centres.models import Centre
from notifications.problems import Problem, record
from tests.booking.scene import AGENT, NOW
from tests.booking.test_desk import visit
from tests.factories import make_centre, make_guardian
from tests.frontend.pages import read, text
from tests.frontend.staff.people import at_desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def nour(redon: Centre) -> Guardian:
    nour = make_guardian(
        first_name="Nour", email="nour@example.org", phone="+33639981234", email_verified_at=None
    )
    visit(redon, guardian=nour)
    return nour


def page_of(guardian: Guardian) -> str:
    return f"/equipe/familles/{guardian.household_id}/messages/"


def shown(claire: Client, guardian: Guardian) -> dict[str, str]:
    """The form as a browser would send it back: what is chosen, and what was chosen when shown."""
    body = claire.get(page_of(guardian)).content.decode()
    form = dict(re.findall(r'type="hidden" name="(initial-[^"]+)" value="([^"]*)"', body))
    return form | {name.removeprefix("initial-"): value for name, value in form.items()}


def test_an_agent_notes_what_the_family_says_and_the_history_says_who(
    claire: Client, nour: Guardian
) -> None:
    family = f"/equipe/familles/{nour.household_id}/"
    assert f'href="{page_of(nour)}"' in claire.get(family).content.decode()
    form = shown(claire, nour)
    assert form["contact_by"] == "any"
    wanted = {"contact_by": "sms", "message_language": "ar"}
    hours = {"contact_from": "09:00", "contact_until": "18:00"}
    answer = claire.post(page_of(nour), form | wanted | hours)
    assert answer["Location"] == family
    household = Household.objects.get(pk=nour.household_id)
    assert (household.contact_by, household.language) == ("sms", "ar")
    assert (household.contact_from, household.contact_until) == (time(9), time(18))
    done = FamilyCorrection.objects.get()
    assert (done.household, done.by) == (household, "claire@example.org")
    assert set(done.what) == {"language", "messages"}
    told = read(claire, family)
    assert "a changé la façon de recevoir les messages." in told
    nour.refresh_from_db()
    assert (nour.email_verified_at, nour.phone_verified_at) == (None, None)


def test_nothing_changed_is_nothing_noted(claire: Client, nour: Guardian) -> None:
    answer = claire.post(page_of(nour), shown(claire, nour), follow=True)
    assert "Rien n’a changé." in text(answer)
    assert not FamilyCorrection.objects.exists()


def test_what_the_family_chose_meanwhile_stays(claire: Client, nour: Guardian) -> None:
    form = shown(claire, nour)
    Household.objects.update(contact_by="sms", language="tr")
    claire.post(page_of(nour), form | {"contact_from": "09:00", "contact_until": "12:00"})
    household = Household.objects.get(pk=nour.household_id)
    assert (household.contact_by, household.language) == ("sms", "tr")
    assert household.contact_until == time(12)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"contact_from": "09:00"}, "Choisissez aussi l’heure de fin."),
        ({"contact_from": "12:00", "contact_until": "09:00"}, "vient après celle de début"),
        ({"contact_by": ""}, "Choisissez comment recevoir"),
        ({"contact_by": "pigeon"}, "field__error"),
    ],
)
def test_what_cannot_be_is_said(
    claire: Client, nour: Guardian, change: dict[str, str], said: str
) -> None:
    answer = claire.post(page_of(nour), shown(claire, nour) | change)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not FamilyCorrection.objects.exists()


def test_without_any_message_the_agent_is_told_what_that_means(
    claire: Client, nour: Guardian
) -> None:
    answer = claire.post(page_of(nour), shown(claire, nour) | {"contact_by": "none"}, follow=True)
    assert "Plus aucun message ne part" in text(answer)


def test_a_way_chosen_for_a_number_that_is_no_more_can_be_kept(
    claire: Client, nour: Guardian
) -> None:
    Household.objects.update(contact_by="sms")
    Guardian.objects.update(phone="")
    form = shown(claire, nour)
    assert form["contact_by"] == "sms"
    assert claire.post(page_of(nour), form | {"message_language": "uk"}).status_code == 302
    assert Household.objects.get(pk=nour.household_id).language == "uk"


def test_an_address_that_does_not_work_or_said_stop_is_named(
    claire: Client, nour: Guardian
) -> None:
    record([Problem("email", nour.email, "dead"), Problem("sms", nour.number, "stop")])
    told = read(claire, page_of(nour))
    assert "a répondu STOP" in told
    assert "Les e-mails n’arrivent pas à nour@example.org" in told


def test_another_desk_s_family_has_no_such_page(nour: Guardian) -> None:
    hugo = at_desk(make_centre(), email="hugo@example.org")
    assert hugo.get(page_of(nour)).status_code == 404
    assert hugo.post(page_of(nour), {"contact_by": "none"}).status_code == 404
    assert Household.objects.get(pk=nour.household_id).contact_by == "any"


def test_its_queries_do_not_grow_with_the_parents(
    claire: Client, nour: Guardian, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    claire.get(page_of(nour))  # the reading is noted once
    with django_assert_num_queries(13):
        claire.get(page_of(nour))
    for number in range(9):
        make_guardian(nour.household, phone=f"+3363998123{number}")
    with django_assert_num_queries(13):
        claire.get(page_of(nour))


def test_only_agents_note_for_others_and_only_for_a_family_that_is_there(nour: Guardian) -> None:
    asked = {"changes": {"contact_by": "none"}, "now": NOW}
    with pytest.raises(AgentsOnly):
        actions.note_wishes(household_id=nour.household_id, actor=FAMILY, **asked)
    with pytest.raises(WrongState):
        actions.note_wishes(household_id=0, actor=AGENT, **asked)


def test_what_a_family_chooses_itself_is_in_its_history_too(claire: Client, nour: Guardian) -> None:
    choices = ContactChoices(language="fr", contact_by="email")
    for _ in range(2):
        actions.choose_contact(
            household_id=nour.household_id,
            choices=choices,
            now=timezone.now() - timedelta(minutes=1),
        )
    assert FamilyCorrection.objects.get().by == FAMILY.label
    told = read(claire, f"/equipe/familles/{nour.household_id}/")
    assert "La famille a changé la façon de recevoir les messages." in told
