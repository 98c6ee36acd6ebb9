"""Call-back requests: a promised date, and one open request at a time."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError

from booking import actions
from booking.actors import Actor
from booking.errors import CallbackClosed
from booking.models import CallbackRequest
from centres.models import PublicHoliday
from tests.booking.scene import AGENT, Scene, clock, open_morning

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
    close(first)
    assert ask(scene).pk != first.pk


def test_another_phone_is_another_request() -> None:
    scene = open_morning()
    ask(scene)
    ask(scene, phone="+33699999999")
    assert CallbackRequest.objects.count() == 2


def test_a_wish_longer_than_its_column_is_cut() -> None:
    assert len(ask(open_morning(), preference="é" * 500).preference) == 200


def close(asked: CallbackRequest, outcome: str = "booked", **fields: Any) -> CallbackRequest:
    details: dict[str, Any] = {"note": "", "now": clock("11:00", FRIDAY), "actor": AGENT}
    return actions.close_callback(uid=asked.uid, outcome=outcome, **details | fields)


def test_asking_again_brings_the_details_up_to_date_and_keeps_the_promise() -> None:
    scene = open_morning()
    first = ask(scene, preference="Le matin", email="nadia@example.org")
    later = clock("10:00", FRIDAY + timedelta(days=6))
    again = ask(scene, first_name="Nadya", preference="Le soir", language="en", now=later)
    assert (again.pk, again.uid) == (first.pk, first.uid)
    assert (again.promised_on, again.created_at) == (first.promised_on, first.created_at)
    assert (again.first_name, again.preference, again.language) == ("Nadya", "Le soir", "en")
    assert again.email == "nadia@example.org", "what is left empty takes nothing back"


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        ("booked", "done"),
        ("answered", "done"),
        ("unreached", "closed"),
        ("dropped", "closed"),
    ],
)
def test_an_agent_closes_a_request_with_its_outcome(outcome: str, state: str) -> None:
    asked = ask(open_morning())
    close(asked, outcome, note=" Rappeler en mai ")
    asked.refresh_from_db()
    assert (asked.state, asked.outcome, asked.note) == (state, outcome, "Rappeler en mai")
    assert (asked.closed_by, asked.closed_at) == (AGENT.label, clock("11:00", FRIDAY))


def test_closing_twice_is_one_closing_and_another_outcome_is_refused() -> None:
    asked = ask(open_morning())
    close(asked)
    again = close(asked, actor=Actor("agent", "hugo@example.org"), now=clock("12:00", FRIDAY))
    assert (again.closed_by, again.closed_at) == (AGENT.label, clock("11:00", FRIDAY))
    with pytest.raises(CallbackClosed):
        close(asked, "unreached")


def test_an_outcome_nobody_knows_closes_nothing() -> None:
    asked = ask(open_morning())
    with pytest.raises(ValueError, match="lost"):
        close(asked, "lost")
    asked.refresh_from_db()
    assert asked.state == "open"


@pytest.mark.parametrize("left_out", ["outcome", "closed_by", "closed_at"])
def test_the_database_wants_every_closing_signed_and_dated(left_out: str) -> None:
    asked = ask(open_morning())
    told = {"outcome": "booked", "closed_by": "claire@example.org", "closed_at": clock("11:00")}
    del told[left_out]
    with pytest.raises(IntegrityError, match="callback_closed_by_someone"):
        CallbackRequest.objects.filter(pk=asked.pk).update(state="done", **told)
