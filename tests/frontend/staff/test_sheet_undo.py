"""A whole imported sheet taken back in one press: all of it, or nothing and why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from booking import actions
from booking.declared import in_limbo
from booking.models import Appointment
from booking.tasks import forget_leftovers
from centres.actions import cancel_shift, declare_absence, expand_rules
from centres.models import Absence, Centre, OpeningRule, SheetImport, Shift, User
from tests.booking.scene import AGENT
from tests.factories import PARIS, make_appointment, make_guardian, make_rule
from tests.frontend.pages import text
from tests.frontend.staff.test_spreadsheets import claire, confirm, edited, exported, rule, sent

__all__ = ["claire", "rule"]
pytestmark = pytest.mark.django_db
COLUMNS = "numéro;professionnel;raison;premier jour;dernier jour\n"


def half_days() -> set[Any]:
    """All that is said of the half-days there are."""
    names = ("practitioner", "starts_at", "ends_at", "status")
    return {
        (*(row[name] for name in names), tuple(row["closed"]))
        for row in Shift.objects.values(*names, "closed")
    }


def import_rules(client: Client, centre: Centre, rule: OpeningRule) -> Any:
    """One rule an hour later, and a new one: the page of the report."""
    body = edited(exported(client, centre).lstrip("\ufeff"), "09:00", "10:00")
    first = timezone.localdate() + timedelta(days=3)
    body += f";{rule.practitioner};{rule.site.name};le vendredi;9h;12h;{first:%d/%m/%Y};;medecin\n"
    return _imported(client, centre, body, "plages")


def import_absences(client: Client, centre: Centre, rule: OpeningRule, known: Absence) -> Any:
    """One absence a week later, and a new one over the third half-day."""
    on = third(rule).starts_at.astimezone(PARIS)
    later = known.starts_at.astimezone(PARIS) + timedelta(days=7)
    body = COLUMNS
    body += f"{known.pk};{rule.practitioner};congés;{later:%d/%m/%Y};{later:%d/%m/%Y}\n"
    body += f";{rule.practitioner};maladie;{on:%d/%m/%Y};{on:%d/%m/%Y}\n"
    return _imported(client, centre, body, "absences")


def _imported(client: Client, centre: Centre, body: str, what: str) -> Any:
    answer = confirm(client, centre, sent(client, centre, body, what), what)
    assert answer.status_code == 302, text(answer)
    return client.get(answer["Location"])


def undo(client: Client, report: Any) -> Any:
    return client.post(f"{report.wsgi_request.path}annuler/", follow=True)


def third(rule: OpeningRule) -> Shift:
    return Shift.objects.filter(rule=rule).order_by("starts_at")[2]


@pytest.fixture
def known(rule: OpeningRule) -> Absence:
    """The whole day of the eighth half-day."""
    on = Shift.objects.order_by("starts_at")[7].starts_at.astimezone(PARIS).date()
    since, until = (datetime.combine(on + timedelta(days=n), time(), PARIS) for n in (0, 1))
    return declare_absence(
        absence=Absence(
            practitioner=rule.practitioner, starts_at=since, ends_at=until, note="à Brest"
        )
    )


@pytest.fixture
def visit(rule: OpeningRule) -> Appointment:
    return make_appointment(third(rule), guardian=make_guardian(last_name="Benali"))


def test_a_sheet_of_rules_is_taken_back_in_one_press(
    claire: Client, redon: Centre, rule: OpeningRule
) -> None:
    before = half_days()
    report = import_rules(claire, redon, rule)
    assert "2 lignes sont importées" in text(report)
    assert "Tout s’annule d’un geste, encore 10 minutes" in text(report)
    assert half_days() != before
    listing = f"/equipe/planning/{redon.slug}/plages/"
    assert report.wsgi_request.path in claire.get(listing).content.decode()
    answer = undo(claire, report)
    assert report.wsgi_request.path not in claire.get(listing).content.decode()
    assert "Tout est comme avant" in text(answer)
    assert "Tout annuler" not in text(answer)
    assert half_days() == before
    rule.refresh_from_db()
    assert rule.opens == time(9)
    assert not OpeningRule.objects.exclude(pk=rule.pk).get().is_active
    changes = list(rule.changes.values_list("action", flat=True))
    assert undo(claire, report).status_code == 200, "pressed twice, it is the same page"
    assert list(rule.changes.values_list("action", flat=True)) == changes


def test_a_sheet_of_absences_is_taken_back_with_what_it_said_to_families(
    claire: Client, redon: Centre, rule: OpeningRule, known: Absence, visit: Appointment
) -> None:
    before = half_days()
    report = import_absences(claire, redon, rule, known)
    assert "1 famille est dans « À appeler »." in text(report)
    assert in_limbo(visit) is not None
    planning = claire.get(f"/equipe/planning/{redon.slug}/").content.decode()
    assert report.wsgi_request.path in planning
    assert "Tout est comme avant" in text(undo(claire, report))
    assert half_days() == before
    as_it_was = (known.starts_at, known.ends_at, known.note)
    known = Absence.objects.get()
    assert (known.starts_at, known.ends_at, known.note) == as_it_was
    assert in_limbo(visit) is None
    assert "Benali" not in text(claire.get(f"/equipe/messages/centre/{redon.slug}/"))
    sheet = SheetImport.objects.get()
    assert (sheet.kept, sheet.undone_by) == ([], "claire@example.org")


def edit_known(known: Absence, visit: Appointment) -> None:
    Absence.objects.filter(pk=known.pk).update(kind="training")


def take_new_away(known: Absence, visit: Appointment) -> None:
    actions.take_back(
        period=Absence.objects.exclude(pk=known.pk).get(), now=timezone.now(), actor=AGENT
    )


def cancel_visit(known: Absence, visit: Appointment) -> None:
    actions.cancel(uid=visit.uid, now=timezone.now(), actor=AGENT)


def book_freed(known: Absence, visit: Appointment) -> None:
    """In the half-day that the first absence took, before it was put a week later."""
    shift = Shift.objects.filter(rule__isnull=False).order_by("starts_at")[7]
    make_appointment(shift, changed_at=timezone.now())


@pytest.mark.parametrize(
    ("meanwhile", "why"),
    [
        (edit_known, "quelqu’un a changé"),
        (take_new_away, "quelqu’un a changé"),
        (cancel_visit, "quelqu’un a changé"),
        (book_freed, "une famille a pris un rendez-vous"),
    ],
)
def test_absences_changed_since_are_not_taken_back_at_all(
    claire: Client,
    redon: Centre,
    rule: OpeningRule,
    known: Absence,
    visit: Appointment,
    meanwhile: Callable[[Absence, Appointment], None],
    why: str,
) -> None:
    report = import_absences(claire, redon, rule, known)
    meanwhile(known, visit)
    absences = sorted(Absence.objects.values_list("starts_at", "kind"))
    was = half_days()
    answer = undo(claire, report)
    assert answer.status_code == 409
    assert f"Rien n’est annulé : depuis l’import, {why}" in text(answer)
    assert sorted(Absence.objects.values_list("starts_at", "kind")) == absences
    assert half_days() == was


def edit_rule(rule: OpeningRule, author: User) -> None:
    change = rule.changes.get()
    today = timezone.localdate()
    actions.undo_rule(change_id=change.pk, author=author, now=timezone.now(), today=today)


def cancel_one(rule: OpeningRule, author: User) -> None:
    cancel_shift(shift_id=third(rule).pk, author=author, now=timezone.now())


def book_new(rule: OpeningRule, author: User) -> None:
    new = OpeningRule.objects.exclude(pk=rule.pk).get()
    make_appointment(third(new))


@pytest.mark.parametrize(
    ("meanwhile", "why"),
    [
        (edit_rule, "quelqu’un a changé"),
        (cancel_one, "quelqu’un a changé"),
        (book_new, "une famille a pris un rendez-vous"),
    ],
)
def test_rules_changed_since_are_not_taken_back_at_all(
    claire: Client,
    redon: Centre,
    rule: OpeningRule,
    meanwhile: Callable[[OpeningRule, User], None],
    why: str,
) -> None:
    report = import_rules(claire, redon, rule)
    meanwhile(rule, User.objects.get(email="claire@example.org"))
    was = half_days()
    answer = undo(claire, report)
    assert answer.status_code == 409
    assert f"Rien n’est annulé : depuis l’import, {why}" in text(answer)
    assert half_days() == was
    assert OpeningRule.objects.filter(is_active=True).count() == 2


def test_after_ten_minutes_it_is_too_late(claire: Client, redon: Centre, rule: OpeningRule) -> None:
    report = import_rules(claire, redon, rule)
    SheetImport.objects.update(at=timezone.now() - timedelta(minutes=11))
    assert "Tout annuler" not in text(claire.get(report.wsgi_request.path))
    answer = undo(claire, report)
    assert answer.status_code == 409
    assert "Il est trop tard pour tout annuler" in text(answer)


def test_import_pressed_twice_is_one_import(
    claire: Client, redon: Centre, rule: OpeningRule
) -> None:
    tried = sent(claire, redon, edited(exported(claire, redon), "09:00", "10:00"))
    first, second = confirm(claire, redon, tried), confirm(claire, redon, tried)
    assert first["Location"] == second["Location"]
    assert SheetImport.objects.count() == 1


def test_what_a_sheet_wrote_is_forgotten_after_a_day(
    claire: Client, redon: Centre, rule: OpeningRule
) -> None:
    """Why people were away is not kept twice."""
    make_rule(site=rule.site)
    expand_rules(today=timezone.localdate())
    import_rules(claire, redon, rule)
    forget_leftovers()
    assert SheetImport.objects.exists()
    SheetImport.objects.update(at=timezone.now() - timedelta(days=2))
    forget_leftovers()
    assert not SheetImport.objects.exists()
