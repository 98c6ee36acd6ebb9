"""Another time that the centre proposes: first on the family’s page, answered by one press."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from booking import actions
from booking.access import held_for_move, manage_token
from booking.actions.declaring import Plan, Wanted
from booking.concerned import concerned
from booking.models import Appointment, Case
from centres.models import Absence
from notifications.models import OutboxMessage
from tests.booking.scene import AGENT
from tests.factories import make_appointment, make_guardian, make_shift, next_tuesday
from tests.frontend.pages import plain, read

pytestmark = pytest.mark.django_db


@pytest.fixture
def visit() -> Appointment:
    """Next week's, with a doctor who is also there the week after."""
    first = make_shift()
    make_shift(
        starts_at=next_tuesday() + timedelta(weeks=1),
        site=first.site,
        practitioner=first.practitioner,
        types=[first.offers.get().type],
    )
    return make_appointment(first, guardian=make_guardian())


def declare(visit: Appointment, does: str) -> Case:
    now, shift = timezone.now(), visit.shift
    period = Absence(
        practitioner=visit.practitioner, starts_at=shift.starts_at, ends_at=shift.ends_at
    )
    (found,) = concerned(period, now=now)
    place = found.places[0] if does == "propose" else None
    wanted = Wanted(visit.pk, 0, does, place and place.shift, place and place.start)
    plan = Plan(uuid4(), visit.centre, period, "Dr Guivarc’h", [wanted])
    return actions.declare(plan=plan, now=now, actor=AGENT).cases.get()


def page(visit: Appointment) -> str:
    return read(Client(), f"/r/{manage_token(visit)}/")


def answer(visit: Appointment, says: str, client: Client | None = None) -> Any:
    url = f"/r/{manage_token(visit)}/proposition/"
    return (client or Client()).post(url, {"reponse": says}, follow=True)


def test_the_time_proposed_comes_first_and_looking_answers_nothing(visit: Appointment) -> None:
    case = declare(visit, "propose")
    shown = page(visit)
    assert shown.index("Oui, je viens") < shown.index("Le premier moment")
    assert "Ajouter à mon agenda" not in shown
    assert Client().get(f"/r/{manage_token(visit)}/proposition/").status_code == 302
    case.refresh_from_db()
    assert case.answer == ""


def test_yes_moves_it_and_twice_is_once(visit: Appointment) -> None:
    case = declare(visit, "propose")
    assert case.proposal is not None
    for _ in range(2):
        said = answer(visit, "oui")
        assert said.status_code == 200
        assert "Votre rendez-vous est déplacé" in plain(said.content.decode())
    visit.refresh_from_db()
    assert (visit.starts_at, visit.sequence) == (case.proposal.starts_at, 1)
    assert OutboxMessage.objects.filter(kind="moved", subject_ref=str(visit.uid)).count() >= 1


def test_no_leaves_it_to_a_call(visit: Appointment) -> None:
    declare(visit, "propose")
    said = plain(answer(visit, "non").content.decode())
    assert "Ne venez pas à ce moment-là" in said
    assert "Oui, je viens" not in said
    assert answer(visit, "oui").status_code == 409
    assert OutboxMessage.objects.filter(kind="proposal_refused", state="failed").count() == 1


def test_too_late_is_said(visit: Appointment) -> None:
    case = declare(visit, "propose")
    Appointment.objects.filter(pk=case.proposal_id).update(expires_at=timezone.now())
    assert answer(visit, "oui").status_code == 410
    visit.refresh_from_db()
    assert visit.sequence == 0


def test_who_is_to_be_called_is_told_not_to_come(visit: Appointment) -> None:
    declare(visit, "call")
    assert "Ne venez pas à ce moment-là" in page(visit)


def test_an_answer_nobody_asked_for_changes_nothing(visit: Appointment) -> None:
    assert answer(visit, "oui").status_code == 410
    assert answer(visit, "peut-être").status_code == 200
    visit.refresh_from_db()
    assert visit.sequence == 0


def test_looking_for_another_time_does_not_give_the_proposal_away(visit: Appointment) -> None:
    declare(visit, "propose")
    assert held_for_move(visit, now=timezone.now()) is None


def test_the_family_s_own_change_ends_the_question(visit: Appointment) -> None:
    declare(visit, "propose")
    actions.cancel(uid=visit.uid, now=timezone.now())
    assert "Oui, je viens" not in page(visit)
    assert answer(visit, "oui").status_code == 409
