"""A family is corrected, or its records made one, while a colleague's page of it stands open: what
that page sends is answered in words about the family, and what was chosen there is kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client

from booking.models import Appointment, Child, Guardian
from centres.models import Centre, Shift
from tests.booking.test_desk import visit
from tests.factories import make_child, make_guardian, make_type
from tests.frontend.pages import text
from tests.frontend.staff.people import at_desk
from tests.frontend.staff.test_arrivals import path, pesee, session
from tests.frontend.staff.test_doubles import comparing, page_of

__all__ = ["pesee", "session"]
pytestmark = pytest.mark.django_db
SAID = "Cette famille vient d’être corrigée ou réunie"


@pytest.fixture
def paul(redon: Centre) -> Client:
    """A colleague at the same desk."""
    return at_desk(redon, email="paul@example.org")


@pytest.fixture
def nour(redon: Centre) -> Guardian:
    nour = make_guardian(first_name="Nour", last_name="Haddad", email="nour@example.org")
    make_child(nour, first_name="Inès", born_on=date(2025, 11, 3))
    make_child(nour, first_name="Ines", born_on=date(2025, 11, 3))
    make_child(nour, first_name="Malo", born_on=date(2023, 5, 2))
    visit(redon, guardian=nour)
    return nour


@pytest.fixture
def again(nour: Guardian) -> Guardian:
    """The same person, once more."""
    return make_guardian(nour.household, first_name="Noor", last_name="Haddad", email="")


def named(nour: Guardian) -> dict[str, Child]:
    return {each.first_name: each for each in nour.household.children.all()}


def come(session: Shift, guardian: Guardian, *children: Child) -> dict[str, Any]:
    """What the form of an arrival sends."""
    return {
        "famille": guardian.household_id,
        "guardian": guardian.pk,
        "child": [each.pk for each in children],
        "kind": session.offers.get().type_id,
        "q": "haddad",
    }


def checked(answer: HttpResponse) -> dict[str, list[str]]:
    """What the first family's form on the page sends as it stands."""
    form = answer.content.decode().split('name="famille"')[1].split("</form>")[0]
    sent: dict[str, list[str]] = {"famille": re.findall(r'^ value="(\d+)"', form)}
    for tag in re.findall(r"<input [^>]*>", form):
        if 'type="hidden"' in tag or "checked" in tag:
            sent.setdefault(*re.findall(r'name="(\w+)"', tag), []).extend(
                re.findall(r'value="([^"]*)"', tag)
            )
    return sent


def just_before_the_lock(write: Callable[[], object]) -> Any:
    """A colleague is quicker by a hair: after the page was read, before the family is locked."""
    writes = [write]

    def execute(run: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "pg_advisory_xact_lock" in sql and writes:
            writes.pop()()
        return run(sql, params, many, context)

    return connection.execute_wrapper(execute)


def test_at_the_door_a_parent_that_was_joined_is_said_and_the_one_that_stays_is_offered(
    claire: Client, paul: Client, session: Shift, nour: Guardian, again: Guardian
) -> None:
    page = claire.get(path(session), {"q": "haddad"}).content.decode()
    assert f'value="{again.pk}"' in page
    assert paul.post(comparing(nour, again)).status_code == 302
    malo = named(nour)["Malo"]
    answer: Any = claire.post(path(session), come(session, again, malo))
    assert answer.status_code == 409
    assert SAID in text(answer)
    assert "Ce rendez-vous a changé" not in text(answer)
    assert f'value="{again.pk}"' not in answer.content.decode()
    sent = checked(answer)
    assert (sent["guardian"], sent["child"]) == ([str(nour.pk)], [str(malo.pk)])
    assert claire.post(path(session), sent).status_code == 302
    noted = Appointment.objects.get(shift=session)
    assert (noted.guardian, noted.child) == (nour, malo)


def test_at_the_door_a_child_that_was_joined_is_said_and_the_others_stay_chosen(
    claire: Client, paul: Client, session: Shift, nour: Guardian
) -> None:
    ines, twice, malo = (named(nour)[name] for name in ("Inès", "Ines", "Malo"))
    paul.post(f"{page_of(nour)}enfant/{ines.pk}/reunir/{twice.pk}/")
    answer: Any = claire.post(path(session), come(session, nour, twice, malo))
    assert answer.status_code == 409
    assert SAID in text(answer)
    assert checked(answer)["child"] == [str(malo.pk)]
    assert not Appointment.objects.filter(shift=session).exists()


def test_at_the_door_a_family_that_is_part_of_another_now_is_noted_there(
    claire: Client, paul: Client, redon: Centre, session: Shift, nour: Guardian
) -> None:
    kept = make_guardian(last_name="Haddad")
    visit(redon, guardian=kept)
    form = come(session, nour, named(nour)["Malo"])
    assert paul.post(f"{page_of(kept)}reunir/{nour.household_id}/").status_code == 302
    assert claire.post(path(session), form).status_code == 302
    noted = Appointment.objects.get(shift=session)
    assert (noted.household, noted.guardian) == (kept.household, nour)


def test_at_the_door_a_correction_at_that_very_moment_is_said_and_what_stands_now_shown(
    claire: Client, session: Shift, nour: Guardian
) -> None:
    def correct() -> None:
        Guardian.objects.filter(pk=nour.pk).update(first_name="Noura", email="n@example.org")

    malo = named(nour)["Malo"]
    with just_before_the_lock(correct):
        answer: Any = claire.post(path(session), come(session, nour, malo))
    assert answer.status_code == 409
    assert SAID in text(answer)
    assert "Noura Haddad" in text(answer)
    assert checked(answer)["child"] == [str(malo.pk)]
    assert claire.post(path(session), checked(answer)).status_code == 302


def test_a_second_desk_that_joins_the_same_two_is_led_to_the_family(
    claire: Client, paul: Client, nour: Guardian, again: Guardian
) -> None:
    paul.post(comparing(nour, again))
    for answer in (
        claire.post(comparing(nour, again), follow=True),
        claire.get(comparing(nour, again), follow=True),
    ):
        assert answer.redirect_chain == [(page_of(nour), 302)]
        assert "n’est plus dans cette famille" in text(answer)
    ines, twice = named(nour)["Inès"], named(nour)["Ines"]
    joining = f"{page_of(nour)}enfant/{ines.pk}/reunir/{twice.pk}/"
    paul.post(joining)
    assert "n’est plus dans cette famille" in text(claire.post(joining, follow=True))


def test_two_records_joined_at_that_very_moment_are_not_compared_any_more(
    claire: Client, nour: Guardian, again: Guardian
) -> None:
    with just_before_the_lock(lambda: Guardian.objects.filter(pk=again.pk).delete()):
        answer: Any = claire.post(comparing(nour, again), follow=True)
    assert answer.redirect_chain == [(page_of(nour), 302)]
    assert "n’est plus dans cette famille" in text(answer)
    assert "Ce rendez-vous a changé" not in text(answer)


def test_two_records_of_a_family_that_is_part_of_another_now_are_joined_there(
    claire: Client, paul: Client, redon: Centre, nour: Guardian, again: Guardian
) -> None:
    kept = make_guardian(last_name="Haddad", first_name="Ali")
    visit(redon, guardian=kept)
    here = comparing(nour, again)
    paul.post(f"{page_of(kept)}reunir/{nour.household_id}/")
    assert claire.post(here)["Location"] == page_of(kept)
    assert {*kept.household.guardians.all()} == {kept, nour}


def test_two_families_that_a_colleague_made_one_just_before_are_one(
    claire: Client, paul: Client, redon: Centre, nour: Guardian
) -> None:
    kept = make_guardian(last_name="Haddad")
    visit(redon, guardian=kept)
    merging = f"{page_of(kept)}reunir/{nour.household_id}/"
    for client in (paul, claire):
        assert client.post(merging)["Location"] == page_of(kept)


def test_at_the_door_a_reason_that_is_closed_since_is_said_and_the_open_one_offered(
    claire: Client, session: Shift, nour: Guardian
) -> None:
    form = come(session, nour, named(nour)["Malo"])
    other = make_type(label="Jeux", booking="walk_in")
    session.offers.update(type=other)
    answer: Any = claire.post(path(session), form)
    assert answer.status_code == 409
    assert "n’est plus ouverte pour ce motif" in text(answer)
    assert checked(answer)["child"] == [str(named(nour)["Malo"].pk)]
    assert claire.post(path(session), checked(answer)).status_code == 302


def test_what_is_typed_of_a_person_that_was_joined_is_shown_to_be_copied(
    claire: Client, paul: Client, nour: Guardian, again: Guardian
) -> None:
    sent = {"first_name": "Noor", "last_name": "Haddad-Le <Bris>", "phone": "06 39 98", "email": ""}
    paul.post(comparing(nour, again))
    answer: Any = claire.post(f"{page_of(nour)}parent/{again.pk}/", sent)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert SAID in text(answer)
    for typed in ("Haddad-Le &lt;Bris&gt;", "06 39 98"):
        assert typed in page
    assert f'href="{page_of(nour)}"' in page
    stranger = make_child(make_guardian(), first_name="Secret")
    typed_child = {"child_first_name": "Ina", "child_born_on": "hier"}
    for gone in (stranger.pk, 10**9):
        answer = claire.post(f"{page_of(nour)}enfant/{gone}/", typed_child)
        assert answer.status_code == 409
        assert "hier" in answer.content.decode()
        assert "Secret" not in answer.content.decode()


def test_a_person_is_corrected_in_the_family_that_theirs_is_part_of_now(
    claire: Client, paul: Client, redon: Centre, nour: Guardian
) -> None:
    kept = make_guardian(last_name="Haddad")
    visit(redon, guardian=kept)
    here = page_of(nour)
    paul.post(f"{page_of(kept)}reunir/{nour.household_id}/")
    sent = {"first_name": "Noura", "last_name": "Haddad", "email": "nour@example.org"}
    answer = claire.post(f"{here}parent/{nour.pk}/", sent)
    assert answer["Location"] == page_of(kept)
    nour.refresh_from_db()
    assert nour.first_name == "Noura"
    assert claire.post(f"{here}parent/", sent | {"first_name": "Ali"}).status_code == 302
    assert kept.household.guardians.filter(first_name="Ali").exists()
