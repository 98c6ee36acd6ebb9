"""A family typed at the door: a second press is known, a sibling or a second parent is noted."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from booking import actions
from booking.errors import ChildRequired
from booking.models import Household
from tests.booking.scene import NADIA, Scene, clock, open_morning, parent
from tests.booking.test_arriving import COLLEAGUE, WALK_IN, newcomer, scene

__all__ = ["scene"]
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "other", [{"child_first_name": "Malo"}, {"child_born_on": date(2024, 5, 6)}]
)
def test_a_sibling_typed_next_is_noted_and_not_taken_for_a_second_press(
    scene: Scene, other: dict[str, Any]
) -> None:
    with_other = replace(NADIA, **other)
    first, sibling = newcomer(scene), newcomer(scene, who=with_other)
    assert sibling != first
    assert newcomer(scene, who=with_other) == sibling
    assert newcomer(scene) == first


def test_a_parent_typed_alone_and_then_with_a_child_is_two_visits() -> None:
    scene = open_morning(booking=WALK_IN, audience="adult")
    alone = replace(NADIA, child_first_name="", child_born_on=None)
    first = newcomer(scene, who=alone)
    assert newcomer(scene) != first
    assert newcomer(scene, who=alone) == first


def test_a_second_press_is_known_though_a_colleague_has_pressed_since(scene: Scene) -> None:
    first = newcomer(scene)
    actions.start(uid=first.uid, now=clock("09:41"), actor=COLLEAGUE)
    assert newcomer(scene) == first
    assert newcomer(scene, actor=COLLEAGUE) != first, "another family, at another agent's hand"


@pytest.mark.parametrize(
    "untold",
    [
        {"child_first_name": "", "child_born_on": None},
        {"child_first_name": ""},
        {"child_born_on": None},
    ],
)
def test_a_family_that_is_refused_is_not_made(scene: Scene, untold: dict[str, Any]) -> None:
    with pytest.raises(ChildRequired):
        newcomer(scene, who=parent(1, **untold))
    assert not Household.objects.exists()
