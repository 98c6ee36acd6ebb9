"""A family's booking is judged by what was seen before the locks: they refuse it when that is not
true any more, and without them it would be written all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial, reduce
from threading import Event
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Model, QuerySet

from booking import actions, candidates
from booking.actions import confirming, families, holding
from booking.actors import Who
from booking.errors import Refusal
from booking.loading import load_hold
from booking.models import Appointment, AppointmentEvent, Child, Guardian, Guardianship, Household
from centres.models import Centre, Shift
from centres.rollout import Stage
from notifications.models import OutboxMessage
from tests.booking.scene import NADIA, NOW, Scene, open_morning, parent, undone
from tests.concurrency.race import until_somebody_waits
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)
BY_PHONE = replace(NADIA, email="", phone="+33639981234")


def one_for_families() -> Scene:
    """Two times, of which one is kept for agents."""
    return open_morning(hours=1, shift={"agent_reserve": 1})


def meanwhile(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Once, after the shifts were seen and before anything is written."""
    seeing = holding.see_candidates

    def see(ask: holding.Ask) -> list[candidates.Candidate]:
        monkeypatch.setattr(holding, "see_candidates", seeing)
        found = seeing(ask)
        happens()
        return found

    monkeypatch.setattr(holding, "see_candidates", see)


def held() -> int:
    return Appointment.objects.filter(state="held").count()


def test_what_is_kept_for_agents_stays_so_when_another_family_was_faster(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = one_for_families()
    meanwhile(monkeypatch, lambda: scene.hold("09:30"))
    with pytest.raises(Refusal):
        scene.hold("09:00")
    assert held() == 1


def test_without_the_version_both_families_hold_what_is_kept_for_agents(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = one_for_families()
    checked = candidates._insert_seen()
    blind = checked.replace(") = %s", ") <> %s || ' another'")
    assert blind != checked
    meanwhile(monkeypatch, lambda: scene.hold("09:30"))
    monkeypatch.setattr(candidates, "_insert_seen", lambda: blind)
    scene.hold("09:00")
    assert held() == 2


@pytest.mark.parametrize(
    "change",
    [{"status": "cancelled"}, {"closed": [0, 2**31 - 1]}, {"agent_reserve": 99}],
    ids=["cancelled", "closed", "kept for agents"],
)
def test_a_half_day_changed_meanwhile_takes_nobody(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, object]
) -> None:
    scene = open_morning()
    shifts = Shift.objects.filter(pk=scene.shift.pk)
    meanwhile(monkeypatch, lambda: shifts.update(**change))
    with pytest.raises(Refusal):
        scene.hold("09:00")
    assert held() == 0


def test_a_half_day_that_offers_the_type_no_more_takes_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = open_morning()
    meanwhile(monkeypatch, lambda: scene.shift.offers.all().delete())
    with pytest.raises(Refusal):
        scene.hold("09:00")
    assert held() == 0


def test_what_was_not_written_keeps_no_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = open_morning()
    meanwhile(monkeypatch, lambda: at_once(partial(Shift.objects.update, agent_reserve=1)))
    monkeypatch.setattr(holding, "_take", lambda *_, **__: None)
    with transaction.atomic():
        scene.hold("09:00")
        (locked,) = at_once(is_locked)
    assert not locked
    assert held() == 0


def is_locked() -> bool:
    """Asked on a connection of its own."""
    with transaction.atomic():
        return not Shift.objects.select_for_update(skip_locked=True).exists()


def test_a_time_taken_by_another_way_in_is_told_as_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = open_morning(hours=0.5)
    meanwhile(monkeypatch, lambda: scene.hold("09:00"))
    with pytest.raises(Refusal) as refusal:
        scene.hold("09:00")
    assert refusal.value.code == "slot_taken"
    assert held() == 1


@pytest.mark.parametrize("who", [NADIA, BY_PHONE], ids=["by e-mail", "by phone"])
def test_one_contact_that_books_twice_at_once_is_one_family(who: Who) -> None:
    assert households_of_two_confirmations_at_once(who) == 1


def test_asked_before_the_wait_the_same_contact_would_be_two_families(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    checked = families.FIRST_BOOKING
    blind = checked.replace(
        "%(uid)s, %(contact)s, %(email)s, %(phone)s, %(is_by_phone)s",
        "%(uid)s, %(contact)s, '', '', %(is_by_phone)s",
    ).replace(
        "FROM locked",
        "FROM locked WHERE NOT EXISTS (SELECT FROM booking_guardian g WHERE g.email = %(email)s)",
    )
    assert blind.count("NOT EXISTS") == 1
    monkeypatch.setattr(families, "FIRST_BOOKING", blind)
    # Another name, or the index of those who proved their contact would refuse.
    assert households_of_two_confirmations_at_once(NADIA, "Karim") == 2


def households_of_two_confirmations_at_once(who: Who, name: str = "Nadia") -> int:
    """The second waits for the first, which has written its family already. With two doctors: the
    half-day itself is as it was seen."""
    scene = open_morning()
    doctors = [scene.shift.practitioner_id, scene.another_doctor().practitioner_id]
    first, second = (
        load_hold(scene.hold("09:00", practitioner_id=doctor).uid) for doctor in doctors
    )
    assert first is not None
    assert second is not None
    is_written = Event()

    def confirm_and_wait() -> None:
        with transaction.atomic():
            actions.confirm(uid=first.uid, who=who, now=NOW, seen=first)
            is_written.set()
            until_somebody_waits()

    def confirm() -> None:
        assert is_written.wait(10)
        other = replace(who, first_name=name, child_first_name="Aya")
        actions.confirm(uid=second.uid, who=other, now=NOW, seen=second)

    at_once(confirm_and_wait, confirm)
    assert Appointment.objects.filter(state="booked").count() == 2
    return Household.objects.count()


def test_a_hold_that_was_confirmed_meanwhile_is_not_written_twice() -> None:
    scene = open_morning()
    seen = load_hold(scene.hold().uid)
    assert seen is not None
    booked = actions.confirm(uid=seen.uid, who=NADIA, now=NOW, seen=seen)
    again = actions.confirm(uid=seen.uid, who=NADIA, now=NOW, seen=seen)
    assert again.pk == booked.pk
    assert Household.objects.count() == Guardian.objects.count() == 1


def release(scene: Scene, seen: Appointment) -> None:
    actions.release_hold(uid=seen.uid, now=NOW)


def pause(scene: Scene, seen: Appointment) -> None:
    Centre.objects.update(stage=Stage.PAUSED)


def cancel_half_day(scene: Scene, seen: Appointment) -> None:
    Shift.objects.update(status=Shift.Status.CANCELLED)


CHANGES = [release, pause, cancel_half_day]


def confirm_what_has_changed(change: Callable[[Scene, Appointment], None]) -> str:
    scene = open_morning()
    seen = load_hold(scene.hold().uid)
    assert seen is not None
    change(scene, seen)
    with suppress(Refusal):
        actions.confirm(uid=seen.uid, who=NADIA, now=NOW, seen=seen)
    return Appointment.objects.get().state


@pytest.mark.parametrize("change", CHANGES)
def test_a_hold_that_is_not_as_it_was_seen_is_not_confirmed(
    change: Callable[[Scene, Appointment], None],
) -> None:
    assert confirm_what_has_changed(change) != "booked"
    assert not Household.objects.exists()


@pytest.mark.parametrize("change", CHANGES)
def test_without_the_version_it_would_be(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[Scene, Appointment], None]
) -> None:
    checked = families.FIRST_BOOKING
    blind = checked.replace("= %(version)s", "<> %(version)s || ' another'")
    assert blind != checked
    monkeypatch.setattr(families, "FIRST_BOOKING", blind)
    assert confirm_what_has_changed(change) == "booked"


@pytest.mark.parametrize("who", [NADIA, BY_PHONE, parent(7)], ids=["both", "phone", "e-mail"])
def test_what_is_written_as_seen_is_what_the_locked_way_writes(
    monkeypatch: pytest.MonkeyPatch, who: Who
) -> None:
    scene = open_morning()
    with monkeypatch.context() as only_as_seen:
        only_as_seen.setattr(holding, "_take", None)
        only_as_seen.setattr(confirming, "_confirm", None)
        as_seen = what_a_booking_writes(scene, who)
    monkeypatch.setattr(holding, "take_seen", lambda _: None)
    monkeypatch.setattr(confirming, "book_first", lambda *_, **__: False)
    assert as_seen == what_a_booking_writes(scene, who)
    assert as_seen["OutboxMessage"]


def what_a_booking_writes(scene: Scene, who: Who) -> dict[str, list[dict[str, object]]]:
    """All rows, but for what is drawn: ids and references."""
    with undone():
        seen = load_hold(scene.hold().uid)
        assert seen is not None
        booked = actions.confirm(uid=seen.uid, who=who, now=NOW, seen=seen)
        assert booked.guardian is not None
        assert booked.household_id == booked.guardian.household_id
        drawn = {str(booked.uid): "uid", f":{booked.household_id}": ":household"}
        drawn |= {f"guardian:{booked.guardian_id}": "guardian"}
        return {model.__name__: list(map(partial(_shown, drawn), rows)) for model, rows in _all()}


def _all() -> Iterator[tuple[type[Model], QuerySet[Any, dict[str, Any]]]]:
    for model in (
        Appointment,
        Household,
        Guardian,
        Child,
        Guardianship,
        OutboxMessage,
        AppointmentEvent,
    ):
        yield model, model.objects.order_by("pk").values()


def _shown(drawn: dict[str, str], row: dict[str, Any]) -> dict[str, object]:
    shown = {}
    for name, value in row.items():
        if name in {"id", "uid", "reference", "send_at", "at"} or name.endswith("_id"):
            shown[name] = value is not None
        elif name in {"intent_key", "subject_ref", "person_ref"}:
            shown[name] = reduce(lambda text, what: text.replace(*what), drawn.items(), value)
        else:
            shown[name] = value
    return shown
