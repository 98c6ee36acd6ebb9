"""A family without an e-mail address: a mobile number, a code by SMS, an appointment."""

from typing import Any

import pytest
from django.test import Client

from booking.models import Guardian, Household, Verification
from notifications.models import OutboxMessage
from tests.factories import make_guardian, make_household
from tests.frontend.funnel import LEA, Scene, book, code_sent, held_at, hold, make_scene
from tests.frontend.pages import text
from tests.messages import content

pytestmark = pytest.mark.django_db
MOBILE = "+33639981234"
BY_PHONE = LEA | {"email": "", "phone": "06 39 98 12 34"}
BOTH = LEA | {"phone": "06 39 98 12 34"}


@pytest.fixture
def scene() -> Scene:
    return make_scene()


@pytest.fixture
def without_sms(settings: Any) -> None:
    """An installation that has no provider of SMS."""
    settings.SMS_URL, settings.DEMO = "", False


def details(client: Client, url: str, data: dict[str, str]) -> str:
    answer = client.post(url, data)
    assert answer.status_code == 302, text(answer)
    return str(answer["Location"])


def refused(client: Client, url: str, data: dict[str, str], *, status: int = 422) -> str:
    answer = client.post(url, data)
    assert answer.status_code == status
    assert not OutboxMessage.objects.filter(kind="code").exists()
    return answer.content.decode()


def test_a_mobile_is_enough_to_book(client: Client, scene: Scene) -> None:
    who = hold(client, scene)
    code_page = details(client, who, BY_PHONE)
    message = OutboxMessage.objects.get(kind="code")
    assert (message.channel, message.recipient, message.alternatives) == ("sms", MOBILE, [])
    assert message.scope == scene.centre.slug
    assert content(message).context["code"] == code_sent(MOBILE)
    page = text(client.get(code_page))
    assert "Regardez vos SMS" in page
    assert "06 39 98 12 34" in page
    answer = client.post(code_page, {"code": code_sent(MOBILE)})
    assert answer["Location"].startswith("/r/")
    guardian = held_at(who).guardian
    assert guardian is not None
    assert (guardian.email, guardian.number) == ("", MOBILE)
    assert guardian.phone_verified_at is not None


def test_a_wrong_code_by_sms_costs_a_try_and_a_new_one_replaces_it(
    client: Client, scene: Scene
) -> None:
    code_page = details(client, hold(client, scene), BY_PHONE)
    first = code_sent(MOBILE)
    wrong = f"{(int(first) + 1) % 1_000_000:06}"
    assert "Il vous reste 4 essais" in text(client.post(code_page, {"code": wrong}))
    again = client.post(f"{code_page}renvoyer/", follow=True)
    assert "Un nouveau code est parti" in text(again)
    sent = OutboxMessage.objects.filter(kind="code").order_by("id")
    assert [(each.channel, each.state) for each in sent] == [
        ("sms", "superseded"),
        ("sms", "planned"),
    ]
    assert client.post(code_page, {"code": code_sent(MOBILE)}).status_code == 302


def test_after_five_wrong_codes_by_sms_the_right_one_is_refused(
    client: Client, scene: Scene
) -> None:
    code_page = details(client, hold(client, scene), BY_PHONE)
    wrong = f"{(int(code_sent(MOBILE)) + 1) % 1_000_000:06}"
    for _ in range(5):
        client.post(code_page, {"code": wrong})
    assert client.post(code_page, {"code": code_sent(MOBILE)}).status_code == 429


@pytest.mark.parametrize(
    ("asked", "recipient"), [("", "lea@example.org"), ("email", "lea@example.org"), ("sms", MOBILE)]
)
def test_of_two_contacts_the_chosen_one_gets_the_code(
    client: Client, scene: Scene, asked: str, recipient: str
) -> None:
    details(client, hold(client, scene), BOTH | {"contact_channel": asked})
    assert OutboxMessage.objects.get(kind="code").recipient == recipient
    sent = Verification.objects.get()
    assert (sent.contact, sent.channel) == (recipient, asked or "email")


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"email": "", "phone": ""}, "email", "une adresse e-mail ou un numéro de mobile"),
        ({"email": "", "phone": "06 39 98 12"}, "phone", "trop court"),
        ({"email": "", "phone": "06 39 98 12 34 56"}, "phone", "trop long"),
        ({"email": "", "phone": "zéro six"}, "phone", "autre chose que des chiffres"),
        ({"email": "", "phone": "02 99 02 35 35"}, "phone", "téléphone fixe"),
        ({"email": "", "phone": "08 92 00 00 00"}, "phone", "numéro spécial"),
        ({"email": "", "phone": "+999 12345678"}, "phone", "indicatif du pays"),
        ({"phone": "", "contact_channel": "sms"}, "phone", "écrivez votre numéro de mobile"),
        ({"email": "", "contact_channel": "email"}, "email", "écrivez votre adresse"),
        ({"phone": "02 99 02 35 35", "contact_channel": "sms"}, "phone", "téléphone fixe"),
        ({"contact_channel": "pigeon"}, "contact_channel_0", "pigeon"),
    ],
)
def test_what_is_wrong_with_a_contact_is_said_beside_it(
    client: Client, scene: Scene, changes: dict[str, str], field: str, said: str
) -> None:
    page = refused(client, hold(client, scene), BOTH | changes)
    assert said in page
    assert f'href="#id_{field}"' in page
    assert 'value="Le Goff"' in page


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("+44 7911 123456", "+447911123456"),
        ("0049 1512 3456789", "+4915123456789"),
        ("0692 12 34 56", "+262692123456"),
        ("+33 (0)6.39.98.12.34", MOBILE),
    ],
)
def test_numbers_of_everywhere_are_read(
    client: Client, scene: Scene, typed: str, number: str
) -> None:
    details(client, hold(client, scene), BY_PHONE | {"phone": typed})
    assert OutboxMessage.objects.get(kind="code").recipient == number


def test_a_landline_beside_an_address_is_kept_for_the_centre_to_call(
    client: Client, scene: Scene
) -> None:
    who = hold(client, scene)
    code_page = details(client, who, LEA | {"phone": "02 99 02 35 35"})
    client.post(code_page, {"code": code_sent()})
    guardian = held_at(who).guardian
    assert guardian is not None
    assert (guardian.number, guardian.phone_verified_at) == ("+33299023535", None)


def test_without_sms_an_address_is_asked_and_nothing_of_codes_by_sms(
    client: Client, scene: Scene, without_sms: None
) -> None:
    url = hold(client, scene)
    page = client.get(url)
    assert "contact_channel" not in page.content.decode()
    assert "par SMS" not in text(page)
    assert 'href="#id_email"' in refused(client, url, BY_PHONE)
    assert "/code/" in details(client, url, BOTH | {"contact_channel": "sms"})
    assert OutboxMessage.objects.get(kind="code").recipient == "lea@example.org"


def test_a_proved_number_books_a_second_child_without_a_code(client: Client, scene: Scene) -> None:
    code_page = details(client, hold(client, scene), BY_PHONE)
    client.post(code_page, {"code": code_sent(MOBILE)})
    url = hold(client, scene, 2)
    page = client.get(url).content.decode()
    assert f'value="{MOBILE}"' in page
    assert 'value="Le Goff"' in page
    assert details(client, url, BY_PHONE | {"child_first_name": "Anna"}).startswith("/r/")
    assert Household.objects.count() == Guardian.objects.count() == 1
    assert Verification.objects.count() == 1


def test_a_proved_address_does_not_prove_the_number_beside_it(client: Client, scene: Scene) -> None:
    book(client, scene)
    url = hold(client, scene, 2)
    assert "/code/" in details(client, url, BOTH | {"contact_channel": "sms"})


def test_two_families_share_a_phone_and_see_nothing_of_each_other_s(
    client: Client, scene: Scene
) -> None:
    code_page = details(client, hold(client, scene), BOTH | {"contact_channel": "sms"})
    client.post(code_page, {"code": code_sent(MOBILE)})
    url = hold(client, scene, 2)
    anna = BY_PHONE | {"first_name": "Anna", "last_name": "Diallo", "child_first_name": "Awa"}
    details(client, url, anna)
    assert sorted(Guardian.objects.values_list("last_name", "email")) == [
        ("Diallo", ""),
        ("Le Goff", "lea@example.org"),
    ]
    assert "lea@example.org" not in client.get(hold(client, scene, 4)).content.decode()


def test_the_same_code_twice_by_sms_shows_the_one_appointment(client: Client, scene: Scene) -> None:
    who = hold(client, scene)
    code_page = details(client, who, BY_PHONE)
    answer = {"code": code_sent(MOBILE)}
    first, second = client.post(code_page, answer), client.post(code_page, answer)
    assert second["Location"] == first["Location"].removesuffix("?nouveau=1")
    assert Client().get(who).status_code == 409


def test_going_back_shows_the_number_and_the_choices(client: Client, scene: Scene) -> None:
    url = hold(client, scene)
    details(client, url, BOTH | {"contact_channel": "sms", "message_language": "tr"})
    page = client.get(url).content.decode()
    assert 'value="sms" id="id_contact_channel_1" checked' in page.replace('" required', '"')
    assert '<option value="tr" selected lang="tr">' in page


def test_a_lapsed_time_taken_again_goes_on_with_a_number_alone(
    client: Client, scene: Scene
) -> None:
    form = {"creneau": scene.choice(), **BY_PHONE}
    answer = client.post(scene.hold_url, form, follow=True)
    assert "/code/" in answer.redirect_chain[1][0]


class TestLanguage:
    """Of the messages: more than the pages have."""

    def test_each_is_named_in_its_own_script_and_the_page_s_is_the_default(
        self, client: Client, scene: Scene
    ) -> None:
        client.cookies["django_language"] = "en"
        page = client.get(hold(client, scene)).content.decode()
        assert '<option value="en" selected lang="en">English</option>' in page
        assert '<option value="ar" lang="ar" dir="rtl">العربية</option>' in page
        assert '<option value="fr-x-facile" lang="fr">Français facile</option>' in page

    def test_the_one_chosen_is_the_household_s_and_the_code_s(
        self, client: Client, scene: Scene
    ) -> None:
        chosen = BY_PHONE | {"message_language": "uk", "offered_language": "fr"}
        code_page = details(client, hold(client, scene), chosen)
        assert OutboxMessage.objects.get(kind="code").language == "uk"
        client.post(code_page, {"code": code_sent(MOBILE)})
        assert Household.objects.get().language == "uk"

    def test_one_left_as_offered_keeps_the_one_a_known_family_chose(
        self, client: Client, scene: Scene
    ) -> None:
        make_guardian(make_household(language="ar"), email="lea@example.org", first_name="Léa")
        left = LEA | {"message_language": "fr", "offered_language": "fr"}
        code_page = details(client, hold(client, scene), left)
        client.post(code_page, {"code": code_sent()})
        assert Household.objects.get().language == "ar"
        page = client.get(hold(client, scene, 2)).content.decode()
        assert '<option value="ar" selected lang="ar" dir="rtl">' in page

    def test_an_unknown_one_is_refused(self, client: Client, scene: Scene) -> None:
        url = hold(client, scene)
        page = refused(client, url, BY_PHONE | {"message_language": "tlh"})
        assert 'href="#id_message_language"' in page
