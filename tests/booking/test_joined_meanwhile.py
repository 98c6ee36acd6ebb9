"""Two records became one while a colleague's page was open: what it sends is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

import pytest

from booking import actions
from booking.actions.waiting import Wishes
from booking.locking import FamilyChanged
from booking.models import Appointment, Child, Guardian, WaitingListEntry
from centres.calendar import to_minute
from centres.models import AppointmentType
from tests.booking.scene import AGENT, NOW, Scene, clock, open_morning
from tests.factories import make_child, make_guardian, make_household

pytestmark = pytest.mark.django_db
Act = Callable[[Scene, Guardian, Child], Any]


def book(scene: Scene, guardian: Guardian, child: Child) -> Appointment:
    return actions.book_for(guardian=guardian, child=child, **place(scene))


def book_siblings(scene: Scene, guardian: Guardian, child: Child) -> list[Appointment]:
    return actions.book_siblings(guardian=guardian, children=[child], **place(scene))


def overbook(scene: Scene, guardian: Guardian, child: Child) -> Appointment:
    wanted = place(scene, centre=None)
    del wanted["centre"]
    return actions.overbook_for(
        guardian=guardian, child=child, shift_id=scene.shift.pk, reason="urgence", **wanted
    )


def wait(scene: Scene, guardian: Guardian, child: Child) -> WaitingListEntry:
    wanted = place(scene)
    del wanted["start"]
    wishes = Wishes(sites=(scene.shift.site_id,))
    return actions.ask_for_any(guardian=guardian, child=child, wishes=wishes, **wanted)


def note(scene: Scene, guardian: Guardian, child: Child) -> list[Appointment]:
    AppointmentType.objects.update(booking="walk_in")
    return actions.note_arrival(
        shift_id=scene.shift.pk, kind_id=scene.kind.pk, guardian=guardian, children=[child],
        now=clock("09:40"), actor=AGENT,
    )  # fmt: skip


def place(scene: Scene, **changes: Any) -> dict[str, Any]:
    wanted = {"kind": scene.kind, "centre": scene.centre, "start": to_minute(clock("09:00"))}
    return wanted | {"now": NOW, "actor": AGENT} | changes


EACH = pytest.mark.parametrize("act", [book, book_siblings, overbook, wait, note])


@pytest.fixture
def scene() -> Scene:
    return open_morning(age_max_months=72, overbook_max=2)


@pytest.fixture
def parents() -> list[Guardian]:
    """The same person twice, in one household."""
    household = make_household()
    return [make_guardian(household, first_name=name) for name in ("Nour", "Noor")]


def a_child(guardian: Guardian, **fields: Any) -> Child:
    return make_child(guardian, **{"born_on": date(2026, 2, 10)} | fields)


@EACH
def test_a_parent_that_is_another_since_is_not_booked_for(
    scene: Scene, parents: list[Guardian], act: Act
) -> None:
    kept, joined = parents
    child = a_child(joined)
    actions.join_guardians(
        household_id=kept.household_id, kept_id=kept.pk, joined_id=joined.pk, takes=(),
        now=NOW, actor=AGENT,
    )  # fmt: skip
    with pytest.raises(FamilyChanged):
        act(scene, joined, child)
    assert act(scene, kept, child)


@EACH
def test_a_child_that_is_another_since_is_not_booked_for(
    scene: Scene, parents: list[Guardian], act: Act
) -> None:
    guardian = parents[0]
    kept, joined = (a_child(guardian, first_name=name) for name in ("Lila", "Leila"))
    actions.join_children(
        household_id=guardian.household_id, kept_id=kept.pk, joined_id=joined.pk,
        now=NOW, actor=AGENT,
    )  # fmt: skip
    with pytest.raises(FamilyChanged):
        act(scene, guardian, joined)
    assert act(scene, guardian, kept)


@EACH
def test_a_family_that_is_of_another_household_since_is_booked_for_there(
    scene: Scene, act: Act
) -> None:
    guardian, kept = make_guardian(), make_household()
    child = a_child(guardian)
    actions.merge_households(kept_id=kept.pk, merged_id=guardian.household_id, now=NOW, actor=AGENT)
    made = act(scene, guardian, child)
    (one,) = made if isinstance(made, list) else [made]
    one.refresh_from_db()
    assert (one.household, one.guardian, one.child) == (kept, guardian, child)


@EACH
def test_a_parent_reached_elsewhere_since_is_not_booked_for_under_the_former_lock(
    scene: Scene, act: Act, parents: list[Guardian]
) -> None:
    guardian = parents[0]
    child = a_child(guardian)
    Guardian.objects.filter(pk=guardian.pk).update(email="nour@example.org")
    attempt = partial(act, scene, guardian, child)
    with pytest.raises(FamilyChanged):
        attempt()
    guardian.refresh_from_db()
    assert attempt()
