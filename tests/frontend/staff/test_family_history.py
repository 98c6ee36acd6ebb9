"""A family's history tells in sentences who did what beside its appointments, and what was sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from booking import actions
from booking.actions.waiting import Wishes
from booking.actors import FAMILY, WAITING_LIST, Actor
from booking.models import (
    AppointmentEvent,
    CallbackRequest,
    FamilyRead,
    Guardian,
    WaitingListEntry,
    WaitingListOffer,
)
from centres.models import Centre, User
from frontend.views.staff.families import A_PAGE
from tests.booking.test_desk import day_ref, lost, visit
from tests.factories import make_centre, make_child, make_guardian, make_rule, make_type
from tests.frontend.pages import read
from tests.frontend.staff.people import at_desk, in_department

pytestmark = pytest.mark.django_db
CLAIRE = Actor("agent", "claire@example.org")
# Pages are in the order of time; nothing in them happens in the same moment.
STARTS = datetime(2026, 11, 23, 8, 30, tzinfo=timezone.get_default_timezone())


@pytest.fixture
def claire(redon: Centre) -> Client:
    client = at_desk(redon, email=CLAIRE.label)
    User.objects.filter(email=CLAIRE.label).update(first_name="Claire", last_name="Martin")
    return client


@pytest.fixture
def nour(redon: Centre) -> Guardian:
    nour = make_guardian(first_name="Nour", last_name="Haddad", phone="+33639981234")
    make_child(nour, first_name="Sami", born_on=date(2025, 3, 4))
    visit(redon, guardian=nour)
    return nour


def page_of(guardian: Guardian) -> str:
    return f"/equipe/familles/{guardian.household_id}/"


def told(client: Client, guardian: Guardian, rest: str = "histoire/") -> str:
    return read(client, page_of(guardian) + rest)


def entry_of(nour: Guardian, centre: Centre, *, by: Actor = CLAIRE, **fields: Any) -> Any:
    kind = make_type(**{"label": "Consultation"} | fields)
    make_rule(site=centre.sites.all()[0], types=[kind])
    return actions.ask_for_any(
        guardian=nour,
        child=nour.children.first(),
        kind=kind,
        centre=centre,
        wishes=Wishes(sites=(centre.sites.all()[0].pk,)),
        now=timezone.now(),
        actor=by,
    )


def offer_of(entry: WaitingListEntry, **fields: Any) -> WaitingListOffer:
    place = visit(entry.centre)
    return WaitingListOffer.objects.create(
        **{
            "entry": entry,
            "household": entry.household,
            "centre": entry.centre,
            "site": place.site,
            "practitioner": place.practitioner,
            "starts_at": STARTS,
            "way": "message",
            "offered_at": timezone.now(),
            "told_at": timezone.now(),
            "answer_by": timezone.now() + timedelta(hours=2),
        }
        | fields
    )


def answered(state: str, by: str) -> dict[str, Any]:
    return {"state": state, "answered_by": by, "answered_at": timezone.now()}


def asked_to_call(nour: Guardian, centre: Centre, **kind: Any) -> CallbackRequest:
    return actions.request_callback(
        centre_id=centre.pk,
        type_id=make_type(**kind).pk,
        first_name="Nour",
        last_name="Haddad",
        phone=nour.number,
        now=timezone.now(),
    )


def signed(**fields: Any) -> dict[str, Any]:
    return {"now": timezone.now(), "actor": CLAIRE} | fields


# What was noted of the family


def test_the_language_and_the_interpreter_are_told_once_each_and_by_whom(
    claire: Client, nour: Guardian
) -> None:
    path = f"{page_of(nour)}langue/"
    claire.post(path, {"language": "ar", "needs_interpreter": "on"})
    said = told(claire, nour)
    for words in ("langue que parle la famille.", "qu’il faut un interprète."):
        assert f"Claire Martin (accueil) a noté la {words}" in said or words in said
    assert said.count("a noté qu’il faut un interprète.") == 1
    answer = claire.post(path, {"language": "ar", "needs_interpreter": "on"}, follow=True)
    assert "Rien n’a changé." in answer.content.decode()
    claire.post(path, {"language": "ar"})
    said = told(claire, nour)
    assert said.count("a noté la langue que parle la famille.") == 1
    assert "a noté qu’il ne faut plus d’interprète." in said
    assert "العربية" not in said  # what it was before is kept nowhere


def test_a_merge_is_told_with_whose_record_it_was_and_so_is_one_before_it(
    claire: Client, redon: Centre, nour: Guardian
) -> None:
    first, second = (make_guardian(first_name=name, last_name="Haddad") for name in ("Ali", "Zoé"))
    early = visit(redon, guardian=first)
    visit(redon, guardian=second)
    reminder = lost(early, subject_ref=day_ref(early), kind="reminder")
    actions.note_language(
        household_id=first.household_id, language="tr", needs_interpreter=False, **signed()
    )
    for kept, merged in ((second, first), (nour, second)):
        kept.refresh_from_db()
        merged.refresh_from_db()
        actions.merge_households(
            kept_id=kept.household_id, merged_id=merged.household_id, **signed()
        )
    said = told(claire, nour)
    assert "a réuni à cette famille une autre fiche (Ali Haddad et Zoé Haddad)." in said
    assert "Martin (accueil) a réuni à cette famille une autre fiche (Ali Haddad)." in said
    assert "la langue que parle la famille" in said  # noted before it was this family
    assert reminder.recipient not in told(claire, nour, "")  # lost: told without an address
    assert "la famille n’a pas eu ce message" in said  # and what was sent then


def test_a_merge_of_whom_nobody_is_left_is_told_too(claire: Client, nour: Guardian) -> None:
    other = make_guardian(first_name="Ali")
    actions.merge_households(kept_id=nour.household_id, merged_id=other.household_id, **signed())
    other.delete()
    assert "a réuni deux fiches en celle de cette famille." in told(claire, nour)


def test_who_decided_the_next_visit_is_told_with_its_day_while_it_is_the_one(
    claire: Client, nour: Guardian
) -> None:
    child, today = nour.children.get().pk, timezone.localdate()
    for weeks in (6, 9):
        on = today + timedelta(weeks=weeks)
        actions.decide_next(child_id=child, on=on, today=today, **signed())
    said = told(claire, nour)
    assert said.count("veut revoir Sami vers le") == 1
    assert said.count("a décidé du prochain rendez-vous (Sami).") == 1
    actions.forget_next(child_id=child, **signed())
    actions.forget_next(child_id=child, **signed())
    said = told(claire, nour)
    assert "veut revoir" not in said
    assert said.count("a remis le prochain rendez-vous à l’âge habituel (Sami).") == 1


# The waiting list


@pytest.mark.parametrize("by", [FAMILY, CLAIRE])
def test_who_put_them_on_the_waiting_list_and_who_took_them_off(
    claire: Client, redon: Centre, nour: Guardian, by: Actor
) -> None:
    who = {FAMILY: "La famille", CLAIRE: "Claire Martin (accueil)"}[by]
    entry = entry_of(nour, redon, by=by)
    assert f"{who} a inscrit Sami sur la liste d’attente (Consultation)." in told(claire, nour)
    if by is CLAIRE:
        claire.post(f"/equipe/attente/{entry.uid}/retirer/")
    else:
        actions.stop_waiting(uid=entry.uid, now=timezone.now())
    assert f"{who} a retiré Sami de la liste d’attente." in told(claire, nour)


@pytest.mark.parametrize(
    ("ending", "by", "said"),
    [
        ("silent", WAITING_LIST.label, "Sami n’est plus en liste d’attente : les propositions"),
        ("useless", WAITING_LIST.label, "Sami n’est plus en liste d’attente : il n’y avait plus"),
        # Closed before it was noted who did.
        ("withdrawn", "", "La demande en liste d’attente (Sami) a été retirée."),
    ],
)
def test_a_request_that_ends_by_itself_says_why(
    claire: Client, redon: Centre, nour: Guardian, ending: str, by: str, said: str
) -> None:
    entry = entry_of(nour, redon)
    WaitingListEntry.objects.filter(pk=entry.pk).update(
        state="closed", ending=ending, closed_at=timezone.now(), closed_by=by
    )
    assert said in told(claire, nour)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "Le rendez-vous du lundi 23 novembre à 8 h 30, qui se libérait, a été proposé"),
        ({"way": "call"}, "à lui proposer par téléphone."),
        (answered("accepted", "family:offer"), "La famille a accepté le rendez-vous proposé du"),
        (answered("accepted", CLAIRE.label), "Martin (accueil) a noté que la famille accepte"),
        (answered("refused", "family"), "La famille a refusé le rendez-vous proposé du lundi"),
        (answered("refused", CLAIRE.label), "Martin (accueil) a noté que la famille refuse"),
        (answered("expired", "waiting-list"), "La famille n’a pas répondu pour le rendez-vous"),
        (answered("withdrawn", CLAIRE.label), "Martin (accueil) n’a pas pu joindre la famille"),
        (answered("withdrawn", "waiting-list"), "ne lui est plus proposé."),
    ],
)
def test_what_was_offered_and_what_the_family_said_to_it(
    claire: Client, redon: Centre, nour: Guardian, fields: dict[str, Any], said: str
) -> None:
    offer = offer_of(entry_of(nour, redon), **fields)
    lost(nour.appointments.get(), subject_ref=offer.subject_ref, version=0)
    page = told(claire, nour)
    assert said in page
    assert "la famille n’a pas eu ce message par" in page  # its message


# Calls


def test_each_call_is_told_with_what_came_of_it_and_that_one_was_a_mistake(
    claire: Client, redon: Centre, nour: Guardian
) -> None:
    asked = asked_to_call(nour, redon)
    monday = date(2026, 11, 30)
    actions.call_again(uid=asked.uid, again_on=monday, note="répondeur", **signed())
    actions.close_callback(uid=asked.uid, outcome="dropped", note="", **signed())
    actions.undo_call(uid=asked.uid, now=timezone.now())
    actions.close_callback(uid=asked.uid, outcome="booked", note="", **signed())
    said = told(claire, nour)
    for words in (
        "La famille a demandé à être rappelée.",
        "Claire Martin (accueil) n’a pas pu joindre la famille. À rappeler le lundi 30 novembre. "
        "Note : répondeur.",
        "a rappelé la famille : la famille n’en a plus besoin. C’était une erreur, défaite depuis.",
        "a rappelé la famille : rendez-vous pris.",
    ):
        assert words in said, words


# Whose it is to know


def waits_elsewhere(nour: Guardian, redon: Centre, other: Centre) -> str:
    entry_of(nour, other)
    return "liste d’attente"


def was_called_elsewhere(nour: Guardian, redon: Centre, other: Centre) -> str:
    asked_to_call(nour, other)
    return "rappelée"


@pytest.mark.parametrize("elsewhere", [waits_elsewhere, was_called_elsewhere])
def test_what_another_centre_did_is_that_centre_s_to_know(
    claire: Client,
    redon: Centre,
    nour: Guardian,
    elsewhere: Callable[[Guardian, Centre, Centre], str],
) -> None:
    other = make_centre()
    visit(other, guardian=nour)
    said = elsewhere(nour, redon, other)
    assert said not in told(claire, nour)
    assert said not in told(claire, nour, "")
    assert said in told(at_desk(other, email="jean@example.org"), nour)
    assert said in told(in_department(), nour)


def test_a_discreet_reason_and_the_note_of_its_call_are_the_manager_s(
    claire: Client, redon: Centre, nour: Guardian
) -> None:
    discreet = {"label": "Contraception", "is_discreet": True, "translations": {}}
    entry_of(nour, redon, **discreet)
    asked = asked_to_call(nour, redon, **discreet)
    actions.close_callback(uid=asked.uid, outcome="answered", note="pilule", **signed())
    chief = at_desk(redon, email="chef@example.org", role="manager")
    for client, knows in ((claire, False), (chief, True)):
        said = told(client, nour)
        assert "a inscrit Sami sur la liste d’attente" in said
        assert [word in said for word in ("Contraception", "pilule")] == [knows] * 2


# The page of the whole


def test_the_family_s_page_shows_the_newest_and_leads_to_the_whole(
    claire: Client, redon: Centre, nour: Guardian
) -> None:
    link = f"{page_of(nour)}histoire/"
    assert link not in claire.get(page_of(nour)).content.decode()
    asked = asked_to_call(nour, redon)
    for _ in range(A_PAGE):
        actions.call_again(uid=asked.uid, **signed())
    assert link in claire.get(page_of(nour)).content.decode()
    first, second = told(claire, nour), told(claire, nour, "histoire/?page=2")
    assert "Plus ancien" in first
    assert "La famille a pris le rendez-vous du" not in first
    assert "La famille a pris le rendez-vous du" in second
    assert "Plus récent" in second
    for odd in ("0", "x", "99"):
        assert claire.get(f"{link}?page={odd}").status_code == 200
    assert FamilyRead.objects.filter(household=nour.household_id).exists()
    assert len(claire.get(link).content) < 80_000


def test_a_family_nothing_was_done_for_says_so() -> None:
    nobody = make_guardian()
    assert "Rien n’est encore noté." in told(in_department(), nobody)


def test_the_whole_costs_the_same_with_ten_of_each_as_with_one(
    claire: Client, redon: Centre, nour: Guardian, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    def more(number: int) -> None:
        child = make_child(nour, first_name=f"Enfant {number}")
        today = timezone.localdate()
        actions.decide_next(child_id=child.pk, on=today + timedelta(9), today=today, **signed())
        actions.add_child(
            guardian_id=nour.pk, first_name=f"Autre {number}", born_on=today, **signed()
        )
        is_odd = {"language": ("fr", "ar")[number % 2], "needs_interpreter": False}
        actions.note_language(household_id=nour.household_id, **signed(), **is_odd)
        other = make_guardian(first_name=f"Ali {number}")
        lost(visit(redon, guardian=other, days=number + 3))
        actions.merge_households(
            kept_id=nour.household_id, merged_id=other.household_id, **signed()
        )
        state = answered("refused", CLAIRE.label)
        offer_of(entry_of(nour, redon), **state, starts_at=STARTS + timedelta(days=number))
        asked = asked_to_call(nour, redon)
        actions.close_callback(uid=asked.uid, outcome="answered", note="", **signed())

    more(1)
    for path, queries in ((page_of(nour), 4 + 35), (f"{page_of(nour)}histoire/", 4 + 22)):
        claire.get(path)
        with django_assert_num_queries(queries):
            claire.get(path)
    for number in range(2, 11):
        more(number)
    for path, queries in ((page_of(nour), 4 + 35), (f"{page_of(nour)}histoire/", 4 + 22)):
        with django_assert_num_queries(queries):
            claire.get(path)
    assert AppointmentEvent.objects.count() > 10
