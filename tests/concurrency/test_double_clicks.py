"""The same request twice at the same time: one effect, and an answer for both."""

from datetime import time
from functools import partial
from uuid import uuid4

import pytest
from django.utils import timezone

from booking import actions, verification
from booking.errors import CodeWrong, HoldExpired, HoldNotExtendable, TooManyAttempts
from booking.models import Appointment, CallbackRequest, RateCounter
from booking.throttle import allow
from centres.actions import Edit
from centres.actions.ruling import fields_of
from centres.calendar import to_minute
from notifications.models import OutboxMessage
from tests.booking.scene import AGENT, NADIA, NOW, after, clock, open_morning, open_session
from tests.concurrency.race import at_once, refusals
from tests.factories import make_child, make_guardian, make_rule
from tests.frontend.staff.people import make_user

pytestmark = pytest.mark.django_db(transaction=True)


def test_confirmed_four_times_at_once_it_is_one_appointment_and_one_message() -> None:
    held = open_morning().hold()
    answers = at_once([partial(actions.confirm, uid=held.uid, who=NADIA, now=NOW)] * 4)
    assert {answer.pk for answer in answers} == {held.pk}
    assert Appointment.objects.get().state == "booked"
    assert OutboxMessage.objects.count() == 1


def test_cancelled_four_times_at_once_it_is_one_cancellation() -> None:
    booked = open_morning().book()
    answers = at_once([partial(actions.cancel, uid=booked.uid, now=NOW)] * 4)
    assert {(answer.state, answer.sequence) for answer in answers} == {("cancelled", 1)}


def test_moved_and_cancelled_at_once_it_ends_in_one_of_both() -> None:
    scene = open_morning()
    booked = scene.book("09:00")
    held = scene.hold("10:00", moving=booked.uid)
    answers = at_once(
        [
            partial(actions.move, uid=booked.uid, hold_uid=held.uid, now=NOW),
            partial(actions.cancel, uid=booked.uid, now=NOW),
        ]
    )
    booked.refresh_from_db()
    # Moved then cancelled, or cancelled and the move refused: never moved after the end.
    assert booked.state == "cancelled" or len(refusals(answers)) == 1
    scene.shift.refresh_from_db()
    assert len(scene.shift.busy) == (0 if booked.state == "cancelled" else 2)


def test_extended_twice_at_once_it_is_extended_once() -> None:
    held = open_morning().hold()
    answers = at_once([partial(actions.extend_hold, uid=held.uid, now=after(5))] * 2)
    assert [type(refusal) for refusal in refusals(answers)] == [HoldNotExtendable]


def test_confirmed_on_the_last_second_while_another_takes_it() -> None:
    scene = open_morning()
    held = scene.hold()
    answers = at_once(
        [
            partial(actions.confirm, uid=held.uid, who=NADIA, now=after(14)),
            partial(scene.hold, now=after(15)),
        ]
    )
    assert len(refusals(answers)) == 1
    live = Appointment.objects.exclude(state__in=["lapsed", "cancelled"])
    assert live.count() == 1
    assert isinstance(answers[0], HoldExpired) == (live.get().pk != held.pk)


def test_ten_guesses_at_once_are_ten_tries() -> None:
    sent = verification.send_code(purpose="access", contact=NADIA.email, language="fr", now=NOW)
    code = OutboxMessage.objects.get().context["code"]
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    answers = at_once([partial(verification.check_code, uid=sent.uid, code=wrong, now=NOW)] * 10)
    kinds = [type(refusal) for refusal in refusals(answers)]
    assert kinds.count(CodeWrong) == 5
    assert kinds.count(TooManyAttempts) == 5


def test_tries_at_once_are_all_counted() -> None:
    count = partial(allow, key="one", limit=7, seconds=60, now=NOW)
    assert sorted(at_once([count] * 8)) == [False, *[True] * 7]
    assert RateCounter.objects.get().count == 8


def test_a_call_back_asked_for_twice_at_once_is_one_request() -> None:
    scene = open_morning()
    ask = partial(
        actions.request_callback,
        centre_id=scene.centre.pk,
        type_id=scene.kind.pk,
        first_name="Nadia",
        last_name="Benali",
        phone="+33612345678",
        now=NOW,
    )
    assert len({answer.pk for answer in at_once([ask] * 4)}) == 1
    assert CallbackRequest.objects.count() == 1


@pytest.mark.parametrize("seats", [1, 6])
def test_siblings_booked_four_times_at_once_are_booked_once(seats: int) -> None:
    """Each one after the other, or side by side in a session."""
    fields = {"audience": "child", "age_max_months": 72}
    scene = open_session(seats=seats, **fields) if seats > 1 else open_morning(**fields)
    guardian = make_guardian(phone="", email="")
    children = [make_child(guardian, first_name=name) for name in ("Inès", "Malo")]
    press = partial(
        actions.book_siblings,
        guardian=guardian,
        children=children,
        kind=scene.kind,
        centre=scene.centre,
        start=to_minute(clock("09:00")),
        now=NOW,
        actor=AGENT,
    )
    answers = at_once([press] * 4)
    assert refusals(answers) == []
    assert {tuple(each.pk for each in booked) for booked in answers} == {
        tuple(Appointment.objects.order_by("pk").values_list("pk", flat=True))
    }
    assert Appointment.objects.count() == 2


def test_a_sheet_taken_back_twice_at_once_is_taken_back_once() -> None:
    scene = open_morning()
    author = make_user("maelle@example.org")
    rule = make_rule(site=scene.shift.site, types=[scene.kind], valid_from=NOW.date())
    wanted = {**fields_of(rule), "opens": time(10)}
    now = timezone.now()
    values = {"author": author, "now": now, "today": timezone.localdate(now)}
    uid = uuid4()
    edits = [Edit(wanted, rule.pk)]  # type: ignore[arg-type]  a dict of the same names
    actions.import_rules(edits=edits, centre=scene.centre, uid=uid, **values)
    answers = at_once([partial(actions.undo_import, uid=uid, **values)] * 3)
    assert refusals(answers) == []
    assert rule.changes.filter(action="undo").count() == 1
