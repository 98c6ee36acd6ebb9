"""An arrival at an open session put right: only what is asked of who comes there is asked."""

from __future__ import annotations

from datetime import date

import pytest

from booking.errors import AlreadyBookedThen, NotOffered, PersonBookedThen, TypeNotBookable
from booking.models import Appointment
from tests.booking.scene import Scene, clock, open_morning
from tests.booking.test_amend import amend, other_type, twin_of
from tests.booking.test_arriving import WALK_IN, note, scene
from tests.factories import make_type

__all__ = ["scene"]
pytestmark = pytest.mark.django_db


def test_who_came_without_an_appointment_gets_none_beyond_every_limit(scene: Scene) -> None:
    (visit,) = note(scene)
    with pytest.raises(TypeNotBookable):
        amend(visit, other_type(scene, overbook_max=9), now=clock("09:45"))
    with pytest.raises(NotOffered):
        amend(visit, make_type(booking=WALK_IN), now=clock("09:45"))
    assert Appointment.objects.get(pk=visit.pk).type == scene.kind


def test_it_becomes_another_thing_the_session_is_open_for(scene: Scene) -> None:
    (visit,) = note(scene, "11:50")
    talk = other_type(scene, booking=WALK_IN, duration_min=45, overbook_max=0)
    assert amend(visit, talk, now=clock("11:55")).ends_at == clock("12:00")


def test_no_age_is_asked_of_the_other_child_either() -> None:
    scene = open_morning(booking=WALK_IN, duration_min=15, age_max_months=12)
    (visit,) = note(scene)
    older = twin_of(visit, born_on=date(2019, 1, 1))
    assert amend(visit, child=older, now=clock("09:45")).child == older


def test_a_child_that_is_there_already_is_not_there_twice(scene: Scene) -> None:
    (visit,) = note(scene)
    twin = twin_of(visit)
    assert visit.guardian
    note(scene, guardian=visit.guardian, children=[twin])
    with pytest.raises(AlreadyBookedThen):
        amend(visit, child=twin, now=clock("09:45"))


def test_nor_is_a_parent(scene: Scene) -> None:
    (visit,) = note(scene)
    talk = other_type(scene, booking=WALK_IN, audience="adult")
    assert visit.guardian
    note(scene, guardian=visit.guardian, kind_id=talk.pk, children=[])
    with pytest.raises(PersonBookedThen):
        amend(visit, talk, now=clock("09:45"))
