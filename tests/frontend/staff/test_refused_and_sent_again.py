"""A form that is refused since the family became another meanwhile comes back with what was chosen,
of the family as it is now; sent again it is done. Nothing is written by the refusal."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from booking import actions
from booking.models import (
    Appointment,
    Child,
    FamilyCorrection,
    Guardian,
    Household,
    WaitingListEntry,
)
from centres.models import AppointmentType, Centre
from tests.booking.scene import AGENT
from tests.booking.test_desk import visit
from tests.factories import make_centre, make_child, make_guardian, make_rule, make_site, make_type
from tests.frontend.pages import text
from tests.frontend.staff.calls import booked_in_a_month
from tests.frontend.staff.people import at_desk

pytestmark = pytest.mark.django_db
SAID = "Cette famille vient d’être corrigée ou réunie : rien n’est enregistré."
SAMI = {"child_first_name": "Sami", "child_born_on": "3 mai 2026"}
Sent = dict[str, list[str]]
Meanwhile = Callable[[str, Callable[[], object]], None]


@pytest.fixture
def redon() -> Centre:
    centre = make_centre(name="CDAS de Redon")
    make_site(centre)
    return centre


@pytest.fixture
def nour(redon: Centre) -> Guardian:
    nour = make_guardian(
        first_name="Nour", last_name="Haddad", email="nour@example.org", phone="+33639981234"
    )
    make_child(nour, first_name="Inès", born_on=date(2025, 11, 3))
    make_child(nour, first_name="Malo", born_on=date(2023, 5, 2))
    visit(redon, guardian=nour)
    return nour


@pytest.fixture
def again(nour: Guardian) -> Guardian:
    """The same person, once more."""
    return make_guardian(nour.household, first_name="Noor", last_name="Haddad", email="")


@pytest.fixture
def ali(redon: Centre) -> Guardian:
    """Of the same family, as a colleague finds out."""
    ali = make_guardian(first_name="Ali", last_name="Haddad", email="ali@example.org")
    visit(redon, guardian=ali)
    return ali


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """A colleague is quicker by a hair: after the page was read, before this action begins."""

    def first(name: str, write: Callable[[], object]) -> None:
        act, writes = getattr(actions, name), [write]

        def write_and_act(**given: Any) -> Any:
            while writes:
                writes.pop()()
            return act(**given)

        monkeypatch.setattr(actions, name, write_and_act)

    return first


def joined(nour: Guardian, ali: Guardian) -> Callable[[], object]:
    """What the colleague does: Nour's family becomes a part of Ali's."""
    kept, merged = ali.household_id, nour.household_id
    return lambda: actions.merge_households(
        kept_id=kept, merged_id=merged, now=timezone.now(), actor=AGENT
    )


def page_of(guardian: Guardian) -> str:
    return f"/equipe/familles/{guardian.household_id}/"


def standing(answer: HttpResponse, lead: str = "") -> Sent:
    """What a form of the page sends as it stands, as a browser would: the one with a field `lead`,
    or the last."""
    sent: Sent = {}
    forms = re.findall(r"<form [^>]*method=\"post\".*?</form>", answer.content.decode(), re.DOTALL)
    form = [each for each in forms if f'name="{lead}"' in each][-1] if lead else forms[-1]
    for tag in re.findall(r"<input [^>]*>", form):
        given = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        is_ticked = given.get("type") in ("radio", "checkbox")
        if is_ticked and " checked" not in tag:
            continue
        value = given.get("value", "on" if is_ticked else "")
        sent.setdefault(given["name"], []).append(unescape(value))
    for name, options in re.findall(r'<select name="([^"]+)".*?>(.*?)</select>', form, re.DOTALL):
        chosen = re.findall(r'value="([^"]*)" selected', options)
        sent[name] = chosen or re.findall(r'value="([^"]*)"', options)[:1]
    sent.pop("csrfmiddlewaretoken")
    return sent


def test_wishes_about_messages_stay_chosen_and_are_noted_when_sent_again(
    claire: Client, nour: Guardian, ali: Guardian, meanwhile: Meanwhile
) -> None:
    page = f"{page_of(nour)}messages/"
    wanted = {"contact_by": "sms", "contact_from": "09:00", "contact_until": "18:00"}
    chosen: Any = standing(claire.get(page), "contact_by") | wanted
    Household.objects.filter(pk=ali.household_id).update(language="tr")
    meanwhile("note_wishes", joined(nour, ali))
    answer = claire.post(page, chosen)
    assert answer.status_code == 409
    assert SAID in text(answer)
    assert "Nour Haddad, Ali Haddad" in text(answer)
    assert not FamilyCorrection.objects.exists()
    assert Household.objects.get(pk=ali.household_id).contact_by == "any"
    sent = standing(answer, "contact_by")
    assert {name: sent[name] for name in wanted} == {n: [v] for n, v in wanted.items()}
    # What was not chosen is shown as it stands in the family that it is now.
    assert (sent["message_language"], sent["initial-contact_by"]) == (["tr"], ["any"])
    assert claire.post(page, sent).status_code == 302
    kept = Household.objects.get(pk=ali.household_id)
    assert (kept.contact_by, kept.contact_from, kept.contact_until) == ("sms", time(9), time(18))
    assert (kept.language, FamilyCorrection.objects.get().what) == ("tr", ["messages"])


def test_a_language_stays_chosen_and_is_noted_when_sent_again(
    claire: Client, nour: Guardian, ali: Guardian, meanwhile: Meanwhile
) -> None:
    page, chosen = f"{page_of(nour)}langue/", {"language": "ar", "needs_interpreter": "on"}
    meanwhile("note_language", joined(nour, ali))
    answer = claire.post(page, chosen)
    assert answer.status_code == 409
    assert SAID in text(answer)
    assert not FamilyCorrection.objects.exists()
    sent = standing(answer, "language")
    assert sent == {"language": ["ar"], "needs_interpreter": ["on"]}
    assert f'action="{page_of(ali)}langue/"' in answer.content.decode()
    assert claire.post(f"{page_of(ali)}langue/", sent)["Location"] == page_of(ali)
    assert Household.objects.get(pk=ali.household_id).language == "ar"


def test_a_child_stays_typed_and_is_added_when_sent_again(
    claire: Client, nour: Guardian, again: Guardian, meanwhile: Meanwhile
) -> None:
    page, typed = f"{page_of(nour)}enfant/", {**SAMI, "guardian": str(again.pk)}
    meanwhile("add_child", again.delete)
    answer = claire.post(page, typed)
    assert answer.status_code == 409
    assert SAID in text(answer)
    assert not Child.objects.filter(first_name="Sami").exists()
    sent = standing(answer, "child_first_name")
    assert sent == {name: [value] for name, value in SAMI.items()} | {"guardian": [str(nour.pk)]}
    assert claire.post(page, sent).status_code == 302
    assert Child.objects.get(first_name="Sami").guardians.get() == nour


def test_a_child_typed_with_the_wishes_of_a_booking_stays_typed(
    claire: Client, redon: Centre, nour: Guardian, again: Guardian, meanwhile: Meanwhile
) -> None:
    page, kind = f"{page_of(nour)}rendez-vous/", make_type(audience="child")
    wished = {"voir": "1", "guardian": again.pk, "kind": kind.slug, "centre": redon.slug}
    meanwhile("add_child", again.delete)
    answer = claire.post(page, {**wished, **SAMI, "half": "matin"})
    assert answer.status_code == 409
    assert SAID in text(answer)
    assert not Child.objects.filter(first_name="Sami").exists()
    sent = standing(answer, "child_first_name")
    assert (sent["half"], sent["guardian"]) == (["matin"], [str(nour.pk)])
    assert claire.post(page, sent).status_code == 302
    assert Child.objects.get(first_name="Sami").guardians.get() == nour


def test_a_parent_who_is_no_more_can_be_chosen_anew_where_only_one_is_left(
    claire: Client, nour: Guardian, again: Guardian
) -> None:
    page, typed = f"{page_of(nour)}enfant/", {**SAMI, "guardian": str(again.pk)}
    again.delete()
    answer = claire.post(page, typed)
    assert answer.status_code == 422
    assert "Ce choix n’existe plus : choisissez de nouveau." in text(answer)
    sent = standing(answer, "child_first_name")
    assert sent["guardian"] == [str(nour.pk)]
    assert claire.post(page, sent).status_code == 302
    assert Child.objects.get(first_name="Sami").guardians.get() == nour


@dataclass(frozen=True, slots=True)
class Wished:
    """A family that would come for any time: the page, and what an agent chose on it."""

    page: str
    kind: AppointmentType
    chosen: dict[str, Any]


@pytest.fixture
def wished(redon: Centre, nour: Guardian, again: Guardian) -> Callable[..., Wished]:
    kind, site = make_type(audience="child"), redon.sites.first()
    assert site is not None
    make_rule(site=site, types=[kind])

    def wish(guardian: Guardian, *children: Child) -> Wished:
        asked = {
            "guardian": guardian.pk,
            "child": [each.pk for each in children],
            "kind": kind.slug,
            "centre": redon.slug,
            "practitioner": "",
        }
        page = f"{page_of(nour)}attente/?{urlencode(asked, doseq=True)}"
        chosen = {"days": ["2", "4"], "moment": "soir", "sites": [str(site.pk)], "notice": "2880"}
        return Wished(page, kind, chosen)

    return wish


def named(nour: Guardian) -> dict[str, Child]:
    return {each.first_name: each for each in nour.household.children.all()}


def is_kept(wish: Wished, sent: Sent) -> bool:
    return all(sent[n] == ([v] if isinstance(v, str) else v) for n, v in wish.chosen.items())


@pytest.mark.parametrize("is_before", [True, False])
def test_who_waits_is_chosen_anew_when_a_parent_and_a_child_were_joined(
    claire: Client,
    nour: Guardian,
    again: Guardian,
    wished: Callable[..., Wished],
    meanwhile: Meanwhile,
    is_before: bool,
) -> None:
    ines, malo = named(nour)["Inès"], named(nour)["Malo"]
    twice = make_child(nour, first_name="Ines", born_on=ines.born_on)
    wish = wished(again, twice, malo)
    assert claire.get(wish.page).status_code == 200

    def join() -> None:
        again.delete()
        twice.delete()

    if is_before:
        join()
    else:
        meanwhile("ask_for_each", join)
    answer: Any = claire.post(wish.page, wish.chosen)
    assert answer.status_code == 409
    assert SAID in text(answer)
    assert not WaitingListEntry.objects.exists()
    sent = standing(answer)
    assert is_kept(wish, sent)
    assert (sent["guardian"], sent["child"]) == ([str(nour.pk)], [str(malo.pk)])
    assert f'value="{ines.pk}"' in answer.content.decode()
    sent["child"].append(str(ines.pk))
    assert claire.post(wish.page, sent)["Location"] == page_of(nour)
    found = WaitingListEntry.objects.all()
    assert {(each.guardian, each.child) for each in found} == {(nour, ines), (nour, malo)}
    assert {(each.opens, tuple(each.days)) for each in found} == {(time(16), (2, 4))}


def test_of_a_family_that_is_part_of_another_now_the_whole_is_offered(
    claire: Client,
    nour: Guardian,
    again: Guardian,
    ali: Guardian,
    wished: Callable[..., Wished],
    meanwhile: Meanwhile,
) -> None:
    malo, lina = named(nour)["Malo"], make_child(ali, first_name="Lina")
    wish = wished(again, malo)

    def join() -> None:
        joined(nour, ali)()
        Guardian.objects.filter(pk=again.pk).delete()

    meanwhile("ask_for_each", join)
    answer: Any = claire.post(wish.page, wish.chosen)
    assert answer.status_code == 409
    assert "Nour Haddad, Ali Haddad" in text(answer)
    sent = standing(answer)
    assert sent["child"] == [str(malo.pk)]
    assert f'value="{lina.pk}"' in answer.content.decode()
    sent["guardian"] = [str(nour.pk)]
    assert claire.post(wish.page, sent)["Location"] == page_of(ali)
    entry = WaitingListEntry.objects.get()
    assert (entry.household_id, entry.child) == (ali.household_id, malo)


def test_what_lacks_when_it_is_sent_again_is_said_and_nothing_is_lost(
    claire: Client, nour: Guardian, again: Guardian, wished: Callable[..., Wished]
) -> None:
    wish = wished(again, named(nour)["Malo"])
    again.delete()
    sent = standing(claire.post(wish.page, wish.chosen))
    nobody = claire.post(wish.page, {**sent, "child": []})
    assert nobody.status_code == 422
    assert "Ce motif est pour un enfant" in text(nobody)
    assert is_kept(wish, standing(nobody))
    no_day = claire.post(wish.page, {**sent, "days": []})
    assert no_day.status_code == 422
    assert "Cochez au moins un jour" in text(no_day)
    assert standing(no_day)["child"] == sent["child"]
    neither = claire.post(wish.page, {**sent, "child": [], "days": []})
    assert "Il y a 2 points à corriger" in text(neither)
    summary = neither.content.decode().partition("error-summary__list")[2].partition("</ul>")[0]
    assert re.findall('href="#([^"]+)"', summary) == ["id_child_0", "id_days_0"]
    assert not WaitingListEntry.objects.exists()


def test_another_family_s_people_are_offered_to_nobody(
    claire: Client, nour: Guardian, wished: Callable[..., Wished]
) -> None:
    stranger = make_child(make_guardian(first_name="Secret"), first_name="Secrète")
    wish = wished(stranger.guardians.get(), stranger)
    answer: Any = claire.post(wish.page, wish.chosen)
    assert answer.status_code == 409
    assert "Secr" not in answer.content.decode()
    sent = {**wish.chosen, "guardian": nour.pk, "child": stranger.pk}
    assert claire.post(wish.page, sent).status_code == 409
    assert not WaitingListEntry.objects.exists()


def test_wishes_for_an_earlier_time_stay_chosen_when_the_appointment_is_off(
    meanwhile: Meanwhile,
) -> None:
    appointment = booked_in_a_month()
    claire = at_desk(appointment.centre)
    page = f"/equipe/familles/{appointment.household_id}/attente/?rdv={appointment.reference}"
    chosen = {"days": ["2"], "moment": "matin", "sites": [str(appointment.site_id)], "notice": "0"}
    own = Appointment.objects.filter(pk=appointment.pk)
    meanwhile("ask_for_earlier", lambda: own.update(state="cancelled"))
    answer = claire.post(page, chosen)
    assert answer.status_code == 409
    assert "Ce rendez-vous a changé entre-temps" in text(answer)
    assert "annulé" in text(answer)
    assert not WaitingListEntry.objects.exists()
    sent = standing(answer)
    assert (sent["days"], sent["moment"], sent["notice"]) == (["2"], ["matin"], ["0"])
    own.update(state="booked")
    assert claire.post(page, sent).status_code == 302
    assert WaitingListEntry.objects.get().days == [2]
