"""“My messages”: language, ways and hours; whose they are, and who learns nothing by them."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.db.models import QuerySet
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from booking import actions
from booking.access import contact_token
from booking.contacts import LANGUAGES, ContactChoices, masked_email, masked_number
from booking.models import Household, ReminderRule
from notifications.models import ContactProblem, OutboxMessage
from notifications.words import kinds
from tests.booking.scene import NADIA, open_morning
from tests.factories import make_guardian, make_household
from tests.frontend.pages import booked, exhaust, link, read, text

pytestmark = pytest.mark.django_db
MINE = "/mes-rendez-vous/messages/"
MOBILE = "+33612345678"
PROVED = {"phone": MOBILE, "phone_verified_at": datetime.now(UTC)}
CHOSEN = {
    "message_language": "ar",
    "contact_by": "sms",
    "contact_from": "10:00",
    "contact_until": "16:00",
}


@pytest.fixture
def page() -> str:
    """The page of an appointment whose guardian gave an address and a mobile."""
    return link(booked(guardian=make_guardian(email="lea@example.org", phone=MOBILE)), "contact")


def hers() -> QuerySet[Household]:
    return Household.objects.filter(guardians__email="lea@example.org")


def prove(client: Client, contact: str) -> None:
    client.cookies["contact"] = contact_token(contact, now=timezone.now())


def test_the_page_is_reached_from_the_appointment_and_from_the_list(client: Client) -> None:
    appointment = booked()
    assert link(appointment, "contact") in client.get(link(appointment)).content.decode()
    prove(client, appointment.guardian.email)
    assert MINE in client.get(reverse("mine-list")).content.decode()
    assert "Comment voulez-vous recevoir vos messages" in read(client, MINE)


def test_what_is_chosen_is_the_household_s(client: Client, page: str) -> None:
    answer = client.post(page, CHOSEN)
    assert answer["Location"] == f"{page}?garde=1"
    household = hers().get()
    assert (household.language, household.contact_by) == ("ar", "sms")
    assert (household.contact_from, household.contact_until) == (time(10), time(16))
    after = client.get(answer["Location"])
    assert "C’est noté" in text(after)
    assert '<option value="10:00" selected>' in after.content.decode()


def test_looking_changes_nothing(client: Client, page: str) -> None:
    before = hers().values().get()
    client.get(page, CHOSEN)
    client.head(page)
    assert hers().values().get() == before


def test_hours_are_given_back_by_leaving_them_empty(client: Client, page: str) -> None:
    client.post(page, CHOSEN)
    client.post(page, CHOSEN | {"contact_from": "", "contact_until": ""})
    household = hers().get()
    assert (household.contact_from, household.contact_until) == (None, None)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"contact_until": ""}, "contact_until"),
        ({"contact_from": ""}, "contact_from"),
        ({"contact_from": "16:00", "contact_until": "10:00"}, "contact_until"),
        ({"contact_from": "12:00", "contact_until": "12:00"}, "contact_until"),
        ({"contact_from": "03:00"}, "contact_from"),
        ({"contact_by": ""}, "contact_by_0"),
        ({"contact_by": "fax"}, "contact_by_0"),
        ({"message_language": "tlh"}, "message_language"),
    ],
)
def test_what_cannot_be_is_said_beside_it_and_nothing_changes(
    client: Client, page: str, changes: dict[str, str], field: str
) -> None:
    before = hers().values().get()
    answer = client.post(page, CHOSEN | changes)
    assert answer.status_code == 422
    assert f'href="#id_{field}"' in answer.content.decode()
    assert hers().values().get() == before


def test_no_message_at_all_is_warned_of(client: Client, page: str) -> None:
    assert "personne ne vous prévient" in read(client, page)
    client.post(page, CHOSEN | {"contact_by": "none"})
    assert "personne ne vous préviendra" in read(client, page)


@pytest.mark.parametrize(
    ("contacts", "offered"),
    [
        ({"phone": MOBILE}, ["any", "email", "sms", "none"]),
        ({"phone": ""}, ["any", "none"]),
        ({"phone": "+33299023535"}, ["any", "none"]),
        ({"email": "", "phone": MOBILE}, ["any", "none"]),
    ],
)
def test_only_ways_that_reach_the_family_are_offered(
    client: Client, contacts: dict[str, str], offered: list[str]
) -> None:
    page = client.get(link(booked(guardian=make_guardian(**contacts)), "contact"))
    values = [each.partition('"')[0] for each in page.content.decode().split('value="')]
    assert [each for each in values if each in ("any", "email", "sms", "none")] == offered


def test_without_sms_none_is_offered(client: Client, page: str, settings: Any) -> None:
    settings.SMS_URL, settings.DEMO = "", False
    assert 'value="sms"' not in client.get(page).content.decode()
    assert client.post(page, CHOSEN).status_code == 422


def test_hours_that_staff_set_to_the_half_are_kept(client: Client) -> None:
    household = make_household(contact_from=time(9, 30), contact_until=time(17))
    guardian = make_guardian(household, phone=MOBILE)
    page = client.get(link(booked(guardian=guardian), "contact")).content.decode()
    assert '<option value="09:30" selected>' in page


def test_one_s_own_contacts_are_half_hidden(client: Client, page: str) -> None:
    body = client.get(page).content.decode()
    assert "lea@example.org" not in body
    assert MOBILE not in body
    assert "l•••@example.org" in body
    assert "06 •• •• •• 78" in body


@pytest.mark.parametrize(
    ("number", "shown"),
    [("+447911123456", "+447 •• •• •• 56"), ("", ""), (MOBILE, "06 •• •• •• 78")],
)
def test_a_number_is_shown_so_that_its_owner_knows_it(number: str, shown: str) -> None:
    assert masked_number(number) == shown
    assert masked_email("") == ""


def test_the_other_parent_is_not_shown(client: Client) -> None:
    """They may live apart, and be afraid of each other."""
    household = make_household()
    make_guardian(household, email="karim@example.org", phone="+33698765432")
    nadia = make_guardian(household, email="nadia@example.org", phone=MOBILE, first_name="Nadia")
    by_link = client.get(link(booked(guardian=nadia), "contact"))
    prove(client, nadia.email)
    for answer in (by_link, client.get(MINE)):
        body = answer.content.decode()
        assert "n•••@example.org" in body
        for secret in ("k•••", "karim", "32", "Karim"):
            assert secret not in text(answer)


def test_of_those_who_share_a_number_nobody_s_address_is_shown(client: Client) -> None:
    proved = {"phone": MOBILE, "phone_verified_at": timezone.now()}
    make_guardian(email="karim@example.org", **proved)
    make_guardian(email="anna@example.org", **proved)
    prove(client, MOBILE)
    page = text(client.get(MINE))
    assert "06 •• •• •• 78" in page
    assert "@example.org" not in page


def test_the_contact_s_page_needs_a_fresh_proof(client: Client) -> None:
    guardian = make_guardian()
    assert client.get(MINE)["Location"] == "/mes-rendez-vous/"
    assert client.post(MINE, CHOSEN)["Location"] == "/mes-rendez-vous/"
    client.cookies["contact"] = contact_token(
        guardian.email, now=datetime.now(UTC) - timedelta(minutes=31)
    )
    assert client.post(MINE, CHOSEN)["Location"] == "/mes-rendez-vous/"
    assert Household.objects.get().contact_by == "any"


def test_a_contact_only_typed_changes_nobody_s_choices(client: Client) -> None:
    make_guardian(phone=MOBILE)
    prove(client, MOBILE)
    assert client.post(MINE, CHOSEN)["Location"] == reverse("mine-list")
    assert Household.objects.get().contact_by == "any"


def test_a_link_that_is_over_changes_nothing(client: Client, page: str) -> None:
    appointment = booked(starts_at=timezone.now() - timedelta(days=9))
    assert client.post(link(appointment, "contact"), CHOSEN).status_code == 410
    assert not Household.objects.filter(contact_by="sms").exists()


def test_a_number_that_said_stop_is_told_so(client: Client, page: str) -> None:
    ContactProblem.objects.create(
        channel="sms", address=MOBILE, reason="stop", since=timezone.now()
    )
    ContactProblem.objects.create(
        channel="email", address=MOBILE, reason="dead", since=timezone.now()
    )
    shown = read(client, page)
    assert "Vous avez répondu STOP" in shown
    assert "Nos e-mails n’arrivent pas" not in shown


def test_too_many_changes_from_one_address_are_refused(client: Client, page: str) -> None:
    exhaust("small")
    assert client.post(page, CHOSEN).status_code == 429


def test_every_language_of_messages_is_offered() -> None:
    assert tuple(LANGUAGES) == kinds.LANGUAGES


def test_what_waits_to_be_sent_follows_the_new_choices() -> None:
    """A reminder planned by e-mail leaves by SMS, in the new language; none is left for whoever
    wants none."""
    scene = open_morning()
    ReminderRule.objects.all().delete()
    ReminderRule.objects.create(channel="sms", days_before=1, at=time(15))
    now = scene.shift.starts_at - timedelta(days=3)
    who = NADIA
    actions.confirm(uid=scene.hold(now=now).uid, who=who, now=now)
    household = Household.objects.get()

    def waiting() -> list[tuple[str, str]]:
        rows = OutboxMessage.objects.filter(kind="reminder", state="planned")
        return [(each.channel, each.language) for each in rows]

    def choose(**choices: Any) -> None:
        actions.choose_contact(
            household_id=household.pk, choices=ContactChoices(**choices), now=now
        )

    assert waiting() == [("sms", "fr")]
    choose(language="ar", contact_by="email")
    assert waiting() == [("email", "ar")]
    choose(language="ar", contact_by="none")
    assert waiting() == []
    choose(language="tr", contact_by="any")
    assert waiting() == [("sms", "tr")]
    choose(language="tr", contact_by="any")
    assert OutboxMessage.objects.filter(kind="reminder").count() == 3


@pytest.mark.parametrize(
    ("contacts", "by", "said"),
    [
        ({"phone": MOBILE}, "any", "Nous vous envoyons un e-mail"),
        (PROVED, "sms", "Nous vous envoyons un SMS"),
        (PROVED | {"email": ""}, "any", "Nous vous envoyons un SMS"),
        ({"phone": MOBILE}, "sms", "Aucun message ne part"),
        ({"phone": MOBILE}, "none", "Aucun message ne part"),
    ],
)
def test_the_appointment_s_page_promises_the_message_that_will_come(
    client: Client, contacts: dict[str, Any], by: str, said: str
) -> None:
    household = make_household(contact_by=by)
    appointment = booked(guardian=make_guardian(household, **contacts))
    assert said in read(client, link(appointment), nouveau=1)
