"""A family over another: asked for, explained, limited, and seen by everybody at the desk."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from booking import actions
from booking.errors import OverbookedEnough
from booking.models import Appointment, AppointmentEvent, Child, Guardian, Household
from centres.models import AppointmentType, Centre, Shift
from tests.booking.scene import AGENT
from tests.booking.test_desk import visit
from tests.factories import make_child, make_guardian
from tests.frontend.staff.test_book_page import buttons, ines, karim, kind, path, shift, wish
from tests.frontend.staff.test_newcomer_page import PATH, typed

__all__ = ["ines", "karim", "kind", "shift"]
pytestmark = pytest.mark.django_db
DONE = {"surreserver": "oui"}


def extras(body: str) -> list[str]:
    return re.findall(r'<option value="(\d+-\d+)"', body)


@pytest.fixture
def extra(claire: Client, redon: Centre, karim: Guardian, ines: Child, shift: Shift) -> str:
    """The time of the half-day that is taken already."""
    taken = buttons(claire.get(path(karim), wish(karim, ines, redon)).content.decode())[0]
    claire.post(path(karim), wish(karim, ines, redon, creneau=taken))
    return f"{shift.pk}-{taken.split('-')[0]}"


@pytest.fixture
def nour(redon: Centre, extra: str) -> Child:
    """A child of another family of the same centre."""
    guardian = make_guardian(first_name="Nour")
    visit(redon, guardian=guardian)
    return make_child(guardian)


def parent_of(child: Child) -> Guardian:
    return child.guardians.get()


def test_it_is_offered_when_asked_for_only_and_never_for_a_free_time(
    claire: Client, redon: Centre, nour: Child, extra: str
) -> None:
    guardian = parent_of(nour)
    asked = wish(guardian, nour, redon)
    plain = claire.get(path(guardian), asked).content.decode()
    assert "Aucun ne convient" in plain
    assert extras(plain) == []
    found = extras(claire.get(path(guardian), {**asked, "surreserver": "1"}).content.decode())
    assert extra in found
    free = {f"{extra.split('-', maxsplit=1)[0]}-{value.split('-')[0]}" for value in buttons(plain)}
    assert not free & set(found)


def test_with_its_reason_it_is_booked_told_on_the_board_and_in_the_history(
    claire: Client, redon: Centre, nour: Child, extra: str, shift: Shift
) -> None:
    guardian = parent_of(nour)
    asked = wish(guardian, nour, redon, extra=extra, reason="Vient de loin", **DONE)
    answer = claire.post(path(guardian), asked)
    added = Appointment.objects.get(child=nour)
    assert answer["Location"] == f"/equipe/rendez-vous/{added.spoken_reference}/"
    assert (added.is_overbooked, added.note, added.shift) == (True, "Vient de loin", shift)
    (event,) = AppointmentEvent.objects.filter(appointment=added)
    assert (event.action, event.note) == ("overbook", "Vient de loin")
    assert "Motif : Vient de loin." in claire.get(answer["Location"]).content.decode().replace(
        "\u00a0", " "
    )
    on = shift.starts_at.date().isoformat()
    board = claire.get(f"/equipe/aujourdhui/{redon.slug}/", {"jour": on}).content.decode()
    assert "En plus" in board
    assert "Vient de loin" in board


@pytest.mark.parametrize(
    "lack", [{"reason": " "}, {"extra": ""}, {"extra": "1-1"}], ids=["reason", "time", "other"]
)
def test_without_its_reason_or_its_time_nothing_is_booked(
    claire: Client, redon: Centre, nour: Child, extra: str, lack: dict[str, str]
) -> None:
    guardian = parent_of(nour)
    sent = {"extra": extra, "reason": "Vient de loin", **DONE, **lack}
    answer = claire.post(path(guardian), wish(guardian, nour, redon) | sent)
    assert answer.status_code == 422
    assert "field__error" in answer.content.decode()
    assert not Appointment.objects.filter(child=nour).exists()


def test_a_half_day_takes_no_more_than_its_type_allows(
    claire: Client, redon: Centre, nour: Child, extra: str, kind: AppointmentType
) -> None:
    guardian = parent_of(nour)
    asked = wish(guardian, nour, redon, extra=extra, reason="Vient de loin", **DONE)
    claire.post(path(guardian), asked)
    again = claire.get(path(guardian), wish(guardian, nour, redon, surreserver="1"))
    assert extras(again.content.decode()) == []
    shift_id, start = map(int, extra.split("-"))
    other = make_child()
    more = {
        "guardian": parent_of(other), "child": other, "kind": kind, "shift_id": shift_id,
        "start": start, "reason": "Urgent", "now": Appointment.objects.latest("pk").changed_at,
        "actor": AGENT,
    }  # fmt: skip
    with pytest.raises(OverbookedEnough):
        actions.overbook_for(**more)
    AppointmentType.objects.update(overbook_max=2)
    assert actions.overbook_for(**more).is_overbooked
    AppointmentType.objects.update(overbook_max=0)
    third = make_child()
    with pytest.raises(OverbookedEnough):
        actions.overbook_for(**more | {"guardian": parent_of(third), "child": third})


def test_a_new_family_is_added_too_or_not_even_made(
    claire: Client, redon: Centre, extra: str, shift: Shift
) -> None:
    details = typed(redon, first_name="Lou", last_name="Martin", phone="", email="", **DONE)
    before = Household.objects.count()
    refused = claire.post(PATH, {**details, "extra": extra, "reason": ""})
    assert refused.status_code == 422
    assert Household.objects.count() == before
    claire.post(PATH, {**details, "extra": extra, "reason": "Vient de loin"})
    added = Appointment.objects.get(is_overbooked=True)
    assert added.shift == shift
    assert added.guardian is not None
    assert added.guardian.last_name == "Martin"
