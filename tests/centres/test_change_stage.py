"""Opening, pausing and scheduling a centre: one decision, its author and its history."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from centres.actions import change_stage
from centres.models import Centre, StageChange, User
from centres.rollout import Stage, effective_stage, is_open_online, is_open_to_agents
from tests.booking.scene import NOW, after
from tests.factories import make_centre

pytestmark = pytest.mark.django_db


def change(centre: Centre, stage: str, **wishes: Any) -> StageChange:
    details = {"now": NOW, "author": None, "author_name": "Claire Le Bihan"}
    return change_stage(centre_id=centre.pk, stage=stage, **details | wishes)


def stage_at(centre: Centre, instant: datetime) -> str:
    return effective_stage(Centre.objects.get(pk=centre.pk), now=instant).value


def test_a_change_takes_effect_at_once_and_is_recorded() -> None:
    centre = make_centre(stage=Stage.PREPARING)
    author = User.objects.create_user("claire@example.org")
    done = change(centre, "open", author=author, note="Équipe prête")
    assert stage_at(centre, NOW) == "open"
    assert (done.stage_before, done.stage, done.note) == ("preparing", "open", "Équipe prête")
    assert (done.author, done.effective_at, done.decided_at) == (author, NOW, NOW)


def test_a_scheduled_change_comes_by_itself_on_the_second() -> None:
    centre = make_centre(stage=Stage.AGENTS_ONLY)
    change(centre, "open", effective_at=after(days=7))
    assert stage_at(centre, after(days=7) - timedelta(seconds=1)) == "agents_only"
    assert stage_at(centre, after(days=7)) == "open"
    assert stage_at(centre, after(days=700)) == "open"


def test_a_later_decision_replaces_the_scheduled_one() -> None:
    centre = make_centre(stage=Stage.AGENTS_ONLY)
    change(centre, "open", effective_at=after(days=7))
    change(centre, "preparing", now=after(days=1))
    assert stage_at(centre, after(days=8)) == "preparing"


def test_after_a_scheduled_change_came_the_next_begins_from_it() -> None:
    centre = make_centre(stage=Stage.AGENTS_ONLY)
    change(centre, "open", effective_at=after(days=1))
    done = change(centre, "paused", now=after(days=2), effective_at=after(days=3))
    assert done.stage_before == "open"
    assert stage_at(centre, after(days=2)) == "open"
    assert stage_at(centre, after(days=3)) == "paused"


@pytest.mark.parametrize(
    "wishes", [{"stage": "closed"}, {"stage": ""}, {"stage": "open", "effective_at": NOW}]
)
def test_an_unknown_stage_or_a_past_date_changes_nothing(wishes: dict) -> None:
    centre = make_centre(stage=Stage.AGENTS_ONLY)
    with pytest.raises(ValueError, match=r"stage|Stage|scheduled"):
        change(centre, **wishes)
    assert stage_at(centre, NOW) == "agents_only"
    assert not StageChange.objects.exists()


@pytest.mark.parametrize(
    ("stage", "families", "agents"),
    [
        ("preparing", False, False),
        ("agents_only", False, True),
        ("open", True, True),
        ("paused", False, True),
    ],
)
def test_each_stage_says_who_may_book(stage: str, families: bool, agents: bool) -> None:
    centre = Centre(stage=stage)
    assert is_open_online(centre, now=NOW) is families
    assert is_open_to_agents(centre, now=NOW) is agents
