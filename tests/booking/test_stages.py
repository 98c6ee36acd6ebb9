"""What each rollout stage allows, and a scheduled one that comes by itself."""

import pytest

from booking import actions
from booking.errors import CentreNotOpen
from centres.actions import change_stage
from centres.models import Centre
from tests.booking.scene import AGENT, NADIA, NOW, Scene, after, clock, open_morning

pytestmark = pytest.mark.django_db


def at_stage(stage: str) -> Scene:
    scene = open_morning()
    Centre.objects.update(stage=stage)
    scene.centre.refresh_from_db()
    return scene


@pytest.mark.parametrize(
    ("stage", "families", "agents"),
    [
        ("preparing", False, False),
        ("agents_only", False, True),
        ("open", True, True),
        ("paused", False, True),
    ],
)
def test_a_stage_says_who_may_book(stage: str, families: bool, agents: bool) -> None:
    scene = at_stage(stage)
    for at, wishes, may in [("09:00", {}, families), ("10:00", {"actor": AGENT}, agents)]:
        if may:
            assert scene.hold(at, **wishes).state == "held"
        else:
            with pytest.raises(CentreNotOpen):
                scene.hold(at, **wishes)


def test_a_scheduled_opening_comes_by_itself_on_the_minute() -> None:
    scene = at_stage("agents_only")
    opens_at = clock("07:00")
    change_stage(
        centre_id=scene.centre.pk,
        stage="open",
        now=NOW,
        author=None,
        author_name="Claire",
        effective_at=opens_at,
    )
    scene.centre.refresh_from_db()
    with pytest.raises(CentreNotOpen):
        scene.hold(now=clock("06:59"))
    assert scene.hold(now=opens_at).state == "held"


def test_pausing_keeps_what_is_booked_and_lets_families_cancel() -> None:
    scene = open_morning()
    booked = scene.book()
    change_stage(
        centre_id=scene.centre.pk, stage="paused", now=NOW, author=None, author_name="Claire"
    )
    booked.refresh_from_db()
    assert booked.state == "booked"
    again = actions.confirm(uid=booked.uid, who=NADIA, now=after(1))
    assert actions.cancel(uid=again.uid, now=after(2)).state == "cancelled"
