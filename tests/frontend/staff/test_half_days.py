"""Half-days at a manager's desk: edited, lent, cancelled, restored, swapped; always seen first."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from booking.models import Appointment
from centres.models import Absence, Centre, Practitioner, Shift
from tests.factories import (
    PARIS,
    make_appointment,
    make_guardian,
    make_practitioner,
    make_shift,
    make_site,
    make_type,
)
from tests.frontend.pages import text
from tests.frontend.staff.people import at_desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def claire(redon: Centre) -> Client:
    return at_desk(redon, role="manager")


def tuesday() -> date:
    today = timezone.localdate()
    return today + timedelta(days=8 - today.weekday())


@pytest.fixture
def shift(redon: Centre) -> Shift:
    doctor = make_practitioner(redon.department, last_name="Guivarc’h")
    at = datetime.combine(tuesday(), time(9), PARIS)
    return make_shift(site=make_site(redon), practitioner=doctor, starts_at=at)


@pytest.fixture
def colleague(redon: Centre) -> Practitioner:
    return make_practitioner(redon.department, last_name="Kerboul", profession="sage-femme")


@pytest.fixture
def visit(shift: Shift) -> Appointment:
    family = make_guardian(first_name="Karim", last_name="Benali")
    return make_appointment(shift, guardian=family)


def page(shift: Shift) -> str:
    return f"/equipe/planning/{shift.centre.slug}/demi-journees/{shift.pk}/"


def filled(shift: Shift, **changes: Any) -> dict[str, Any]:
    starts, ends = (at.astimezone(PARIS) for at in (shift.starts_at, shift.ends_at))
    return {
        "practitioner": shift.practitioner_id,
        "site": shift.site_id,
        "opens": f"{starts:%H:%M}",
        "closes": f"{ends:%H:%M}",
        "types": list(shift.offers.values_list("type_id", flat=True)),
        "seats": shift.seats,
        "agent_reserve": 0,
        "follows": "on",
        **changes,
    }


def seen(answer: Any) -> str:
    found = re.search(r'name="seen" value="([^"]*)"', answer.content.decode())
    assert found, text(answer)
    return found[1]


def done(client: Client, path: str, asked: dict[str, Any]) -> Any:
    """Seen, then saved."""
    preview = client.post(path, asked)
    return client.post(path, {**asked, "seen": seen(preview), "do": "save"})


def test_a_week_is_told_day_by_day(claire: Client, visit: Appointment, shift: Shift) -> None:
    answer = claire.get(f"/equipe/planning/{shift.centre.slug}/demi-journees/?semaine={tuesday()}")
    said = text(answer)
    assert "Dr Nadia Guivarc’h, de 9 h à 12 h" in said
    assert "1 rendez-vous" in said
    late = claire.get(f"/equipe/planning/{shift.centre.slug}/demi-journees/?semaine=2099-01-01")
    assert late.status_code == 404


def test_lent_its_appointments_follow_once_that_was_seen(
    claire: Client, visit: Appointment, shift: Shift, colleague: Practitioner
) -> None:
    asked = filled(shift, practitioner=colleague.pk)
    preview = text(claire.post(page(shift), asked))
    assert "1 rendez-vous suit" in preview
    assert "Karim Benali" in preview
    assert "les familles ne reçoivent pas de message" in preview
    assert "sage-femme) ne reçoit pas d’habitude pour" in preview
    visit.refresh_from_db()
    assert visit.practitioner == shift.practitioner
    assert done(claire, page(shift), asked).status_code == 302
    visit.refresh_from_db()
    assert visit.practitioner == colleague


def test_what_changes_nothing_cannot_be_saved(claire: Client, shift: Shift) -> None:
    answer = claire.post(page(shift), filled(shift))
    assert "Rien ne change." in text(answer)
    assert 'value="save"' not in answer.content.decode()


def test_shortened_it_tells_who_has_no_place_any_more(
    claire: Client, visit: Appointment, shift: Shift
) -> None:
    asked = filled(shift, opens="10:00", note="Réunion")
    assert "1 rendez-vous n’aurait plus de place" in text(claire.post(page(shift), asked))
    done(claire, page(shift), asked)
    assert "Demi-journée modifiée par claire@example.org. Réunion" in text(claire.get(page(shift)))


@pytest.mark.parametrize("is_lent", [False, True])
def test_whom_a_changed_half_day_leaves_out_is_on_the_call_list_until_it_is_as_before(
    claire: Client, visit: Appointment, shift: Shift, colleague: Practitioner, is_lent: bool
) -> None:
    change = {"practitioner": colleague.pk, "follows": ""} if is_lent else {"opens": "10:00"}
    before, asked = filled(shift), filled(shift, **change)
    said = text(claire.post(page(shift), asked))
    assert "1 rendez-vous n’aurait plus de place" in said
    assert "Karim Benali" in said
    assert "ces familles seront dans « À appeler »" in said
    listed = f"/equipe/messages/centre/{shift.centre.slug}/"
    assert "Karim Benali" not in text(claire.get(listed))
    done(claire, page(shift), asked)
    said = text(claire.get(listed))
    assert "Karim Benali" in said
    assert "demi-journée annulée ou changée" in said
    said = text(claire.post(page(shift), before))
    assert "1 rendez-vous retrouve sa place" in said
    assert "Karim Benali" in said
    done(claire, page(shift), before)
    assert "Karim Benali" not in text(claire.get(listed))


def test_cancelled_and_restored(claire: Client, visit: Appointment, shift: Shift) -> None:
    done(claire, page(shift), {"what": "cancel", "note": "Malade"})
    shift.refresh_from_db()
    assert shift.status == "cancelled"
    assert "Rétablir cette demi-journée" in text(claire.get(page(shift)))
    done(claire, page(shift), {"what": "restore"})
    shift.refresh_from_db()
    assert shift.status == "open"


def test_a_half_day_cancelled_by_itself_leaves_its_families_to_the_call_list(
    claire: Client, visit: Appointment, shift: Shift
) -> None:
    """Seen first, with the way to an absence at its hours, which moves them or proposes."""
    preview = claire.post(page(shift), {"what": "cancel"})
    said = text(preview)
    assert "Karim Benali" in said
    assert "ces familles seront dans « À appeler »" in said
    (link,) = re.findall(r'href="([^"]*/declarer/\?[^"]*)"', preview.content.decode())
    declaring = claire.get(link.replace("&amp;", "&"))
    assert declaring.status_code == 200
    assert "1 famille touchée" in text(declaring)
    for value in ('value="09:00"', 'value="12:00"', f'value="{tuesday()}"'):
        assert value in declaring.content.decode()
    listed = f"/equipe/messages/centre/{shift.centre.slug}/"
    assert "Karim Benali" not in text(claire.get(listed))
    done(claire, page(shift), {"what": "cancel"})
    said = text(claire.get(listed))
    assert "Karim Benali" in said
    assert "demi-journée annulée" in said
    done(claire, page(shift), {"what": "restore"})
    assert "Karim Benali" not in text(claire.get(listed))


def test_a_refusal_says_who_and_loses_nothing(
    claire: Client, shift: Shift, colleague: Practitioner
) -> None:
    Absence.objects.create(practitioner=colleague, starts_at=shift.starts_at, ends_at=shift.ends_at)
    answer = claire.post(page(shift), filled(shift, practitioner=colleague.pk, seats=1))
    assert answer.status_code == 422
    assert "Dr Nadia Kerboul a une absence" in text(answer)
    assert f'value="{colleague.pk}" selected' in answer.content.decode()


def test_who_booked_since_the_preview_is_told(
    claire: Client, shift: Shift, colleague: Practitioner
) -> None:
    asked = filled(shift, practitioner=colleague.pk)
    before = seen(claire.post(page(shift), asked))
    make_appointment(shift)
    answer = claire.post(page(shift), {**asked, "seen": before, "do": "save"})
    assert answer.status_code == 409
    assert "Rien n’est enregistré" in text(answer)
    shift.refresh_from_db()
    assert shift.practitioner != colleague


def test_two_people_swap_a_morning(
    claire: Client, visit: Appointment, shift: Shift, colleague: Practitioner
) -> None:
    kinds = [offer.type for offer in shift.offers.all()]
    theirs = make_shift(
        site=shift.site, practitioner=colleague, starts_at=shift.starts_at, types=kinds
    )
    make_appointment(theirs)
    path = f"/equipe/planning/{shift.centre.slug}/demi-journees/echanger/"
    assert "Échanger deux personnes" in text(claire.get(path))
    asked = {
        "on": tuesday().isoformat(),
        "part": "morning",
        "one": shift.practitioner_id,
        "other": colleague.pk,
        "follows": "on",
    }
    assert "2 rendez-vous suivent" in text(claire.post(path, asked))
    done(claire, path, asked)
    visit.refresh_from_db()
    assert visit.practitioner == colleague
    afternoon = claire.post(path, {**asked, "part": "afternoon"})
    assert "Aucune des deux personnes ne reçoit" in text(afternoon)
    same = claire.post(path, {**asked, "other": shift.practitioner_id})
    assert "Choisissez deux personnes différentes" in text(same)


def test_a_past_half_day_is_only_shown(claire: Client, redon: Centre) -> None:
    past = make_shift(site=make_site(redon), starts_at=timezone.now() - timedelta(days=3))
    body = text(claire.get(page(past)))
    assert "Une demi-journée passée ne change plus" in body
    assert "Voir ce qui change" not in body


def test_ten_half_days_cost_as_many_queries_as_one(
    claire: Client, shift: Shift, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    path = f"/equipe/planning/{shift.centre.slug}/demi-journees/?semaine={tuesday()}"
    claire.get(path)
    with CaptureQueriesContext(connection) as first:
        claire.get(path)
    kind = make_type()
    for _ in range(9):
        make_shift(site=shift.site, starts_at=shift.starts_at, types=[kind])
    with django_assert_num_queries(len(first)):
        claire.get(path)
