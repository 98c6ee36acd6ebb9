"""Opening rules at the desk of a manager: in sentences, by a form, seen before they are saved."""

from __future__ import annotations

import re
from datetime import date, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from booking.models import Appointment
from centres.actions import expand_rules
from centres.actions.ruling import fields_of, version_of
from centres.models import Centre, OpeningRule, RuleChange, Shift
from centres.patterns import Pattern, from_rrule, in_order, to_rrule
from frontend.forms_rules import MONTHS, WEEKS, RuleForm
from frontend.rule_words import Names, sentence
from tests.factories import (
    make_appointment,
    make_centre,
    make_guardian,
    make_practitioner,
    make_rule,
    make_site,
)
from tests.frontend.pages import text
from tests.frontend.staff.people import at_desk, in_department

pytestmark = pytest.mark.django_db
MONDAY = date(2027, 3, 1)


@pytest.fixture
def rule(redon: Centre) -> OpeningRule:
    doctor = make_practitioner(redon.department, last_name="Guivarc’h")
    rule = make_rule(site=make_site(redon), practitioner=doctor)
    expand_rules(today=timezone.localdate(), rule_ids=[rule.pk])
    return rule


@pytest.fixture
def claire(redon: Centre) -> Client:
    return at_desk(redon, role="manager")


def listed(centre: Centre) -> str:
    return f"/equipe/planning/{centre.slug}/plages/"


def filled(rule: OpeningRule, **changes: Any) -> dict[str, Any]:
    """The form as it is shown, with these answers changed."""
    said = fields_of(rule)
    pattern = from_rrule(rule.rrule, rule.valid_from)
    assert pattern
    return {
        "practitioner": rule.practitioner_id,
        "site": rule.site_id,
        "rhythm": MONTHS if pattern.ranks else WEEKS,
        "weekdays": list(pattern.weekdays),
        "ranks": list(pattern.ranks),
        "every": pattern.every,
        "opens": f"{rule.opens:%H:%M}",
        "closes": f"{rule.closes:%H:%M}",
        "valid_from": rule.valid_from.isoformat(),
        "valid_until": "",
        "types": said["type_ids"],
        "seats": rule.seats,
        "agent_reserve": rule.agent_reserve,
        "version": version_of(rule),
        **changes,
    }


def tokens(body: str) -> str:
    found = re.search(r'name="seen" value="([^"]*)"', body)
    assert found
    return found[1]


def test_rules_are_told_person_by_person_in_sentences(
    claire: Client, redon: Centre, rule: OpeningRule
) -> None:
    make_rule(site=rule.site, rrule="FREQ=MONTHLY;BYDAY=1WE,3WE")
    body = text(claire.get(listed(redon)))
    assert "Dr Nadia Guivarc’h" in body
    assert "Le mardi de 9 h à 12 h, à Redon" in body.replace("\u00a0", " ")
    assert "Le 1er et le 3e mercredi du mois" in body


def test_a_change_is_seen_then_saved_then_undone(
    claire: Client, redon: Centre, rule: OpeningRule
) -> None:
    family = make_guardian(first_name="Karim", last_name="Benali")
    make_appointment(Shift.objects.order_by("starts_at")[1], guardian=family)
    path = f"{listed(redon)}{rule.pk}/"
    asked = filled(rule, opens="10 h")
    preview = claire.post(path, asked)
    body = text(preview)
    assert "1 rendez-vous n’aurait plus de place" in body
    assert "Karim Benali" in body
    assert "ces familles seront dans « À appeler »" in body
    assert OpeningRule.objects.get().opens == time(9)
    seen = tokens(preview.content.decode())
    answer = claire.post(path, {**asked, "seen": seen, "do": "save"})
    assert answer["Location"] == listed(redon)
    assert OpeningRule.objects.get().opens == time(10)
    page = claire.get(listed(redon))
    assert "Annuler ce changement" in text(page)
    assert "Karim Benali" in text(claire.get(f"/equipe/messages/centre/{redon.slug}/"))
    by_hand = claire.post(path, filled(OpeningRule.objects.get(), opens="9 h"))
    assert "1 rendez-vous retrouve sa place" in text(by_hand)
    change = RuleChange.objects.get()
    claire.post(f"{listed(redon)}annuler/{change.pk}/")
    assert OpeningRule.objects.get().opens == time(9)
    assert not Appointment.objects.outside().exists()
    assert "Karim Benali" not in text(claire.get(f"/equipe/messages/centre/{redon.slug}/"))


def test_what_has_changed_since_the_preview_is_marked_and_nothing_saved(
    claire: Client, redon: Centre, rule: OpeningRule
) -> None:
    path, asked = f"{listed(redon)}{rule.pk}/", filled(rule, opens="10:00")
    seen = tokens(claire.post(path, asked).content.decode())
    make_appointment(Shift.objects.order_by("starts_at")[1])
    answer = claire.post(path, {**asked, "seen": seen, "do": "save"})
    assert answer.status_code == 409
    assert text(answer).count("depuis l’aperçu") == 2  # the notice names the mark
    assert OpeningRule.objects.get().opens == time(9)
    again = {**asked, "seen": tokens(answer.content.decode()), "do": "save"}
    assert claire.post(path, again).status_code == 302


def test_a_colleague_s_change_is_shown_and_what_was_typed_is_kept(
    claire: Client, redon: Centre, rule: OpeningRule
) -> None:
    asked = filled(rule, opens="10:00")
    OpeningRule.objects.update(closes=time(13))
    answer = claire.post(f"{listed(redon)}{rule.pk}/", asked)
    assert answer.status_code == 409
    assert "de 9 h à 13 h" in text(answer).replace("\u00a0", " ")
    assert 'name="opens" value="10:00"' in answer.content.decode()
    rule.refresh_from_db()
    assert version_of(rule) in answer.content.decode()


def test_a_new_rule_of_the_month(claire: Client, redon: Centre, rule: OpeningRule) -> None:
    asked = filled(rule, rhythm=MONTHS, ranks=[1, 3], weekdays=[4], version="")
    path = f"{listed(redon)}nouvelle/"
    seen = tokens(claire.post(path, asked).content.decode())
    claire.post(path, {**asked, "seen": seen, "do": "save"})
    made = OpeningRule.objects.exclude(pk=rule.pk).get()
    assert made.rrule == "FREQ=MONTHLY;BYDAY=1FR,3FR"
    assert made.shifts.exists()


def saved(claire: Client, path: str, asked: dict[str, Any]) -> Any:
    """Seen, then saved."""
    seen = tokens(claire.post(path, asked).content.decode())
    return claire.post(path, {**asked, "seen": seen, "do": "save"})


def test_what_changes_nothing_cannot_be_saved(
    claire: Client, redon: Centre, rule: OpeningRule
) -> None:
    preview = claire.post(f"{listed(redon)}{rule.pk}/", filled(rule))
    body = preview.content.decode()
    assert "Rien ne change." in text(preview)
    assert 'value="save"' not in body
    assert 'value="back"' in body


def test_a_rule_changed_beyond_the_plan_s_horizon_can_be_saved(
    claire: Client, redon: Centre, rule: OpeningRule
) -> None:
    until = timezone.localdate() + timedelta(days=3 * 365)
    preview = claire.post(f"{listed(redon)}{rule.pk}/", filled(rule, valid_until=until))
    assert "Aucune demi-journée ne change." in text(preview)
    assert 'value="save"' in preview.content.decode()


def test_a_new_rule_taken_back_is_listed_no_more(
    claire: Client, redon: Centre, rule: OpeningRule
) -> None:
    asked = filled(rule, opens="14:00", closes="17:00", weekdays=[3], version="")
    saved(claire, f"{listed(redon)}nouvelle/", asked)
    assert "Le jeudi" in text(claire.get(listed(redon)))
    change = RuleChange.objects.get()
    answer = claire.post(f"{listed(redon)}annuler/{change.pk}/", follow=True)
    assert "cette plage n’existe plus" in text(answer)
    assert "Le jeudi" not in text(answer)
    assert "Le mardi" in text(answer)


def test_what_would_have_gone_on_is_listed_no_more_once_taken_back(
    claire: Client, redon: Centre, rule: OpeningRule
) -> None:
    since = (timezone.localdate() + timedelta(days=40)).isoformat()
    saved(claire, f"{listed(redon)}{rule.pk}/", filled(rule, opens="10:00", since=since))
    assert OpeningRule.objects.count() == 2
    assert OpeningRule.objects.meant().count() == 2
    claire.post(f"{listed(redon)}annuler/{RuleChange.objects.get().pk}/")
    assert list(OpeningRule.objects.meant()) == [rule]


def test_a_rule_that_is_over_stays_listed(claire: Client, redon: Centre, rule: OpeningRule) -> None:
    OpeningRule.objects.update(is_active=False)
    assert "1 plage terminée" in text(claire.get(listed(redon)))


def test_going_back_to_correct_loses_nothing(
    claire: Client, redon: Centre, rule: OpeningRule
) -> None:
    asked = filled(rule, opens="10:15", do="back")
    answer = claire.post(f"{listed(redon)}{rule.pk}/", asked)
    assert answer.status_code == 200
    assert 'value="10:15"' in answer.content.decode()


def test_an_older_version_is_offered(claire: Client, redon: Centre, rule: OpeningRule) -> None:
    path, asked = f"{listed(redon)}{rule.pk}/", filled(rule, opens="10:00")
    seen = tokens(claire.post(path, asked).content.decode())
    claire.post(path, {**asked, "seen": seen, "do": "save"})
    change = RuleChange.objects.get()
    RuleChange.objects.update(decided_at=timezone.now() - timedelta(minutes=5))
    late = claire.post(f"{listed(redon)}annuler/{change.pk}/")
    assert late["Location"] == f"{path}?version={change.pk}"
    assert 'name="opens" value="09:00"' in claire.get(late["Location"]).content.decode()
    assert f"?version={change.pk}" in claire.get(path).content.decode()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"weekdays": []}, "Choisissez au moins un jour"),
        ({"rhythm": MONTHS}, "Choisissez au moins une semaine du mois"),
        ({"opens": "midi"}, "Écrivez une heure comme 9:30"),
        ({"valid_from": "demain"}, "Écrivez un jour comme 1/12/2026"),
        ({"closes": "08:00"}, "La fin doit venir après le début"),
        ({"types": []}, "Choisissez au moins un motif"),
        ({"seats": 4}, "Un rendez-vous individuel n’a qu’une place"),
        ({"valid_until": "2020-01-01"}, "Le dernier jour doit venir après le premier"),
    ],
)
def test_a_wrong_answer_is_said_where_it_is(
    claire: Client, redon: Centre, rule: OpeningRule, change: dict[str, Any], said: str
) -> None:
    answer = claire.post(f"{listed(redon)}{rule.pk}/", filled(rule, **change))
    assert answer.status_code == 422
    assert said in text(answer)
    assert not RuleChange.objects.exists()


def test_a_recurrence_that_no_box_can_say_is_kept(
    claire: Client, redon: Centre, rule: OpeningRule
) -> None:
    asked = filled(rule, opens="10:00", rhythm="kept", version="")
    OpeningRule.objects.update(rrule="FREQ=MONTHLY;BYMONTHDAY=15")
    path = f"{listed(redon)}{rule.pk}/"
    assert "Récurrence particulière" in text(claire.get(path))
    seen = tokens(claire.post(path, asked).content.decode())
    claire.post(path, {**asked, "seen": seen, "do": "save"})
    kept = OpeningRule.objects.get()
    assert (kept.rrule, kept.opens) == ("FREQ=MONTHLY;BYMONTHDAY=15", time(10))


def test_a_family_of_another_centre_is_not_named(
    claire: Client, redon: Centre, rule: OpeningRule
) -> None:
    """The doctor works there too; a half-day there waited for nothing, but is hers."""
    vitre = make_centre(name="CDAS de Vitré")
    away = make_rule(site=make_site(vitre), practitioner=rule.practitioner, rrule="FREQ=DAILY")
    OpeningRule.objects.filter(pk=away.pk).update(opens=time(14), closes=time(17))
    expand_rules(today=timezone.localdate(), rule_ids=[away.pk])
    stranger = make_guardian(last_name="Secret")
    make_appointment(away.shifts.order_by("starts_at")[3], guardian=stranger)
    OpeningRule.objects.filter(pk=away.pk).update(opens=time(15))
    body = text(claire.post(f"{listed(redon)}{rule.pk}/", filled(rule, closes="13:00")))
    assert "Une famille du CDAS de Vitré" in body
    assert "Secret" not in body


def test_only_managers_and_administrators_change_the_plan(redon: Centre, rule: OpeningRule) -> None:
    for role in ("reception", "practitioner"):
        client = at_desk(redon, email=f"{role}@example.org", role=role)
        assert client.get(listed(redon)).status_code == 404
        assert client.post(f"{listed(redon)}{rule.pk}/", filled(rule)).status_code == 404
    assert in_department().get(listed(redon)).status_code == 200
    other = at_desk(make_centre(), email="other@example.org", role="manager")
    assert other.get(f"{listed(redon)}{rule.pk}/").status_code == 404


def test_ten_rules_cost_as_many_queries_as_one(
    claire: Client,
    redon: Centre,
    rule: OpeningRule,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    claire.get(listed(redon))
    with CaptureQueriesContext(connection) as first:
        claire.get(listed(redon))
    for _ in range(9):
        make_rule(site=rule.site)
    with django_assert_num_queries(len(first)):
        claire.get(listed(redon))


PATTERNS = st.builds(
    Pattern,
    st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days))),
    st.integers(1, 12),
    st.sets(st.sampled_from([1, 2, 3, 4, 5, -1])).map(in_order),
)


@settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(PATTERNS)
def test_what_the_form_shows_of_a_recurrence_gives_it_back(
    redon: Centre, rule: OpeningRule, pattern: Pattern
) -> None:
    said = {**fields_of(rule), "rrule": to_rrule(pattern), "valid_from": MONDAY}
    shown = RuleForm(centre=redon, said=said, version="", today=MONDAY).initial  # type: ignore[arg-type]
    names = ("practitioner", "site", "rhythm", "weekdays", "ranks", "every", "types", "seats")
    asked = {name: shown[name] for name in names}
    asked |= {"opens": "09:00", "closes": "12:00", "valid_from": "2027-03-01", "agent_reserve": 0}
    form = RuleForm(asked, centre=redon, said=None, version="", today=MONDAY)
    assert form.is_valid(), form.errors
    assert form.wanted["rrule"] == to_rrule(pattern)
    assert sentence(form.wanted, Names(redon)) == sentence(said, Names(redon))  # type: ignore[arg-type]
