"""An open board shows anew whom its centre has to phone: its version tells of that too, cheaply."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from booking import actions, daybook
from booking.models import CallbackRequest, WaitingListOffer
from centres.models import Centre
from notifications import handling
from notifications.models import OutboxMessage
from tests.booking.scene import AGENT, NOW, TUESDAY, after
from tests.booking.test_desk import asked, lost, reply_to, visit
from tests.booking.waiting_room import give_back, tend, waiting_centre
from tests.factories import make_centre
from tests.notifications.messages import LEAVE_MANY, make_unsure

pytestmark = pytest.mark.django_db


@pytest.fixture
def centre() -> Centre:
    return make_centre()


def now_version(centre: Centre, *, days: float = 0) -> str:
    span = daybook.span_of(centre, timezone.localdate())
    return daybook.version(span, now=timezone.now() + timedelta(days=days))


def promise(centre: Centre) -> None:
    asked(centre)


def keep(centre: Centre) -> None:
    request = CallbackRequest.objects.get(centre=centre)
    actions.close_callback(
        uid=request.uid, outcome="answered", note="", actor=AGENT, now=timezone.now()
    )


def lose(centre: Centre) -> None:
    lost(visit(centre))


def tell(centre: Centre) -> None:
    message = OutboxMessage.objects.get(scope=centre.slug)
    handling.tell(pk=message.pk, by="claire", now=timezone.now())


def answer(centre: Centre) -> None:
    reply_to(visit(centre))


CHANGES: dict[str, tuple[Callable[[Centre], None], ...]] = {
    "a call promised for today": (promise,),
    "a promise kept": (promise, keep),
    "a message lost": (lose,),
    "a family told by telephone": (lose, tell),
    "a reply to read": (answer,),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_changes_whom_to_phone_makes_another_version(centre: Centre, change: str) -> None:
    *earlier, last = CHANGES[change]
    for each in earlier:
        each(centre)
    before = now_version(centre)
    assert now_version(centre) == before
    last(centre)
    assert now_version(centre) != before


def test_a_promise_falls_due_with_its_day(centre: Centre) -> None:
    before = now_version(centre)
    asked(centre, days=1)
    assert now_version(centre) == before
    assert now_version(centre, days=1) != before


def test_a_message_becomes_a_call_when_it_has_been_uncertain_for_long(centre: Centre) -> None:
    before = now_version(centre)
    make_unsure(since=timezone.now(), scope=centre.slug)
    assert now_version(centre) == before
    assert now_version(centre, days=0.1) != before


def test_a_time_held_for_a_family_is_watched_until_it_ends() -> None:
    room = waiting_centre()
    room.wait(1)
    centre = room.near.centre
    span = daybook.span_of(centre, TUESDAY)
    before = daybook.version(span, now=NOW)
    give_back(room, now=after(10))
    tend(after(11))
    (offer,) = WaitingListOffer.objects.filter(centre=centre)
    assert daybook.version(span, now=after(12)) != before
    assert daybook.version(span, now=offer.answer_by) == before


def test_another_centre_s_calls_leave_it_as_it_is(
    centre: Centre, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    before = now_version(centre)
    elsewhere = make_centre()
    for change in (promise, lose, answer):
        change(elsewhere)
    make_unsure(since=timezone.now() - timedelta(hours=1), scope=elsewhere.slug)
    with django_assert_num_queries(1):
        assert now_version(centre) == before


def test_it_reads_none_of_all_that_was_sent(centre: Centre) -> None:
    for change in (promise, lose, answer):
        change(centre)
    now = timezone.now()
    span = daybook.span_of(centre, timezone.localdate())
    with connection.cursor() as cursor:
        cursor.execute(LEAVE_MANY)
        cursor.execute("ANALYZE notifications_outboxmessage")
        cursor.execute(f"EXPLAIN ANALYZE {daybook.VERSION}", daybook.asked(span, now=now))
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Seq Scan on notifications_outboxmessage" not in plan, plan
    assert "Index Scan using message_lost" in plan, plan
