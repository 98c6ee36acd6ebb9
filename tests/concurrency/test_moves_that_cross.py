"""Agents drag, agents book and families hold, all at once: one wins, nobody waits in a ring."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from booking import actions
from booking.actions import relocating
from booking.models import Appointment
from centres.calendar import to_minute
from centres.models import Shift
from tests.booking.scene import AGENT, NOW, Scene, clock, open_morning, parent
from tests.concurrency.race import OVERLAPS, at_once, count, meet_in, refusals
from tests.factories import make_appointment, make_child, make_shift, make_type
from tests.frontend.staff.people import at_desk
from tests.frontend.staff.test_calendar import tomorrow

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 4


@pytest.fixture
def crossing() -> tuple[Scene, list[Any]]:
    """Two appointments, each about to be moved to the other's half-day."""
    scene = open_morning()
    other = scene.another_doctor()
    shifts = [scene.shift, other]
    booked = [
        scene.book("09:00", practitioner_id=shift.practitioner_id, who=parent(number))
        for number, shift in enumerate(shifts)
    ]
    moves = [
        partial(
            actions.move_to,
            uid=each.uid,
            start=to_minute(clock("10:00")),
            practitioner_id=shift.practitioner_id,
            now=NOW,
            actor=AGENT,
        )
        for each, shift in zip(booked, reversed(shifts), strict=True)
    ]
    return scene, moves


def test_moves_that_cross_both_arrive(crossing: tuple[Scene, list[Any]]) -> None:
    _scene, moves = crossing
    for _ in range(ROUNDS):
        assert refusals(at_once(moves)) == []
    assert count(OVERLAPS) == 0
    assert set(Appointment.objects.values_list("starts_at", flat=True)) >= {clock("10:00")}


def test_without_all_shifts_locked_first_they_would_wait_for_each_other(
    crossing: tuple[Scene, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    _scene, moves = crossing
    monkeypatch.setattr(
        relocating,
        "lock_shifts_to_move",
        lambda *_given, **_named: list(Shift.objects.values_list("pk", flat=True)),
    )
    meet_in(monkeypatch, relocating, "lock_appointments", many=2)
    with pytest.raises(OperationalError, match="deadlock"):
        at_once(moves)


def told(answer: Any) -> str:
    return str(answer.content.decode())


def requests(shift: Shift) -> list[Any]:
    """One agent drags a visit to ten, one books ten on the phone, a family presses ten."""
    kind, start = shift.offers.get().type, to_minute(tomorrow("10:00"))
    booked = make_appointment(shift, guardian=make_child().guardians.get())
    child = make_child()
    caller = child.guardians.get()
    make_appointment(shift, starts_at=tomorrow("09:30"), guardian=caller)
    claire, jean = at_desk(shift.centre), at_desk(shift.centre, email="jean@example.org")
    at = tomorrow("10:00").strftime("%Y-%m-%dT%H:%M")
    drop = {"id": booked.pk, "seen": 0, "at": at, "column": f"p{shift.practitioner_id}"}
    chosen = {"creneau": f"{start}-{shift.site_id}"}
    whom = {"guardian": caller.pk, "child": child.pk}
    what = {"kind": kind.slug, "centre": shift.centre.slug}
    return [
        partial(claire.post, f"/equipe/calendrier/{shift.centre.slug}/glisser/", drop),
        partial(
            jean.post,
            f"/equipe/familles/{caller.household_id}/rendez-vous/",
            {**whom, **what, **chosen},
        ),
        partial(Client().post, f"/rdv/{kind.slug}/{shift.centre.slug}/retenir/", chosen),
    ]


def test_two_agents_and_a_family_want_the_same_time() -> None:
    shift = make_shift(starts_at=tomorrow(), types=[make_type(notice_min=0)])
    dropped, phoned, held = at_once(requests(shift))
    wins = [dropped.status_code == 200, phoned.status_code == 302, held.status_code == 302]
    assert sum(wins) == 1, (dropped.status_code, phoned.status_code, held.status_code)
    assert count(OVERLAPS) == 0
    standing = Appointment.objects.filter(starts_at=tomorrow("10:00"), state__in=["booked", "held"])
    assert standing.count() == 1
    if not wins[0]:
        said = dropped.json()["said"]
        assert "a déjà un rendez-vous" in said or "remplit ce créneau" in said
    for has_won, answer in ((wins[1], phoned), (wins[2], held)):
        if not has_won:
            assert answer.status_code == 409
            assert "vient d’être pris" in told(answer)
