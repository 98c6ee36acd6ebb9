"""When very many requests come from one address: a proof of work, by script or by waiting."""

from datetime import UTC, datetime, timedelta

import pytest

from booking.models import Appointment
from frontend import limits, pow
from tests.frontend.funnel import Scene
from tests.journeys.visitor import SUBMIT, Arrive, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SLOT = ".days .slot"


def crowd(visitor: Visitor, scene: Scene) -> None:
    """A whole town behind one address."""
    visitor.crowd(scene.hold_url, 2 * limits.HOLDS.calm)


def test_the_phone_proves_it_by_itself(visitor: Visitor, scene: Scene) -> None:
    crowd(visitor, scene)
    visitor.open(scene.when_url)
    visitor.page.click(SLOT)
    visitor.page.wait_for_url("**/retenu/**")
    assert Appointment.objects.get().state == "held"


def test_without_scripts_a_short_wait_does(arrive: Arrive, scene: Scene) -> None:
    patient = arrive(java_script_enabled=False)
    crowd(patient, scene)
    patient.open(scene.when_url)
    patient.press(SLOT)
    assert (patient.status, patient.title) == (429, "Un instant, nous vérifions")
    assert "Attendez" in patient.text()
    patient.press(SUBMIT)
    assert patient.status == 429, "too early: asked again, nothing lost"
    before = datetime.now(UTC) - timedelta(seconds=pow.WAIT_SECONDS + 5)
    waited = pow.new_challenge(client=patient.address, now=before)
    patient.page.evaluate(f"document.querySelector('[name=pow_challenge]').value = '{waited}'")
    patient.press(SUBMIT)
    assert "/retenu/" in patient.path
    assert Appointment.objects.get().state == "held"


def test_a_flood_is_told_to_come_back_later(visitor: Visitor, scene: Scene) -> None:
    visitor.open(scene.when_url)
    visitor.crowd(scene.hold_url, limits.HOLDS.most + 20)
    visitor.press(SLOT)
    assert visitor.status == 429
    assert visitor.document.headers["retry-after"]
    assert not Appointment.objects.exists()
