"""Who reads of a family is known to the managers of the centres by whose right, and no others."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from booking import actions
from booking.actions.waiting import Wishes
from booking.histories import reads_of
from booking.models import Appointment, CallbackRequest, FamilyRead, Guardian
from centres.models import Centre, Membership
from tests.booking.test_desk import day_ref, lost, visit
from tests.factories import make_centre, make_guardian, make_household
from tests.frontend.pages import read
from tests.frontend.staff.people import at_desk, in_department, log_in, make_user

pytestmark = pytest.mark.django_db
JOURNAL = "/equipe/consultations/"


@pytest.fixture
def vitre() -> Centre:
    return make_centre(name="CDAS de Vitré")


@pytest.fixture
def fougeres() -> Centre:
    return make_centre(name="CDAS de Fougères")


@pytest.fixture
def nour() -> Guardian:
    return make_guardian(first_name="Nour", last_name="Haddad")


def agent_of(*centres: Centre) -> Client:
    user = make_user("claire@example.org", "reception", centres[0])
    for centre in centres[1:]:
        Membership.objects.create(
            user=user, department=centre.department, centre=centre, role="reception"
        )
    client = Client()
    log_in(client, user)
    return client


def managers(*centres: Centre) -> list[Client]:
    return [
        at_desk(centre, email=f"chef.{centre.slug}@example.org", role="manager")
        for centre in centres
    ]


def page_of(guardian: Guardian) -> str:
    return f"/equipe/familles/{guardian.household_id}/"


def sees(client: Client) -> bool:
    return "claire@example.org" in read(client, JOURNAL)


def test_an_agent_of_several_centres_reads_by_right_of_those_that_receive_the_family(
    redon: Centre, vitre: Centre, fougeres: Centre, nour: Guardian
) -> None:
    for centre in (redon, vitre):
        visit(centre, guardian=nour)
    agent_of(redon, vitre, fougeres).get(page_of(nour))
    line = FamilyRead.objects.get()
    assert set(line.centres) == {redon.pk, vitre.pk}
    own, other, third = managers(redon, vitre, fougeres)
    assert [sees(each) for each in (own, other, third)] == [True, True, False]
    assert "CDAS de Redon" in read(own, JOURNAL)
    assert "Vitré" not in read(own, JOURNAL)  # where else they go is not told
    assert "CDAS de Redon, CDAS de Vitré" in read(in_department("auditor"), JOURNAL)


def test_the_manager_of_another_centre_of_the_family_learns_nothing_of_a_reading_here(
    redon: Centre, vitre: Centre, nour: Guardian
) -> None:
    for centre in (redon, vitre):
        visit(centre, guardian=nour)
    agent_of(redon).get(page_of(nour))
    own, other = managers(redon, vitre)
    assert [sees(each) for each in (own, other)] == [True, False]
    its_own = f"{page_of(nour)}consultations/"
    assert ["claire@" in read(each, its_own) for each in (own, other)] == [True, False]


@pytest.mark.parametrize("by", ["visit", "call", "waiting"])
def test_who_sees_everything_reads_by_right_of_all_that_receive_the_family(
    redon: Centre, vitre: Centre, by: str
) -> None:
    nour = make_guardian(phone="+33639981234")
    known_by(by, redon, nour)
    in_department().get(page_of(nour))
    assert FamilyRead.objects.get().centres == [redon.pk]
    own, other = managers(redon, vitre)
    assert ["administrator@" in read(each, JOURNAL) for each in (own, other)] == [True, False]


def known_by(way: str, centre: Centre, guardian: Guardian) -> None:
    """An appointment, a call promised, or a place on the waiting list, and no more."""
    booked = visit(centre, guardian=guardian)
    if way == "visit":
        return
    kind, values = booked.type, {"centre": centre, "type": booked.type}
    Appointment.objects.all().delete()
    if way == "call":
        asked_for(guardian, **values)
    else:
        waits(guardian, centre, kind)


def asked_for(guardian: Guardian, **values: Any) -> None:
    CallbackRequest.objects.create(
        first_name="Nour",
        last_name="Haddad",
        phone=guardian.number,
        promised_on=timezone.localdate(),
        created_at=timezone.now(),
        **values,
    )


def waits(guardian: Guardian, centre: Centre, kind: Any) -> None:
    site = centre.sites.get()
    actions.ask_for_any(
        guardian=guardian,
        child=None,
        kind=kind,
        centre=centre,
        wishes=Wishes(sites=(site.pk,)),
        now=timezone.now(),
    )


def test_a_line_of_before_is_its_centre_s_and_one_without_is_no_single_centre_s(
    redon: Centre, vitre: Centre, nour: Guardian
) -> None:
    """An agent of several centres was once noted without any."""
    visit(redon, guardian=nour)
    for reader, centre in (("claire@example.org", redon), ("anne@example.org", None)):
        FamilyRead.objects.create(
            reader=reader, household=nour.household, centre=centre, page="family",
            at=timezone.now(),
        )  # fmt: skip
    own, other = managers(redon, vitre)
    assert [sees(each) for each in (own, other)] == [True, False]
    assert "anne@" not in read(own, JOURNAL)
    assert "anne@" not in read(own, f"{page_of(nour)}consultations/")
    assert "anne@example.org" in [each.reader for each in reads_of(nour.household_id, None)]


def test_another_centre_within_ten_minutes_is_another_line(
    redon: Centre, vitre: Centre, nour: Guardian
) -> None:
    visits = [visit(centre, guardian=nour) for centre in (redon, vitre)]
    claire = agent_of(redon, vitre)
    for each in (*visits, *visits):
        claire.get(f"/equipe/rendez-vous/{each.spoken_reference}/")
    assert [line.centres for line in FamilyRead.objects.order_by("pk")] == [[redon.pk], [vitre.pk]]
    claire.get(page_of(nour))
    assert FamilyRead.objects.count() == 3  # of both at once, by the family's page
    claire.get(f"/equipe/rendez-vous/{visits[0].spoken_reference}/")
    assert FamilyRead.objects.count() == 3


@pytest.mark.parametrize("about", ["visit", "day", "family", "parent"])
def test_a_family_s_message_is_read_on_record_whatever_it_is_about(
    redon: Centre, vitre: Centre, nour: Guardian, about: str
) -> None:
    booked = visit(redon, guardian=nour)
    subject, person = {
        "visit": (str(booked.uid), ""),
        "day": (day_ref(booked), ""),
        "family": ("offer:x", f"household:{nour.household_id}"),
        "parent": ("offer:x", f"guardian:{nour.pk}"),
    }[about]
    message = lost(booked, subject_ref=subject, person_ref=person)
    agent_of(redon, vitre).get(f"/equipe/messages/{message.pk}/")
    line = FamilyRead.objects.get()
    assert (line.household_id, line.page) == (nour.household_id, "message")
    assert line.centres == [redon.pk]
    own, other = managers(redon, vitre)
    assert [sees(each) for each in (own, other)] == [True, False]


def test_a_refused_correction_of_a_message_shows_it_on_record_too(
    redon: Centre, nour: Guardian
) -> None:
    message = lost(visit(redon, guardian=nour))
    answer = agent_of(redon).post(
        f"/equipe/messages/{message.pk}/autre-adresse/", {"channel": "email", "address": "?"}
    )
    assert answer.status_code == 422
    assert FamilyRead.objects.get().page == "message"


def test_a_message_to_nobody_known_is_nobody_s_reading(redon: Centre, nour: Guardian) -> None:
    message = lost(visit(redon, guardian=nour), subject_ref="offer:x", person_ref="")
    assert agent_of(redon).get(f"/equipe/messages/{message.pk}/").status_code == 200
    assert not FamilyRead.objects.exists()


def test_who_looks_after_the_readers_of_a_family_is_on_record_and_has_not_opened_it(
    redon: Centre, nour: Guardian
) -> None:
    visit(redon, guardian=nour)
    (boss,) = managers(redon)
    assert "liste des consultations" in read(boss, f"{page_of(nour)}consultations/")
    assert FamilyRead.objects.get().page == "reads"
    assert "Vos dernières familles" not in read(boss, "/equipe/familles/")


def test_lists_are_no_reading(redon: Centre, nour: Guardian) -> None:
    booked = visit(redon, guardian=nour, days=0.1)
    lost(booked)
    claire = agent_of(redon)
    for path in (
        "/equipe/familles/?q=haddad",
        f"/equipe/aujourdhui/{redon.slug}/",
        f"/equipe/messages/centre/{redon.slug}/",
        f"/equipe/rappels/{redon.slug}/",
        f"/equipe/calendrier/{redon.slug}/",
    ):
        assert claire.get(path).status_code == 200
    assert not FamilyRead.objects.exists()


def test_a_page_costs_the_same_after_ten_visits_as_after_one(
    redon: Centre, vitre: Centre, nour: Guardian, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for centre in (redon, vitre):
        visit(centre, guardian=nour)
    claire = agent_of(redon, vitre)
    path = f"{page_of(nour)}parent/{nour.pk}/"
    claire.get(path)
    for _ in range(2):
        with django_assert_num_queries(13):
            claire.get(path)
        for day in range(9):
            visit(vitre, guardian=nour, days=day + 3)


def test_without_the_centres_a_reading_by_one_of_several_is_nobody_s(
    redon: Centre, vitre: Centre, nour: Guardian
) -> None:
    visit(redon, guardian=nour)
    FamilyRead.objects.create(
        reader="claire@example.org", household=nour.household, page="family", at=timezone.now()
    )
    assert not any(sees(each) for each in managers(redon, vitre))


def test_a_family_without_any_centre_is_for_who_audits_all() -> None:
    household = make_household()
    make_guardian(household)
    in_department().get(f"/equipe/familles/{household.pk}/")
    assert FamilyRead.objects.get().centres == []
    assert "administrator@" in read(in_department("auditor"), JOURNAL)
