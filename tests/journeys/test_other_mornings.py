"""The short mornings of a practitioner and of a manager: by mouse, and by keyboard alone."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import NamedTuple

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from booking.models import Appointment, CalendarLink, NextVisit
from centres.actions import expand_rules
from centres.models import (
    Absence,
    Membership,
    OpeningRule,
    Practitioner,
    Shift,
)
from notifications.models import OutboxMessage
from tests.factories import make_practitioner, make_rule, make_shift
from tests.frontend.staff.practitioners import make_exam
from tests.journeys.agent import BY_HAND, Mouse, ends_well, says
from tests.journeys.morning import DOCTOR, NADIA, NURSE, Morning, Open

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
BOSS = "boss@example.org"
SAVED = ".notice--success"
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


# A practitioner


@BY_HAND
def test_a_practitioner_s_morning(browse: Open, morning: Morning, hand: type[Mouse]) -> None:
    make_exam(
        number=12,
        first_day=390,
        usual_day=394,
        until_day=450,
        doctor_type=morning.kinds[DOCTOR],
        nurse_type=morning.kinds[NURSE],
    )
    agent = hand(browse(NADIA))
    agent.press("nav >> text=Mes séances")
    receive(agent, morning)
    propose_the_next(agent, morning)
    put_the_next_off(agent, morning)
    be_away(agent, morning)
    make_and_stop_an_address(agent, morning)
    print_the_session(agent)
    ends_well(agent, clicks=28, typed=30, keys=280)


def receive(agent: Mouse, morning: Morning) -> None:
    """Who waits is called in, and leaves again."""
    visit = morning.visit("Perrin")
    for label, said in (("Arrivé", "Arrivé"), ("Commencé", "En cours"), ("Fini", "Venu")):
        agent.press(f"#v{visit.pk} button >> text={label}")
        expect(agent.page.locator(f"#v{visit.pk} em")).to_contain_text(said)
    visit.refresh_from_db()
    assert (visit.state, visit.actor) == ("fulfilled", NADIA)


def propose_the_next(agent: Mouse, morning: Morning) -> None:
    """By the child's age, from the row of the visit: two presses."""
    visit = morning.visit("Perrin")
    agent.press(f"#v{visit.pk} .next__ways a >> nth=0")
    agent.press(".slot--big >> nth=0")
    expect(agent.page.locator(SAVED)).to_be_visible()
    taken = Appointment.objects.get(child=visit.child, starts_at__gt=timezone.now())
    assert taken.type == morning.kinds[DOCTOR]
    assert taken.starts_at - timezone.now() > timedelta(days=6)


def put_the_next_off(agent: Mouse, morning: Morning) -> None:
    """Another child is to come later than is usual."""
    visit = morning.visit("Chevalier")
    later = morning.today + timedelta(days=60)
    agent.press("nav >> text=Mes séances")
    agent.press(f"#v{visit.pk} a >> nth=0")
    agent.date(f"#on{visit.child_id}", later)
    agent.press(".next__date button")
    says(agent.page, "comme un professionnel l’a décidé")
    decided = NextVisit.objects.get()
    assert (decided.child, decided.on, decided.decided_by) == (visit.child, later, NADIA)


def be_away(agent: Mouse, morning: Morning) -> None:
    """One afternoon, with nobody hit."""
    on = morning.today + timedelta(days=7)
    agent.press("nav >> text=Planning")
    agent.press("text=Déclarer une absence")
    agent.date("#id_since_on", on)
    agent.clock("#id_since_at", time(14))
    agent.clock("#id_until_at", time(17, 30))
    agent.press("text=Voir les familles touchées")
    says(agent.page, "Aucune famille n’est touchée")
    agent.press("[value=declarer]")
    says(agent.page, "est enregistrée")
    absence = Absence.objects.get()
    assert absence.practitioner == morning.doctor
    assert absence.starts_at == morning.at(time(14), days=7)
    assert absence.ends_at == morning.at(time(17, 30), days=7)


def make_and_stop_an_address(agent: Mouse, morning: Morning) -> None:
    agent.press("nav >> text=Mes séances")
    agent.press("main a >> text=Sur mon téléphone")
    agent.press("text=Faire mon adresse")
    address = agent.page.input_value("#address")
    path = address.partition("/ical/")[1] + address.partition("/ical/")[2]
    assert "Absence" in Client().get(path).content.decode()
    agent.press("text=Revenir à mes séances")
    agent.press("main a >> text=Sur mon téléphone")
    agent.press("text=Arrêter cette adresse")
    says(agent.page, "L’adresse ne fonctionne plus")
    assert Client().get(path).status_code == 404
    assert not CalendarLink.objects.filter(revoked_at=None).exists()


def print_the_session(agent: Mouse) -> None:
    page = agent.page
    page.add_init_script("window.print = () => { document.title = 'imprimé' }")
    agent.press("text=Revenir à mes séances")
    agent.press("text=La liste de cette séance >> nth=0")
    agent.press("[data-print]")
    expect(page).to_have_title("imprimé")
    page.emulate_media(media="print")
    paper = page.inner_text("main")
    assert "P’tit Océane" in paper
    assert "À détruire" in paper
    for hidden in ("Retour", "Proposer"):
        assert hidden not in paper


# A manager


class Plan(NamedTuple):
    """What the manager changes: a rule, one of its half-days next week, two doctors' mornings."""

    rule: OpeningRule
    shift: Shift
    replacement: Practitioner
    week: date


def make_plan(morning: Morning) -> Plan:
    tomorrow = morning.today + timedelta(days=1)
    rule = make_rule(
        site=morning.site,
        practitioner=morning.nurse,
        types=[morning.kinds[NURSE]],
        rrule=f"FREQ=WEEKLY;BYDAY={WEEKDAYS[tomorrow.weekday()]}",
        on_public_holidays=True,
    )
    expand_rules(today=morning.today, rule_ids=[rule.pk])
    week = morning.today + timedelta(days=7 - morning.today.weekday())
    since = morning.at(time(), days=(week - morning.today).days)
    shift = Shift.objects.filter(rule=rule, starts_at__gte=since).earliest("starts_at")
    replacement = make_practitioner(first_name="Anne", last_name="Morin")
    make_shift(
        starts_at=morning.at(time(14), days=7),
        site=morning.site,
        practitioner=replacement,
        types=[morning.kinds[DOCTOR]],
    )
    return Plan(rule, shift, replacement, week)


@BY_HAND
def test_a_manager_s_morning(browse: Open, morning: Morning, hand: type[Mouse]) -> None:
    plan = make_plan(morning)
    agent = hand(browse(BOSS))
    change_a_rule(agent, plan)
    cancel_and_restore(agent, plan)
    swap_two(agent, morning, plan)
    invite(agent, morning)
    ends_well(agent, clicks=30, typed=45, keys=270)


def change_a_rule(agent: Mouse, plan: Plan) -> None:
    """An hour more; what becomes of eight weeks is seen first."""
    page = agent.page
    agent.press("nav >> text=Planning")
    agent.press("main >> text=Plages d’ouverture")
    agent.press(f"main a[href$='/plages/{plan.rule.pk}/']")
    agent.clock("#id_closes", time(13))
    agent.press("text=Voir ce qui change")
    says(page, "Ce qui va changer")
    assert page.locator(".plan__line").count() >= 8
    plan.rule.refresh_from_db()
    assert plan.rule.closes == time(12), "seen is not saved"
    agent.press("[value=save]")
    says(page, "C’est enregistré")
    plan.rule.refresh_from_db()
    assert plan.rule.closes == time(13)


def cancel_and_restore(agent: Mouse, plan: Plan) -> None:
    """One half-day of next week."""
    page, shift = agent.page, plan.shift
    agent.press("main a >> text=Demi-journées")
    agent.press("text=Semaine d’après")
    for do, state in (("cancel", "cancelled"), ("restore", "open")):
        agent.press(f"main a[href$='/demi-journees/{shift.pk}/']")
        agent.press(f"[name=what][value={do}]")
        says(page, "Ce qui va changer")
        agent.press("[value=save]")
        says(page, "C’est enregistré")
        shift.refresh_from_db()
        assert shift.status == state
    assert [each.action for each in shift.changes.order_by("pk")] == ["cancel", "restore"]


def swap_two(agent: Mouse, morning: Morning, plan: Plan) -> None:
    """The doctor's morning for the other's afternoon."""
    agent.press("text=Échanger deux personnes")
    agent.date("#id_on", morning.today + timedelta(days=7))
    agent.choose("#id_one", f"{morning.doctor}, médecin")
    agent.choose("#id_other", f"{plan.replacement}, médecin")
    agent.press("text=Voir ce qui change")
    says(agent.page, "Ce qui va changer")
    agent.press("[value=save]")
    says(agent.page, "C’est enregistré")
    since = morning.at(time(), days=7)
    hours = Shift.objects.filter(starts_at__gte=since, starts_at__lt=since + timedelta(days=1))
    found = dict(hours.exclude(practitioner=morning.nurse).values_list("starts_at", "practitioner"))
    assert found == {
        morning.at(time(9), days=7): plan.replacement.pk,
        morning.at(time(14), days=7): morning.doctor.pk,
    }


def invite(agent: Mouse, morning: Morning) -> None:
    agent.press("text=Comptes des équipes")
    agent.write("#id_email", "anne@example.org")
    agent.write("#id_first_name", "Anne")
    agent.write("#id_last_name", "Le Gall")
    agent.press("main >> text=Inviter >> nth=-1")
    says(agent.page, "anne@example.org a maintenant ce rôle")
    given = Membership.objects.get(user__email="anne@example.org")
    assert (given.role, given.centre) == ("reception", morning.centre)
    assert OutboxMessage.objects.filter(recipient="anne@example.org").count() == 1
