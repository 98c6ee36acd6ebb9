"""An open session on the pages: who came is noted at a press or counted, and what that costs."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from booking.models import Appointment, CountedArrival, FamilyRead, Guardian, Household
from centres.models import AppointmentType, Centre, Shift
from frontend.door import Counted, counted
from tests.booking.test_desk import visit
from tests.factories import (
    PARIS,
    make_centre,
    make_child,
    make_guardian,
    make_shift,
    make_site,
    make_type,
)
from tests.frontend.pages import read
from tests.frontend.staff.people import at_desk

pytestmark = pytest.mark.django_db
WALK_IN = AppointmentType.Booking.WALK_IN


@pytest.fixture
def pesee() -> AppointmentType:
    return make_type(label="Permanence pesée", booking=WALK_IN, duration_min=15)


def midnight() -> datetime:
    return datetime.now(PARIS).replace(hour=0, minute=0, second=0, microsecond=0)


@pytest.fixture
def session(redon: Centre, pesee: AppointmentType) -> Shift:
    """All of today."""
    site = make_site(redon)
    return make_shift(starts_at=midnight(), hours=13, site=site, types=[pesee])


@pytest.fixture
def karim(redon: Centre) -> Guardian:
    """A parent of two, known to the centre."""
    karim = make_guardian(last_name="Benali")
    visit(redon, guardian=karim)
    return karim


@pytest.fixture
def ines(karim: Guardian) -> Any:
    return make_child(karim, first_name="Inès")


def path(session: Shift, more: str = "") -> str:
    return f"/equipe/aujourdhui/{session.centre.slug}/seance/{session.pk}/{more}"


def board(client: Client, redon: Centre, **query: str) -> str:
    return read(client, f"/equipe/aujourdhui/{redon.slug}/", **query)


def press(client: Client, redon: Centre, does: str, **more: Any) -> HttpResponse:
    address = f"/equipe/aujourdhui/{redon.slug}/noter/"
    return client.post(address, {"do": does}, **more)  # type: ignore[return-value]


def test_from_the_board_to_a_family_that_waits_in_a_search_and_a_press(
    claire: Client, redon: Centre, session: Shift, karim: Guardian, ines: Any
) -> None:
    assert path(session) in claire.get(f"/equipe/aujourdhui/{redon.slug}/").content.decode()
    page = claire.get(path(session), {"q": "benali"}).content.decode()
    assert "checked" in page, "the only child is the one that came"
    form = {"famille": karim.household_id, "guardian": karim.pk, "child": ines.pk}
    answer = claire.post(path(session), {**form, "kind": session.offers.get().type_id})
    noted = Appointment.objects.get(shift=session)
    assert answer["Location"] == f"/equipe/aujourdhui/{redon.slug}/#v{noted.pk}"
    assert (noted.state, noted.child, noted.actor) == ("arrived", ines, "claire@example.org")
    told = board(claire, redon)
    for words in ("C’est noté : Inès Benali attend.", "1 arrivée, 1 attend", "attend depuis"):
        assert words in told
    assert "En plus" not in told
    assert FamilyRead.objects.filter(household=karim.household_id).exists()


def test_what_the_page_sends_as_it_stands_is_enough(
    claire: Client, session: Shift, karim: Guardian, ines: Any
) -> None:
    body = claire.get(path(session), {"q": "benali"}).content.decode()
    sent = re.findall(r'<input type="(?:hidden|checkbox)" name="(\w+)" value="([^"]*)"', body)
    answer = claire.post(path(session), dict(sent))
    assert answer.status_code == 302
    assert Appointment.objects.get(shift=session).child == ines


def test_the_history_and_the_family_s_page_tell_of_it(
    claire: Client, redon: Centre, session: Shift, karim: Guardian, ines: Any
) -> None:
    form = {"famille": karim.household_id, "guardian": karim.pk, "child": ines.pk}
    claire.post(path(session), {**form, "kind": session.offers.get().type_id})
    page = read(claire, f"/equipe/familles/{karim.household_id}/")
    assert "est venue, sans rendez-vous" in page
    assert "Permanence pesée" in page
    noted = Appointment.objects.get(shift=session)
    press(claire, redon, f"u.{noted.pk}.a")
    noted.refresh_from_db()
    assert noted.state == "cancelled"
    page = read(claire, f"/equipe/familles/{karim.household_id}/")
    assert "Permanence pesée" not in page, "a mistake is no visit of this family's"
    story = read(claire, f"/equipe/rendez-vous/{noted.spoken_reference}/")
    assert "notée par erreur" in story
    assert "Annulés ce jour-là" not in board(claire, redon)


def test_which_child_came_is_asked_when_there_are_several(
    claire: Client, session: Shift, karim: Guardian, ines: Any
) -> None:
    make_child(karim, first_name="Malo")
    form = {"famille": karim.household_id, "guardian": karim.pk, "q": "benali"}
    form["kind"] = session.offers.get().type_id
    answer = claire.post(path(session), form)
    assert answer.status_code == 422
    assert "<title>Erreur\xa0: Noter une arrivée" in answer.content.decode()
    _page, summary = answer.content.decode().split('class="error-summary"')
    assert f'#f{karim.household_id}_child_0">Enfants\xa0: Dites quel enfant est venu.' in summary
    children = list(karim.children.values_list("pk", flat=True))
    claire.post(path(session), {**form, "child": children})
    assert Appointment.objects.filter(shift=session).count() == 2


def test_a_family_without_a_child_is_told_where_to_add_it(
    claire: Client, session: Shift, karim: Guardian
) -> None:
    page = read(claire, path(session), q="benali")
    assert "Aucun enfant n’est noté" in page


def test_who_comes_of_another_centre_s_families_is_not_found(
    claire: Client, session: Shift
) -> None:
    other = make_guardian(last_name="Ailleurs")
    visit(make_centre(), guardian=other)
    child = make_child(other)
    form = {"famille": other.household_id, "guardian": other.pk, "child": child.pk}
    answer = claire.post(path(session), {**form, "kind": session.offers.get().type_id})
    assert answer.status_code == 404
    for wrong in ("", "x", "9" * 30):
        assert claire.post(path(session), {"famille": wrong}).status_code == 404
    assert "Ailleurs" not in read(claire, path(session), q="ailleurs")
    assert not Appointment.objects.filter(shift=session).exists()


def test_only_open_sessions_of_today_or_before_have_a_door(
    claire: Client, redon: Centre, session: Shift, pesee: AppointmentType
) -> None:
    assert claire.get(path(session)).status_code == 200
    tomorrow = make_shift(
        starts_at=midnight() + timedelta(days=1), site=session.site, types=[pesee]
    )
    booked = make_shift(starts_at=midnight(), site=session.site)
    elsewhere = make_shift(starts_at=midnight(), site=make_site(make_centre()), types=[pesee])
    cancelled = make_shift(
        starts_at=midnight(), site=session.site, types=[pesee], status=Shift.Status.CANCELLED
    )
    for shut in (tomorrow, booked, elsewhere, cancelled):
        here = path(session).replace(str(session.pk), str(shut.pk))
        for address in (here, f"{here}nouvelle/"):
            assert claire.get(address).status_code == 404
    assert "Compter sans nom" not in board(claire, redon, jour=f"{tomorrow.occurs_on}")


def test_the_nameless_are_counted_by_one_press_and_taken_back(
    claire: Client, redon: Centre, session: Shift
) -> None:
    for seen in range(3):
        answer = press(claire, redon, f"p.{session.pk}.{seen}")
        assert answer["Location"] == f"/equipe/aujourdhui/{redon.slug}/#w{session.pk}"
    told = board(claire, redon)
    assert "3 arrivées dont 3 sans nom" in told
    press(claire, redon, f"u.{session.pk}.3")
    assert CountedArrival.objects.count() == 2
    assert "2 arrivées dont 2 sans nom" in board(claire, redon)


def test_a_script_gets_the_board_with_the_new_number_or_why_not(
    claire: Client, redon: Centre, session: Shift
) -> None:
    alone = {"headers": {"X-Board": "1"}}
    answer = press(claire, redon, f"p.{session.pk}.0", **alone)
    assert f"p.{session.pk}.1" in answer.content.decode()
    answer = press(claire, redon, f"u.{session.pk}.7", **alone)
    assert answer.status_code == 409
    assert "a changé entre-temps" in answer.content.decode()


def test_another_centre_s_session_is_not_counted(claire: Client, redon: Centre) -> None:
    other = make_shift(starts_at=midnight(), types=[make_type(booking=WALK_IN)])
    assert press(claire, redon, f"p.{other.pk}.0").status_code == 404
    assert press(claire, other.centre, f"p.{other.pk}.0").status_code == 404
    assert not CountedArrival.objects.exists()


@pytest.mark.parametrize(
    ("does", "meant"),
    [
        ("p.12.0", Counted(is_more=True, shift=12, seen=0)),
        ("u.12.3", Counted(is_more=False, shift=12, seen=3)),
        ("u.12.a", None),
        ("a.12.3", None),
        ("p.x.3", None),
        ("p.12.", None),
        ("p.12.12345", None),
        ("p", None),
    ],
)
def test_a_press_is_of_a_session_or_of_a_visit(does: str, meant: Counted | None) -> None:
    assert counted(does) == meant


NEW = {
    "first_name": "Awa",
    "last_name": "Diallo",
    "language": "fr",
    "child_first_name": "Idriss",
    "child_born_on": "01/10/2026",
}


def test_a_family_nobody_knows_is_typed_and_waits(
    claire: Client, redon: Centre, session: Shift
) -> None:
    page = claire.get(path(session), {"q": "diallo awa"}).content.decode()
    assert "/nouvelle/?q=diallo%20awa" in page
    born = (timezone.localdate() - timedelta(days=40)).strftime("%d/%m/%Y")
    form = {**NEW, "child_born_on": born, "kind": session.offers.get().type_id}
    answer = claire.post(path(session, "nouvelle/"), form)
    noted = Appointment.objects.get(shift=session)
    assert answer["Location"].endswith(f"#v{noted.pk}")
    assert str(noted.guardian) == "Awa Diallo"
    assert "Idriss Diallo" in board(claire, redon)


def test_what_lacks_of_a_new_family_is_said_and_nothing_is_made(
    claire: Client, session: Shift
) -> None:
    form = {**NEW, "child_born_on": "", "kind": session.offers.get().type_id}
    answer = claire.post(path(session, "nouvelle/"), form)
    assert answer.status_code == 422
    assert "jour de naissance" in answer.content.decode()
    assert not Household.objects.exists()


def test_a_family_that_is_likely_known_is_shown_first(
    claire: Client, session: Shift, karim: Guardian, ines: Any
) -> None:
    karim.phone = "+33639981234"
    karim.save()
    form = {**NEW, "phone": "06 39 98 12 34", "kind": session.offers.get().type_id}
    form["child_born_on"] = (timezone.localdate() - timedelta(days=40)).strftime("%d/%m/%Y")
    answer = claire.post(path(session, "nouvelle/"), form)
    body = answer.content.decode()
    assert answer.status_code == 409
    address = f"{path(session)}?famille={karim.household_id}"
    assert address in body
    assert "Benali" in claire.get(address).content.decode()
    known = re.search(r'name="known" value="([^"]+)"', body)
    assert known
    claire.post(path(session, "nouvelle/"), {**form, "known": known[1]})
    assert Appointment.objects.filter(shift=session, guardian__last_name="Diallo").exists()


@pytest.mark.parametrize("role", ["reception", "practitioner", "manager"])
def test_what_a_discreet_session_is_about_is_told_to_those_concerned_only(
    redon: Centre, karim: Guardian, role: str
) -> None:
    kind = make_type(label="Contraception", is_discreet=True, audience="adult", booking=WALK_IN)
    session = make_shift(starts_at=midnight(), hours=13, site=make_site(redon), types=[kind])
    somebody = at_desk(redon, role=role)
    form = {"famille": karim.household_id, "guardian": karim.pk, "kind": kind.pk}
    page = read(somebody, path(session), q="benali")
    assert ("Contraception" in page) == (role == "manager")
    assert somebody.post(path(session), form).status_code == 302
    assert ("Contraception" in board(somebody, redon)) == (role == "manager")


def test_of_several_kinds_one_is_chosen(
    claire: Client, redon: Centre, pesee: AppointmentType, karim: Guardian, ines: Any
) -> None:
    other = make_type(label="Accueil parents", booking=WALK_IN, audience="adult")
    session = make_shift(
        starts_at=midnight(), hours=13, site=make_site(redon), types=[pesee, other]
    )
    assert "Accueil parents" in read(claire, path(session), q="benali")
    form = {"famille": karim.household_id, "guardian": karim.pk, "child": ines.pk}
    claire.post(path(session), {**form, "kind": other.pk})
    noted = Appointment.objects.get(shift=session)
    assert (noted.type, noted.child) == (other, None)


def test_the_paper_of_the_day_has_who_came_and_how_many(
    claire: Client, redon: Centre, session: Shift, karim: Guardian, ines: Any
) -> None:
    form = {"famille": karim.household_id, "guardian": karim.pk, "child": ines.pk}
    claire.post(path(session), {**form, "kind": session.offers.get().type_id})
    press(claire, redon, f"p.{session.pk}.0")
    page = read(claire, f"/equipe/aujourdhui/{redon.slug}/imprimer/")
    assert "Inès Benali" in page
    assert "2 arrivées" in page


def test_the_practitioner_s_own_page_tells_it_too(
    redon: Centre, session: Shift, karim: Guardian, ines: Any
) -> None:
    client = at_desk(redon, email="nurse@example.org", role="practitioner")
    session.practitioner.user_id = client.session["_auth_user_id"]
    session.practitioner.save()
    press(client, redon, f"p.{session.pk}.0")
    page = client.get("/equipe/mes-seances/").content.decode()
    assert "1 arrivée" in page
    assert path(session) in page
    client.post("/equipe/mes-seances/noter/", {"do": f"p.{session.pk}.1"})
    assert CountedArrival.objects.count() == 2
    other = make_shift(starts_at=midnight(), types=list(AppointmentType.objects.all()))
    answer = client.post("/equipe/mes-seances/noter/", {"do": f"p.{other.pk}.0"})
    assert answer.status_code == 404


def test_a_page_of_many_costs_as_much_as_of_one(
    claire: Client,
    redon: Centre,
    session: Shift,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    def add(families: int) -> None:
        for _ in range(families):
            guardian = make_guardian(last_name="Benali")
            visit(redon, guardian=guardian)
            make_child(guardian)

    add(1)
    claire.get(path(session), {"q": "benali"})
    with django_assert_num_queries(QUERIES):
        claire.get(path(session), {"q": "benali"})
    add(9)
    claire.get(path(session), {"q": "benali"})
    with django_assert_num_queries(QUERIES):
        body = claire.get(path(session), {"q": "benali"}).content
    assert len(body) < 40_000


QUERIES = 12


def test_a_board_of_many_arrivals_costs_as_much_as_of_one(
    claire: Client,
    redon: Centre,
    session: Shift,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    def add(number: int) -> None:
        for _ in range(number):
            guardian = make_guardian()
            child = make_child(guardian)
            form = {"famille": guardian.household_id, "guardian": guardian.pk}
            visit(redon, guardian=guardian)
            form |= {"child": child.pk, "kind": session.offers.get().type_id}
            claire.post(path(session), form)
            press(claire, redon, f"p.{session.pk}.{CountedArrival.objects.count()}")

    address = f"/equipe/aujourdhui/{redon.slug}/"
    add(1)
    claire.get(address)
    with django_assert_num_queries(BOARD):
        claire.get(address)
    add(9)
    claire.get(address)
    with django_assert_num_queries(BOARD):
        claire.get(address)


BOARD = 19
