"""One field finds a family of one's centres; its page tells what a desk needs, and who read it."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from booking.models import Appointment, FamilyRead, Guardian, Household
from centres.models import Centre, Membership, User
from tests.booking.test_desk import lost, visit
from tests.factories import make_centre, make_child, make_guardian, make_household, make_type
from tests.frontend.pages import read
from tests.frontend.staff.people import at_desk, in_department, log_in

pytestmark = pytest.mark.django_db
SEARCH = "/equipe/familles/"


@pytest.fixture
def karim() -> Guardian:
    return make_guardian(first_name="Karim", last_name="Benali", phone="+33639981234")


@pytest.fixture
def appointment(redon: Centre, karim: Guardian) -> Appointment:
    make_child(karim, first_name="Inès", born_on=date(2024, 2, 14))
    return visit(redon, guardian=karim)


def page_of(household: Household | int) -> str:
    return f"{SEARCH}{household if isinstance(household, int) else household.pk}/"


def told(client: Client, household: Household, **params: str) -> str:
    return read(client, page_of(household), **params)


def in_use(client: Client, typed: str) -> str:
    return read(client, SEARCH, q=typed)


# Finding


@pytest.mark.usefixtures("appointment")
@pytest.mark.parametrize("typed", ["benali karim", "ines", "06 39 98 12 34", "14/02/2024"])
def test_a_family_is_found_in_one_field(claire: Client, typed: str) -> None:
    page = in_use(claire, typed)
    assert "1 famille" in page
    assert "Karim Benali" in page


@pytest.mark.usefixtures("appointment")
def test_a_name_a_letter_away_is_not_counted_as_found(claire: Client) -> None:
    page = in_use(claire, "benalo karim")
    assert "1 famille" not in page
    assert "Aucun nom exactement pareil À une lettre près Karim Benali" in page


@pytest.mark.parametrize("pattern", ["{}-{}", "{}{}", "{} {}"])
def test_a_reference_opens_its_appointment(
    claire: Client, appointment: Appointment, pattern: str
) -> None:
    reference = appointment.reference.lower()
    answer = claire.get(SEARCH, {"q": pattern.format(reference[:4], reference[4:])})
    assert answer["Location"] == f"/equipe/rendez-vous/{appointment.spoken_reference}/"


def test_another_centre_s_family_is_answered_like_none(karim: Guardian, claire: Client) -> None:
    other = visit(make_centre(), guardian=karim)
    for typed in ("benali", other.reference, "06 39 98 12 34"):
        nobody = in_use(claire, "xyzzy").replace("xyzzy", "")
        assert in_use(claire, typed).replace(typed, "") == nobody
    assert claire.get(page_of(karim.household)).status_code == 404
    assert claire.get(page_of(987654)).status_code == 404
    assert not FamilyRead.objects.exists()
    assert "Karim Benali" in in_use(in_department(), "benali")


@pytest.mark.usefixtures("appointment")
def test_one_letter_finds_nobody_and_says_why(claire: Client) -> None:
    assert "Écrivez au moins deux lettres." in in_use(claire, "k")


def test_the_last_five_opened_are_offered(claire: Client, redon: Centre) -> None:
    households = [visit(redon, days=day + 1).household for day in range(6)]
    for number, household in enumerate(households):
        assert household is not None
        Guardian.objects.filter(household=household).update(last_name=f"Numéro{number}")
        told(claire, household)
    page = in_use(claire, "")
    assert "Vos dernières familles" in page
    assert [f"Numéro{number}" in page for number in range(6)] == [False] + [True] * 5
    assert "Vos dernières" not in read(at_desk(redon, email="anne@example.org"), SEARCH)


def test_a_family_that_is_not_theirs_any_more_is_not_offered(
    claire: Client, appointment: Appointment
) -> None:
    assert appointment.household is not None
    told(claire, appointment.household)
    long_ago = timezone.now() - timedelta(days=800)
    Appointment.objects.update(
        starts_at=long_ago,
        ends_at=long_ago + timedelta(minutes=30),
        busy_from=long_ago,
        busy_until=long_ago + timedelta(minutes=30),
    )
    assert "Vos dernières" not in read(claire, SEARCH)


# Its page


def test_it_tells_who_they_are_and_how_to_reach_them(
    claire: Client, appointment: Appointment, karim: Guardian
) -> None:
    Household.objects.update(
        language="ar", needs_interpreter=True, contact_by="sms", sms_sender="MAIRIE",
        contact_from=time(9), contact_until=time(16, 30),
    )  # fmt: skip
    page = told(claire, karim.household)
    for words in (
        "Karim Benali", "06 39 98 12 34 non vérifié", f"{karim.email} vérifiée", "Inès, 2 ans",
        "né·e le mercredi 14 février 2024", "Besoin d’un interprète", "Contact discret",
        "SMS seulement, arabe", "seulement de 9 h à 16 h 30", "SMS signés MAIRIE",
        appointment.spoken_reference,
    ):  # fmt: skip
        assert words in page, words


@pytest.mark.parametrize(("page_in", "said"), [("fr", "Ukrainien"), ("en", "Ukrainian")])
def test_a_language_is_named_as_the_page_speaks(
    claire: Client, appointment: Appointment, page_in: str, said: str
) -> None:
    Household.objects.update(language="uk")
    family, card = f"/equipe/familles/{appointment.household_id}/", appointment.spoken_reference
    for address in (
        *(family, f"{family}messages/", "/equipe/familles/nouvelle/"),
        *(f"/equipe/rappels/{appointment.centre.slug}/ajouter/",),
        f"/equipe/rendez-vous/{card}/carte/",
    ):
        page = claire.get(address, headers={"accept-language": page_in})
        assert page.status_code == 200, address
        assert said in page.content.decode(), address
        assert "Українська" not in page.content.decode(), address


def test_it_tells_appointments_of_its_own_centres_only(
    claire: Client, appointment: Appointment, karim: Guardian
) -> None:
    elsewhere = visit(make_centre(name="CDAS de Vitré"), guardian=karim, days=9)
    page = told(claire, karim.household)
    assert appointment.spoken_reference in page
    assert elsewhere.spoken_reference not in page
    assert "Vitré" not in page
    assert elsewhere.spoken_reference in told(in_department(), karim.household)


def test_past_appointments_are_told_by_tens(claire: Client, redon: Centre, karim: Guardian) -> None:
    visits = [visit(redon, guardian=karim, days=-day) for day in range(2, 14)]
    first, second = told(claire, karim.household), told(claire, karim.household, page="2")
    assert [each.spoken_reference in first for each in visits] == [True] * 10 + [False] * 2
    assert [each.spoken_reference in second for each in visits] == [False] * 10 + [True] * 2
    assert "Plus anciens" in first
    assert "Plus récents" in second
    assert claire.get(page_of(karim.household), {"page": "x"}).status_code == 200


def test_messages_and_history_are_sentences(
    claire: Client, appointment: Appointment, karim: Guardian
) -> None:
    lost(appointment)
    page = told(claire, karim.household)
    assert "la famille n’a pas eu ce message par" in page
    assert "La famille a pris le rendez-vous du" in page


def test_a_likely_twin_is_offered(claire: Client, appointment: Appointment, redon: Centre) -> None:
    twin = make_guardian(first_name="K.", last_name="Benalli", phone="+33639981234")
    assert appointment.household is not None
    assert "Peut-être la même famille" not in told(claire, appointment.household)
    visit(redon, guardian=twin)
    page = told(claire, appointment.household)
    assert "Peut-être la même famille" in page
    assert "K. Benalli" in page


def test_two_that_are_one_are_shown_before_they_are_made_one(
    claire: Client, appointment: Appointment, redon: Centre
) -> None:
    twin = visit(redon, guardian=make_guardian(last_name="Benalli", phone="+33639981234"))
    kept, merged = appointment.household_id, twin.household_id
    path = f"{SEARCH}{kept}/reunir/{merged}/"
    page = read(claire, path)
    assert "1 rendez-vous passe à la fiche gardée" in page
    assert Household.objects.filter(pk=merged).exists()
    assert claire.post(path)["Location"] == f"{SEARCH}{kept}/"
    assert twin.spoken_reference in read(claire, f"{SEARCH}{kept}/")
    assert claire.get(f"{SEARCH}{merged}/")["Location"] == f"{SEARCH}{kept}/"


def test_the_page_of_one_merged_twice_in_a_row_leads_to_the_last_one(
    claire: Client, appointment: Appointment, redon: Centre
) -> None:
    first, second = (visit(redon, guardian=make_guardian()).household_id for _ in range(2))
    last = appointment.household_id
    for kept, merged in ((second, first), (last, second)):
        assert claire.post(f"{SEARCH}{kept}/reunir/{merged}/").status_code == 302
    for gone in (first, second):
        assert claire.get(f"{SEARCH}{gone}/")["Location"] == f"{SEARCH}{last}/"
        pressed = claire.post(f"{SEARCH}{gone}/langue/", {"language": "ar"})
        assert pressed["Location"] == f"{SEARCH}{last}/"


def test_a_merge_that_is_refused_says_why_and_changes_nothing(
    claire: Client, appointment: Appointment, redon: Centre
) -> None:
    twin = visit(redon, guardian=make_guardian(make_household(contact_by="none")))
    answer = claire.post(f"{SEARCH}{appointment.household_id}/reunir/{twin.household_id}/")
    assert answer.status_code == 409
    assert "Elles restent séparées." in answer.content.decode()


def test_what_is_not_theirs_cannot_be_merged(claire: Client, appointment: Appointment) -> None:
    other = visit(make_centre())
    for kept, merged in (
        (appointment.household_id, other.household_id),
        (other.household_id, appointment.household_id),
        (appointment.household_id, appointment.household_id),
    ):
        assert claire.post(f"{SEARCH}{kept}/reunir/{merged}/").status_code == 404


def test_a_discreet_reason_is_its_practitioner_s_and_the_manager_s(
    claire: Client, redon: Centre, karim: Guardian
) -> None:
    kind = make_type(label="Contraception", is_discreet=True, translations={})
    visit_ = visit(redon, guardian=karim)
    Appointment.objects.update(type=kind)
    doctor = User.objects.create_user("doctor@example.org", "x")
    visit_.practitioner.user = doctor
    visit_.practitioner.save()
    Membership.objects.create(
        user=doctor, department=redon.department, centre=redon, role="practitioner"
    )
    nadia = Client()
    log_in(nadia, doctor)
    message = lost(visit_)
    pages = (
        page_of(karim.household),
        f"/equipe/rendez-vous/{visit_.spoken_reference}/",
        f"/equipe/messages/{message.pk}/",
        f"/equipe/messages/centre/{redon.slug}/",
    )
    other = at_desk(redon, email="anne@example.org", role="practitioner")
    chief = at_desk(redon, email="chef@example.org", role="manager")
    for client, knows in ((claire, False), (other, False), (nadia, True), (chief, True)):
        assert [("Contraception" in read(client, page)) for page in pages] == [knows] * 4


# Who read it


def test_reading_is_written_down_and_told_to_managers_and_auditors(
    claire: Client, appointment: Appointment, redon: Centre
) -> None:
    household = appointment.household
    assert household is not None
    told(claire, household)
    told(claire, household)
    line = FamilyRead.objects.get()
    assert (line.reader, line.centre, line.page) == ("claire@example.org", redon, "family")
    path = f"{page_of(household)}consultations/"
    assert claire.get(path).status_code == 404
    assert "Qui a consulté" not in told(claire, household)
    for client in (
        at_desk(redon, email="chef@example.org", role="manager"),
        in_department("auditor"),
        in_department(),
    ):
        assert "claire@example.org (accueil)" in read(client, path)
    assert (
        at_desk(make_centre(), email="x@example.org", role="manager").get(path).status_code == 404
    )


# Cost


def test_the_pages_cost_the_same_with_ten_as_with_one(
    claire: Client,
    redon: Centre,
    karim: Guardian,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    told(claire, visit(redon, guardian=karim).household or make_household())
    for rows in (1, 9):
        for row in range(rows):
            lost(visit(redon, guardian=karim, days=rows + row + 2))
            lost(visit(redon, guardian=karim, days=-rows - row - 2))
            make_child(karim, first_name=f"Inès {row}")
            make_child(visit(redon, days=40 + rows + row).guardian, first_name="Inès")
        # Session, user, memberships, centres; then what is to index, words, families, people.
        with django_assert_num_queries(4 + 6):
            in_use(claire, "ines")
        with django_assert_num_queries(4 + 30):
            told(claire, karim.household)


def test_pages_that_show_a_family_beside_its_own_are_on_record_too(
    claire: Client, redon: Centre, appointment: Appointment, karim: Guardian
) -> None:
    other = visit(redon).household
    assert other is not None
    for path, shown in (
        (f"{page_of(karim.household)}reunir/{other.pk}/", {karim.household_id, other.pk}),
        (f"{page_of(karim.household)}attente/?rdv={appointment.reference}", {karim.household_id}),
    ):
        claire.get(path)
        assert shown <= set(FamilyRead.objects.values_list("household", flat=True))
