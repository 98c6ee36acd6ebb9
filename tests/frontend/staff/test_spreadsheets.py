"""Opening rules and absences by spreadsheet: tried first, told line by line, all in or nothing."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from booking.declared import in_limbo
from centres.actions import expand_rules
from centres.models import Absence, Centre, OpeningRule, RuleChange, SheetImport, Shift
from centres.sheets import MOST_LINES
from tests.factories import (
    PARIS,
    make_appointment,
    make_guardian,
    make_practitioner,
    make_rule,
    make_shift,
    make_site,
    make_type,
)
from tests.frontend.pages import text
from tests.frontend.staff.people import at_desk

pytestmark = pytest.mark.django_db
A_DAY = timedelta(days=1)


@pytest.fixture
def rule(redon: Centre) -> OpeningRule:
    doctor = make_practitioner(redon.department, last_name="Guivarc’h")
    rule = make_rule(site=make_site(redon), practitioner=doctor, types=[make_type(slug="medecin")])
    expand_rules(today=timezone.localdate(), rule_ids=[rule.pk])
    return rule


@pytest.fixture
def claire(redon: Centre) -> Client:
    return at_desk(redon, role="manager")


def path(centre: Centre, what: str = "plages", end: str = "/") -> str:
    return f"/equipe/planning/{centre.slug}/tableaux/{what}{end}"


def sent(client: Client, centre: Centre, body: str | bytes, what: str = "plages") -> Any:
    raw = body.encode() if isinstance(body, str) else body
    return client.post(path(centre, what), {"fichier": SimpleUploadedFile("x.csv", raw)})


def confirm(client: Client, centre: Centre, tried: Any, what: str = "plages") -> Any:
    body = tried.content.decode()
    uid = re.search(r'name="uid" value="([^"]*)"', body)
    kept = re.search(r'<textarea name="text" hidden[^>]*>\n(.*?)</textarea>', body, re.DOTALL)
    seen = re.search(r'name="seen" value="([^"]*)"', body)
    assert kept
    assert seen
    assert uid
    values = {"text": unescape(kept[1]), "seen": seen[1], "uid": uid[1], "do": "save"}
    return client.post(path(centre, what), values)


def exported(client: Client, centre: Centre, what: str = "plages", end: str = "/export.csv") -> str:
    return client.get(path(centre, what, end)).content.decode()


def edited(body: str, old: str, new: str) -> str:
    assert old in body
    return body.replace(old, new)


def test_the_export_read_back_changes_nothing(
    claire: Client, redon: Centre, rule: OpeningRule
) -> None:
    for number, rrule in enumerate(
        ("FREQ=MONTHLY;BYDAY=1WE,3WE", "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR,MO", "FREQ=DAILY;COUNT=4")
    ):
        make_rule(site=rule.site, rrule=rrule, agent_reserve=number)
    assert "Ce fichier ne change rien" in text(sent(claire, redon, exported(claire, redon)))
    assert not RuleChange.objects.exists()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252"])
def test_a_file_is_tried_then_all_of_it_written(
    claire: Client, redon: Centre, rule: OpeningRule, encoding: str
) -> None:
    changed = edited(exported(claire, redon).lstrip("\ufeff"), "09:00", "10:00")
    new = f";{rule.practitioner};{rule.site.name};le 1er vendredi du mois;9h;12h;01/12/2026;"
    new += ";medecin\n"
    tried = sent(claire, redon, (changed + new).encode(encoding))
    assert "2 lignes nouvelles ou changées" in text(tried)
    assert OpeningRule.objects.get().opens == time(9)
    assert confirm(claire, redon, tried).status_code == 302
    assert sorted(OpeningRule.objects.values_list("rrule", "opens")) == [
        ("FREQ=MONTHLY;BYDAY=1FR", time(9)),
        ("FREQ=WEEKLY;BYDAY=TU", time(10)),
    ]
    again = sent(claire, redon, (changed + new).encode(encoding))
    assert "Ce fichier ne change rien" in text(again)
    listing = claire.get(f"/equipe/planning/{redon.slug}/plages/")
    assert "Annuler ce changement" not in text(listing)  # it would undo one line of two


def test_each_fault_is_told_by_line_and_column_and_nothing_written(
    claire: Client, redon: Centre, rule: OpeningRule
) -> None:
    body = (
        "professionnel;lieu;jours;de;à;premier jour;motifs;places\n"
        "Dr Inconnu;Ailleurs;mardy;midi;12:00;demain;chirurgie;0\n"
        f"{rule.practitioner};{rule.site.name};mardi;14:00;12:00;01/12/2026;medecin;1\n"
        f"{rule.practitioner};{rule.site.name};mardi;;12:00;01/12/2026;medecin;\n"
    )
    answer = sent(claire, redon, body)
    said = text(answer)
    assert answer.status_code == 422
    assert "9 cases à corriger" in said
    for words in (
        "2 professionnel « Dr Inconnu » n’est pas connu",
        "2 lieu « Ailleurs » n’est pas un lieu de ce centre. Attendu : « Espace des Halles »",
        "2 jours « mardy » ne se lit pas",
        "2 de « midi » n’est pas une heure. Attendu : 9:30.",
        "2 premier jour « demain » n’est pas un jour",
        "2 motifs « chirurgie » n’est pas un motif",
        "2 places « 0 » : attendu un nombre de 1 à 1000",
        "3 à La fin doit venir après le début",
        "4 de à remplir",
    ):
        assert words in said
    assert OpeningRule.objects.count() == 1


@pytest.mark.parametrize(
    ("number", "reason"),
    [("999999", "n’est pas un numéro de ce centre"), ("x", "n’est pas un numéro"), ("own", "déjà")],
)
def test_a_number_is_of_this_centre_and_stands_once(
    claire: Client, redon: Centre, rule: OpeningRule, number: str, reason: str
) -> None:
    foreign = make_rule()
    body = exported(claire, redon)
    line = body.splitlines()[1]
    wrong = {"own": str(rule.pk), "999999": str(foreign.pk)}.get(number, number)
    extra = re.sub(r"^\d+", wrong, line).replace("09:00", "08:00")
    assert reason in text(sent(claire, redon, f"{body}{extra}\r\n"))


def test_a_file_that_is_no_sheet_says_why(claire: Client, redon: Centre) -> None:
    answer = sent(claire, redon, b"PK\x03\x04" + b"x" * 90)
    assert answer.status_code == 422
    assert "C’est un classeur, pas un fichier CSV" in text(answer)
    assert sent(claire, redon, b"x" * 300_000).status_code == 413


def test_the_example_imports_as_it_is(claire: Client, redon: Centre, rule: OpeningRule) -> None:
    for what in ("plages", "absences"):
        tried = sent(claire, redon, exported(claire, redon, what, "/exemple.csv"), what)
        assert tried.status_code == 200, text(tried)
        assert confirm(claire, redon, tried, what).status_code == 302
    assert OpeningRule.objects.count() == 4
    assert Absence.objects.count() == 2


@pytest.mark.parametrize("what", ["plages", "absences"])
def test_whoever_has_a_long_address_imports_and_is_shown_the_way_back(
    redon: Centre, rule: OpeningRule, what: str
) -> None:
    email = f"{'responsable-' * 5}@protection-maternelle-et-infantile.example.org"
    client = at_desk(redon, email=email, role="manager")
    shift = Shift.objects.order_by("starts_at")[2]
    visit = make_appointment(shift, guardian=make_guardian())
    day = f"{shift.starts_at.astimezone(PARIS):%d/%m/%Y}"
    body = "professionnel;raison;premier jour;dernier jour\n"
    body += f"{rule.practitioner};Formation;{day};{day}\n"
    if what == "plages":
        body = edited(exported(client, redon), "09:00", "10:00")
    tried = sent(client, redon, body, what)
    report = confirm(client, redon, tried, what)["Location"]
    planning = "plages/" if what == "plages" else ""
    listing = client.get(f"/equipe/planning/{redon.slug}/{planning}").content.decode()
    assert report in listing
    assert (in_limbo(visit) is None) == (what == "plages")
    client.post(f"{report}annuler/")
    assert SheetImport.objects.get().undone_at is not None
    assert in_limbo(visit) is None


def test_families_hit_by_absences_are_told_before_anything_is_written(
    claire: Client, redon: Centre, rule: OpeningRule
) -> None:
    shift = Shift.objects.order_by("starts_at")[2]
    visit = make_appointment(shift, guardian=make_guardian(first_name="Karim", last_name="Benali"))
    on = shift.starts_at.astimezone(PARIS)
    day = f"{on:%d/%m/%Y}"
    body = "professionnel;raison;premier jour;dernier jour\n"
    body += f"{rule.practitioner};Formation;{day};{day}\n"
    tried = sent(claire, redon, body, "absences")
    assert "1 rendez-vous tombe pendant ces absences" in text(tried)
    assert "Karim Benali" in text(tried)
    assert "ces familles seront dans « À appeler »" in text(tried)
    assert not Absence.objects.exists()
    assert in_limbo(visit) is None
    confirm(claire, redon, tried, "absences")
    absence = Absence.objects.get()
    midnight = datetime.combine(on, time(), PARIS)
    assert (absence.kind, absence.starts_at) == ("training", midnight)
    assert absence.ends_at == datetime.combine(on + timedelta(days=1), time(), PARIS)
    shift.refresh_from_db()
    assert shift.closed
    assert in_limbo(visit) is not None
    assert "Karim Benali" in text(claire.get(f"/equipe/messages/centre/{redon.slug}/"))
    assert "ne change rien" in text(
        sent(claire, redon, exported(claire, redon, "absences"), "absences")
    )


def test_nobody_of_another_centre_is_declared_away(
    claire: Client, redon: Centre, rule: OpeningRule
) -> None:
    other = make_rule(practitioner=make_practitioner(redon.department, last_name="Kerboul"))
    body = f"professionnel;premier jour;dernier jour\n{other.practitioner};1/6/2027;5/6/2027\n"
    assert "n’est pas connu" in text(sent(claire, redon, body, "absences"))


def test_lines_can_be_pasted(claire: Client, redon: Centre, rule: OpeningRule) -> None:
    pasted = exported(claire, redon).lstrip("\ufeff").replace(";", "\t")
    answer = claire.post(path(redon), {"text": edited(pasted, "09:00", "9 h 30")})
    assert "1 ligne nouvelle ou changée" in text(answer)


def test_no_other_page_takes_a_file(claire: Client, redon: Centre, rule: OpeningRule) -> None:
    file = SimpleUploadedFile("x.csv", b"x")
    answer = claire.post(f"/equipe/planning/{redon.slug}/plages/nouvelle/", {"fichier": file})
    assert answer.status_code == 413


def test_a_sheet_as_long_as_may_be_is_imported_once_it_was_tried(
    claire: Client, redon: Centre, rule: OpeningRule
) -> None:
    """What was seen is carried whole, however many half-days there are."""
    days = ("lundi", "mercredi", "jeudi", "vendredi", "samedi")
    # From tomorrow on: what is over between the trial and the import is not what was seen any more.
    on, last = timezone.localdate() + A_DAY, timezone.localdate() + 7 * A_DAY
    people = [make_practitioner(redon.department) for _ in range(4)]
    lines = [
        f"{who};{rule.site.name};{day};{hour}:00;{hour}:50;{on:%d/%m/%Y};{last:%d/%m/%Y};medecin"
        for who in people
        for day in days
        for hour in range(7, 22)
    ]
    assert len(lines) == MOST_LINES
    columns = "professionnel;lieu;jours;de;à;premier jour;dernier jour;motifs\n"
    tried = sent(claire, redon, columns + "\n".join(lines))
    assert "300 lignes nouvelles ou changées" in text(tried)
    seen = re.search(r'name="seen" value="([^"]*)"', tried.content.decode())
    assert seen
    assert len(seen[1]) == 64
    assert confirm(claire, redon, tried).status_code == 302
    assert OpeningRule.objects.count() == 1 + MOST_LINES


def test_what_has_changed_since_the_trial_is_shown_instead_of_written(
    claire: Client, redon: Centre, rule: OpeningRule
) -> None:
    shift = Shift.objects.order_by("starts_at")[2]
    tried = sent(claire, redon, edited(exported(claire, redon), "09:00", "10:00"))
    make_appointment(shift)
    answer = confirm(claire, redon, tried)
    assert answer.status_code == 409
    assert "1 rendez-vous n’aurait plus de place" in text(answer)
    assert "Voici ce qu’il en serait maintenant" in text(answer)
    assert confirm(claire, redon, answer).status_code == 302


def test_who_has_left_is_no_business_of_the_centre_s_any_more(
    claire: Client, redon: Centre, rule: OpeningRule
) -> None:
    """A replacement of last year is ill elsewhere now."""
    gone = make_practitioner(redon.department, last_name="Kerboul")
    dates = [timezone.localdate() - number * A_DAY for number in (90, 1)]
    make_rule(site=rule.site, practitioner=gone, valid_from=dates[0], valid_until=dates[1])
    make_rule(site=rule.site, practitioner=gone, is_active=False)
    make_shift(site=rule.site, practitioner=gone, starts_at=timezone.now() - 90 * A_DAY)
    since, until = timezone.now() - A_DAY, timezone.now() + A_DAY
    ill = Absence.objects.create(practitioner=gone, kind="sick", starts_at=since, ends_at=until)
    assert "Kerboul" not in exported(claire, redon, "absences")
    body = "numéro;professionnel;premier jour;dernier jour\n"
    day = f"{until:%d/%m/%Y}"
    for number, who in ((ill.pk, rule.practitioner), ("", gone)):
        answer = sent(claire, redon, f"{body}{number};{who};{day};{day}\n", "absences")
        assert answer.status_code == 422


@pytest.mark.parametrize(
    ("first", "last", "why"),
    [(-9, -2, "c’est déjà passé"), (1, 410, "c’est plus d’un an : vérifiez l’année")],
)
def test_an_absence_of_a_sheet_is_judged_as_one_of_the_form(
    claire: Client, redon: Centre, rule: OpeningRule, first: int, last: int, why: str
) -> None:
    days = [timezone.localdate() + number * A_DAY for number in (first, last)]
    body = "professionnel;premier jour;dernier jour\n"
    body += f"{rule.practitioner};{days[0]:%d/%m/%Y};{days[1]:%d/%m/%Y}\n"
    answer = sent(claire, redon, body, "absences")
    assert answer.status_code == 422
    assert why in text(answer)
