"""A centre is opened and paused in the administration: what is in force is told first."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from centres.actions import change_stage
from centres.models import Centre, StageChange, User
from centres.rollout import Stage
from tests.factories import make_centre
from tests.frontend.pages import read, text
from tests.frontend.staff.people import log_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client: Client) -> Client:
    log_in(client, User.objects.create_superuser("claire@example.org", "x"))
    return client


@pytest.fixture
def centre() -> Centre:
    return make_centre(stage=Stage.AGENTS_ONLY)


def page(centre: Centre) -> str:
    return f"/admin/centres/centre/{centre.pk}/stage/"


def test_the_stage_in_force_is_told_and_chosen(admin: Client, centre: Centre) -> None:
    shown = read(admin, page(centre))
    assert "En ce moment : Agents seulement" in shown
    assert "Prévu" not in shown
    assert '<option value="agents_only" selected>' in admin.get(page(centre)).content.decode()


def test_what_is_scheduled_is_told(admin: Client, centre: Centre) -> None:
    now = timezone.now()
    change_stage(
        centre_id=centre.pk,
        stage=Stage.OPEN,
        effective_at=now + timedelta(days=3),
        note="prêt",
        now=now,
        author=User.objects.get(),
        author_name="Claire",
    )
    assert "Prévu : Ouvert en ligne (" in read(admin, page(centre))


def test_a_pause_is_signed_and_needs_its_reason(admin: Client, centre: Centre) -> None:
    assert admin.post(page(centre), {"stage": "paused"}).status_code == 200
    assert not StageChange.objects.exists()
    answer = admin.post(page(centre), {"stage": "paused", "note": "travaux"}, follow=True)
    assert "L’étape est changée." in text(answer)
    centre.refresh_from_db()
    assert centre.stage == "paused"
    assert StageChange.objects.get().author_name == "claire@example.org"
