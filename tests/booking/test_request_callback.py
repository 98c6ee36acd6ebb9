"""Call-back requests: a promised date, and one open request at a time."""

from datetime import date
from typing import Any

import pytest

from booking import actions
from booking.models import CallbackRequest
from centres.models import PublicHoliday
from tests.booking.scene import Scene, clock, open_morning

pytestmark = pytest.mark.django_db
FRIDAY = date(2027, 3, 26)


def ask(scene: Scene, **fields: Any) -> CallbackRequest:
    details: dict[str, Any] = {
        "first_name": "Nadia",
        "last_name": "Benali",
        "phone": "+33612345678",
        "now": clock("10:00", FRIDAY),
    }
    return actions.request_callback(
        centre_id=scene.centre.pk, type_id=scene.kind.pk, **details | fields
    )


def test_the_centre_promises_a_day() -> None:
    scene = open_morning()
    easter_monday = date(2027, 3, 29)
    PublicHoliday.objects.create(
        department=scene.centre.department, on=easter_monday, name="Lundi de Pâques"
    )
    assert ask(scene).promised_on == date(2027, 3, 31)


def test_asking_again_is_one_request() -> None:
    scene = open_morning()
    first, second = ask(scene), ask(scene, preference="Le matin")
    assert (first.pk, CallbackRequest.objects.count()) == (second.pk, 1)


def test_once_answered_one_may_ask_again() -> None:
    scene = open_morning()
    first = ask(scene)
    CallbackRequest.objects.update(state=CallbackRequest.State.DONE)
    assert ask(scene).pk != first.pk


def test_another_phone_is_another_request() -> None:
    scene = open_morning()
    ask(scene)
    ask(scene, phone="+33699999999")
    assert CallbackRequest.objects.count() == 2


def test_a_wish_longer_than_its_column_is_cut() -> None:
    assert len(ask(open_morning(), preference="é" * 500).preference) == 200
