"""A type at a centre is remembered by a process, and counts only while nobody has changed it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from booking import actions, offers
from booking.errors import CentreNotOpen, Refusal, TooSoon, TypeNotBookable
from booking.models import Appointment
from booking.offers import Offer
from centres.calendar import to_minute
from centres.models import AppointmentType, Centre
from centres.rollout import Stage
from tests.booking.scene import NOW, Scene, clock, open_morning

pytestmark = pytest.mark.django_db


def found(scene: Scene) -> Offer:
    offer = offers.find(type_slug=scene.kind.slug, centre_slug=scene.centre.slug)
    assert offer is not None
    return offer


def remembered(scene: Scene) -> Offer:
    """The second time a process is asked for it."""
    found(scene)
    offer = found(scene)
    assert offer.kind.offer_version == offer.version
    return offer


def hold(offer: Offer) -> Appointment:
    start = to_minute(clock("09:00"))
    return actions.hold(kind=offer.kind, centre=offer.centre, start=start, now=NOW)


def pause(scene: Scene) -> None:
    Centre.objects.filter(pk=scene.centre.pk).update(stage=Stage.PAUSED)


def take_off_line(scene: Scene) -> None:
    AppointmentType.objects.filter(pk=scene.kind.pk).update(is_active=False)


def ask_for_two_days(scene: Scene) -> None:
    AppointmentType.objects.filter(pk=scene.kind.pk).update(notice_min=2 * 24 * 60)


def test_what_is_remembered_costs_no_statement_and_a_hold_still_two() -> None:
    scene = open_morning()
    found(scene)
    with CaptureQueriesContext(connection) as done:
        offer = found(scene)
    assert not done.captured_queries
    with CaptureQueriesContext(connection) as done:
        hold(offer)
    texts = [query["sql"].strip() for query in done.captured_queries]
    assert len([text for text in texts if not text.startswith(("SAVEPOINT", "RELEASE"))]) == 2


CHANGES = [
    (pause, CentreNotOpen),
    (take_off_line, TypeNotBookable),
    (ask_for_two_days, TooSoon),
]


@pytest.mark.parametrize(("change", "refusal"), CHANGES)
def test_what_somebody_has_changed_since_is_judged_as_it_is(
    change: Callable[[Scene], None], refusal: type[Refusal]
) -> None:
    scene = open_morning()
    offer = remembered(scene)
    change(scene)
    with pytest.raises(refusal):
        hold(offer)
    assert not Appointment.objects.exists()


@pytest.mark.parametrize(("change", "refusal"), CHANGES)
def test_without_its_version_what_is_remembered_would_be_believed(
    change: Callable[[Scene], None], refusal: type[Refusal]
) -> None:
    scene = open_morning()
    offer = remembered(scene)
    change(scene)
    offer.kind.offer_version = ""
    assert hold(offer).state == "held"


def test_a_centre_remembered_as_paused_may_have_opened() -> None:
    scene = open_morning()
    pause(scene)
    offer = remembered(scene)
    Centre.objects.filter(pk=scene.centre.pk).update(stage=Stage.OPEN)
    assert hold(offer).state == "held"


def test_a_refusal_that_is_still_true_stays_one() -> None:
    scene = open_morning()
    ask_for_two_days(scene)
    offer = remembered(scene)
    with pytest.raises(TooSoon):
        hold(offer)


def test_a_type_that_is_gone_cannot_be_booked() -> None:
    scene = open_morning()
    offer = remembered(scene)
    scene.shift.offers.all().delete()
    AppointmentType.objects.filter(pk=scene.kind.pk).delete()
    with pytest.raises(TypeNotBookable):
        hold(offer)


def test_a_type_made_anew_under_its_name_is_held_at_the_first_press() -> None:
    scene = open_morning()
    offer = remembered(scene)
    scene.shift.offers.all().delete()
    AppointmentType.objects.filter(pk=scene.kind.pk).delete()
    anew = open_morning(slug=scene.kind.slug, shift={"site": scene.shift.site})
    assert hold(offer).type == anew.kind


def test_a_type_that_is_not_offered_any_more_is_not_found_again() -> None:
    scene = open_morning()
    offer = remembered(scene)
    take_off_line(scene)
    with pytest.raises(TypeNotBookable):
        hold(offer)
    assert offers.find(type_slug=scene.kind.slug, centre_slug=scene.centre.slug) is None


def test_what_one_request_sets_is_not_another_s() -> None:
    scene = open_morning()
    offer = remembered(scene)
    offer.kind.label, offer.centre.name = "Autre chose", "Ailleurs"
    again = remembered(scene)
    assert (again.kind.label, again.centre.name) == (scene.kind.label, scene.centre.name)
