"""How many statements each action and each search takes, and which: one more is a decision."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from booking import actions, policy, queries
from booking.loading import load_appointments, load_hold
from booking.models import Appointment
from booking.rules import agent_window
from centres.models import Shift
from notifications.models import OutboxMessage
from tests.booking.scene import AGENT, NADIA, NOW, Scene, after, clock, open_morning, parent
from tests.factories import make_appointment, make_centre, make_shift, make_site
from tests.messages import become

pytestmark = pytest.mark.django_db


class Statements(CaptureQueriesContext):
    """The statements of one action, without the savepoints that only a test's transaction needs."""

    def __init__(self) -> None:
        super().__init__(connection)

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        texts = [query["sql"].strip() for query in self.captured_queries]
        self.real = [text for text in texts if not text.startswith(("SAVEPOINT", "RELEASE"))]


@pytest.fixture(autouse=True)
def _reminders_as_a_departement_has_them() -> None:
    """Read before: a process asks for them twice a minute, not at each booking."""
    actions.load_default_rules(now=NOW)
    policy.current(now=NOW)


def load(appointment: Appointment) -> Appointment:
    return load_appointments([appointment.uid])[appointment.uid]


def in_full(statements: list[str]) -> str:
    return "\n\n".join(statements)


def test_a_hold_takes_two_statements() -> None:
    scene = open_morning()
    with Statements() as done:
        scene.hold()
    # The shifts that could take the start, with what blocks them; INSERT, locking the chosen one.
    assert len(done.real) == 2, in_full(done.real)


def test_a_hold_that_clears_an_expired_one_and_releases_another_takes_three() -> None:
    scene = open_morning()
    scene.hold("09:00", now=clock("07:24"))
    mine = scene.hold("10:00", now=clock("07:30"))
    with Statements() as done:
        scene.hold("09:00", now=clock("07:40"), releasing=mine.uid)
    # As above, the caller's former hold given back on the way; UPDATE of what has lapsed.
    assert len(done.real) == 3, in_full(done.real)


def test_a_known_familys_confirmation_takes_ten_statements() -> None:
    scene = open_morning()
    scene.book("09:00")
    held = load(scene.hold("10:00"))
    with Statements() as done:
        actions.confirm(uid=held.uid, who=NADIA, now=NOW, seen=held)
    # The address, the shift and the appointment, locked; a new family's, unless it is known; its
    # guardians; how many appointments they have ahead; the household's children of that birth
    # date; the tie of guardian and child; whether the child is free; UPDATE; the household's day,
    # locked; the messages. (The reminders of an earlier visit that day would stay as they are.)
    assert len(done.real) == 10, in_full(done.real)


def test_a_new_familys_confirmation_takes_one_statement() -> None:
    seen = load_hold(open_morning().hold().uid)
    with Statements() as done:
        actions.confirm(uid=seen.uid, who=NADIA, now=NOW, seen=seen)
    # The locks, the family with its appointment, all its messages.
    assert len(done.real) == 1, in_full(done.real)
    assert OutboxMessage.objects.count() == 2  # the confirmation and the morning itself


def test_by_an_agent_a_new_familys_confirmation_takes_three_statements() -> None:
    scene = open_morning()
    held = load(scene.hold())
    with Statements() as done:
        actions.confirm(uid=held.uid, who=NADIA, now=NOW, seen=held, actor=AGENT)
    # The address, the shift and the appointment, locked; the family with its appointment; all its
    # messages.
    assert len(done.real) == 3, in_full(done.real)
    assert OutboxMessage.objects.count() == 2  # the confirmation and the morning itself


def test_the_hold_to_confirm_is_read_by_one_statement() -> None:
    held = open_morning().hold()
    load_hold(held.uid)  # its type and its centre are remembered from now on
    with Statements() as done:
        seen = load_hold(held.uid)
        assert seen is not None
        assert (seen.type, seen.centre, seen.shift.status) == (held.type, held.centre, "open")
    assert len(done.real) == 1, in_full(done.real)


def test_an_appointment_that_was_not_seen_takes_one_statement_more() -> None:
    scene = open_morning()
    held = scene.hold()
    with Statements() as done:
        actions.confirm(uid=held.uid, who=NADIA, now=NOW)
    # As above; after the locks, the appointment with all that it names.
    assert len(done.real) == 4, in_full(done.real)


def test_a_move_takes_eight_statements() -> None:
    scene = open_morning()
    booked = scene.book("09:00")
    held = scene.hold("10:00", moving=booked.uid)
    with Statements() as done:
        actions.move(uid=booked.uid, hold_uid=held.uid, now=NOW)
    # Both shifts and appointments, locked; both with all they name; whether the child is free;
    # UPDATE of the hold; UPDATE of the appointment; the household's days, locked; what is not true
    # any more withdrawn; the messages.
    assert len(done.real) == 8, in_full(done.real)


def test_a_cancellation_takes_six_statements() -> None:
    booked = open_morning().book()
    become("sent", kind="confirmation")
    with Statements() as done:
        actions.cancel(uid=booked.uid, now=NOW)
    # The shift and the appointment, locked; all it names; UPDATE; the household's day, locked;
    # unsent messages withdrawn; the message.
    assert len(done.real) == 6, in_full(done.real)


@pytest.mark.parametrize("rows", [1, 10])
def test_calling_off_takes_six_statements_however_many(rows: int) -> None:
    scene = open_morning(hours=6)
    booked = [
        scene.book(f"{9 + number // 2:02}:{number % 2 * 3}0", who=parent(number))
        for number in range(rows)
    ]
    with Statements() as done:
        actions.cancel_for_centre(
            appointment_ids=[each.pk for each in booked], now=NOW, actor=AGENT
        )
    # The shifts, locked; UPDATE; all that is named; the households' days, locked; unsent messages
    # withdrawn; the messages.
    assert len(done.real) == 6, in_full(done.real)
    assert OutboxMessage.objects.filter(kind="closed").count() == rows


@pytest.mark.parametrize("rows", [1, 10])
def test_a_search_is_one_query_at_any_size(django_assert_num_queries: Any, rows: int) -> None:
    scene = busy_centre(rows)
    with django_assert_num_queries(1):  # shifts of the type, with what blocks them
        found = queries.search(
            kind=scene.kind, centre=scene.centre, window=agent_window(now=NOW), now=NOW
        )
    assert len({slot.practitioner for slot in found}) == rows


@pytest.mark.parametrize("rows", [1, 10])
def test_the_next_free_slot_of_all_centres_is_one_query(
    django_assert_num_queries: Any, rows: int
) -> None:
    scene = open_morning()
    centres = [make_centre() for _ in range(rows)]
    for centre in centres:
        make_shift(starts_at=clock("09:00"), site=make_site(centre), types=[scene.kind])
    windows = {centre.pk: agent_window(now=NOW) for centre in centres}
    with django_assert_num_queries(1):  # the first shift with a free time of each centre
        found = queries.next_free(kind=scene.kind, windows=windows, now=NOW)
    assert set(found) == {centre.pk for centre in centres}


@pytest.mark.parametrize("seats", [1, 3])
@pytest.mark.parametrize("half_days", [1, 10, 60])
def test_it_stays_one_query_where_only_the_agents_reserve_is_left(
    django_assert_num_queries: Any, half_days: int, seats: int
) -> None:
    scene = open_morning(hours=1)
    Shift.objects.all().delete()
    for day in range(half_days):
        scene.another_doctor(
            starts_at=after(days=1 + day), hours=1, seats=seats, agent_reserve=max(2, seats)
        )
    windows = {scene.centre.pk: agent_window(now=NOW)}
    with django_assert_num_queries(1):
        assert queries.next_free(kind=scene.kind, windows=windows, now=NOW) == {}
    last = scene.another_doctor(starts_at=after(days=80))
    with django_assert_num_queries(1):
        found = queries.next_free(kind=scene.kind, windows=windows, now=NOW)
    assert found[scene.centre.pk].shift == last.pk


def busy_centre(practitioners: int) -> Scene:
    """Each practitioner has one morning with a booking, a hold and a cancelled time."""
    scene = open_morning()
    shifts = [scene.shift, *(scene.another_doctor() for _ in range(practitioners - 1))]
    for shift in shifts:
        make_appointment(shift, starts_at=clock("09:00"))
        make_appointment(shift, starts_at=clock("09:30"), state="held", expires_at=after(9))
        make_appointment(shift, starts_at=clock("10:00"), state="cancelled", reoffer_at=after(9))
    return scene
