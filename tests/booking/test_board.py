"""The board of a day: what stands in which row, in which order, and what is counted."""

from __future__ import annotations

from typing import Any

import pytest

from booking.board import (
    BEFORE,
    Board,
    Entry,
    HalfDay,
    Kind,
    Visit,
    build,
    waiting_since,
)

NINE, NOON = 540, 720
DOCTOR, NURSE = 1, 2
MORNING = HalfDay(10, DOCTOR, NINE, NOON)


def visit(starts: int = NINE, *, minutes: int = 30, number: int = 1, **fields: Any) -> Visit:
    details: dict[str, Any] = {
        "practitioner": DOCTOR,
        "shift": MORNING.id,
        "state": "booked",
        "ends": starts + minutes,
        "busy_from": starts,
        "busy_until": starts + minutes,
    }
    return Visit(number, starts=starts, **details | fields)


def drawn(
    *visits: Visit, now: int = 0, half_day: HalfDay = MORNING, is_today: bool = True
) -> Board:
    return build([half_day], visits, now=now, is_today=is_today)


def entries(board: Board) -> list[Entry]:
    return [entry for column in board.columns for block in column.blocks for entry in block.entries]


def rows(board: Board) -> list[tuple[str, int, int]]:
    return [(entry.kind.value, entry.starts, entry.ends) for entry in entries(board)]


def test_what_no_visit_takes_is_free_and_buffers_are_not() -> None:
    board = drawn(visit(570, busy_from=568, busy_until=610), visit(613, number=2))
    assert rows(board) == [
        ("now", 0, 0),
        ("free", 540, 568),
        ("visit", 570, 600),
        ("visit", 613, 643),
        ("free", 643, 720),
    ]


def test_closed_hours_are_told_and_are_not_free() -> None:
    board = drawn(half_day=MORNING._replace(closed=[600, 720]), is_today=False)
    assert rows(board) == [("free", 540, 600), ("closed", 600, 720)]


def test_what_is_closed_longer_is_told_within_the_half_day_alone() -> None:
    whole_day = MORNING._replace(closed=[0, 1440, 2880, 4320])
    assert rows(drawn(half_day=whole_day, is_today=False)) == [("closed", NINE, NOON)]
    before = MORNING._replace(closed=[0, NINE])
    assert rows(drawn(half_day=before, is_today=False)) == [("free", NINE, NOON)]


def test_a_hold_takes_its_time_until_it_ends() -> None:
    held = visit(state="held", until=555)
    assert rows(drawn(held, now=554, is_today=False))[0] == ("hold", 540, 570)
    assert rows(drawn(held, now=555, is_today=False)) == [("free", 540, 720)]


def test_a_time_given_back_is_shown_until_it_is_offered_again() -> None:
    cancelled = visit(state="cancelled", until=600)
    board = drawn(cancelled, now=590, is_today=False)
    assert rows(board)[0] == ("reoffer", 540, 570)
    assert board.cancelled == [cancelled]
    later = drawn(cancelled, now=600, is_today=False)
    assert rows(later) == [("free", 540, 720)]
    assert later.cancelled == [cancelled]


def test_free_times_that_are_over_are_left_out_today_only() -> None:
    booked = visit(600)
    assert ("free", 540, 600) not in rows(drawn(booked, now=605))
    assert ("free", 540, 600) in rows(drawn(booked, now=605, is_today=False))


@pytest.mark.parametrize(
    ("now", "place"), [(500, 0), (NINE, 1), (575, 1), (600, 2), (719, 2), (NOON, None)]
)
def test_the_time_it_is_stands_before_what_is_still_to_come(now: int, place: int | None) -> None:
    board = drawn(visit(540, minutes=60), visit(600, minutes=120, number=2), now=now)
    kinds = [entry.kind for entry in entries(board)]
    assert (kinds.index(Kind.NOW) if Kind.NOW in kinds else None) == place


def test_the_time_it_is_stands_once_a_column_in_the_first_half_day_not_over() -> None:
    afternoon = HalfDay(11, DOCTOR, 840, 1020)
    board = build([MORNING, afternoon], [], now=800, is_today=True)
    morning, after = board.columns[0].blocks
    assert [entry.kind for entry in morning.entries] == []
    assert [entry.kind for entry in after.entries] == [Kind.NOW, Kind.FREE]
    elsewhere = build([MORNING, afternoon], [], now=800, is_today=False)
    assert Kind.NOW not in [entry.kind for entry in entries(elsewhere)]


def test_a_session_shows_its_seats_and_a_hold_takes_one() -> None:
    session = MORNING._replace(seats=4)
    held = visit(number=2, state="held", until=999)
    gone = visit(number=3, state="cancelled", until=999)
    block = drawn(visit(), held, gone, half_day=session).columns[0].blocks[0]
    assert (block.taken, block.left) == (2, 2)
    assert [entry.kind for entry in block.entries] == [Kind.NOW, Kind.VISIT, Kind.HOLD]
    closed = drawn(visit(), half_day=session._replace(closed=[540, 600])).columns[0].blocks[0]
    assert (closed.taken, closed.left) == (1, 0)


def test_a_walk_in_session_is_open_but_where_it_is_closed() -> None:
    walk_in = MORNING._replace(is_walk_in=True, seats=20, closed=[600, 660])
    assert rows(drawn(half_day=walk_in, is_today=False)) == [
        ("open", 540, 600),
        ("closed", 600, 660),
        ("open", 660, 720),
    ]


def test_a_walk_in_session_tells_who_came_and_who_waits() -> None:
    walk_in = MORNING._replace(is_walk_in=True, takes_walk_ins=True, counted=4)
    states = ["arrived", "in_progress", "fulfilled", "cancelled"]
    came = [
        visit(540, number=number, state=state, is_walk_in=True, is_overbooked=True)
        for number, state in enumerate(states)
    ]
    board = drawn(*came, half_day=walk_in)
    block = board.columns[0].blocks[0]
    assert (block.came, block.waiting) == (7, 1)
    assert board.counts.fulfilled == 5, "who was counted has come"
    assert board.cancelled == [], "who was noted by mistake was never to come"


def test_among_appointments_only_those_without_are_counted_at_the_door() -> None:
    mixed = MORNING._replace(takes_walk_ins=True)
    walk_in = visit(600, number=2, state="arrived", is_walk_in=True)
    block = drawn(visit(), walk_in, half_day=mixed).columns[0].blocks[0]
    assert (block.came, block.waiting) == (1, 1)


def test_what_its_half_day_no_longer_receives_is_marked() -> None:
    for half_day in (
        MORNING._replace(is_cancelled=True),
        MORNING._replace(starts=555),
        MORNING._replace(ends=560),
        MORNING._replace(closed=[550, 720]),
    ):
        (found,) = [each for each in entries(drawn(visit(), half_day=half_day)) if each.visit]
        assert found.is_outside
        (met,) = [
            each
            for each in entries(drawn(visit(state="fulfilled"), half_day=half_day))
            if each.visit
        ]
        assert not met.is_outside


def test_a_visit_whose_half_day_is_elsewhere_is_not_lost() -> None:
    board = build(
        [MORNING], [visit(shift=99), visit(practitioner=NURSE, number=2)], now=0, is_today=False
    )
    assert [column.practitioner for column in board.columns] == [DOCTOR, NURSE]
    lost = [block for column in board.columns for block in column.blocks if not block.half_day]
    assert [entry.is_outside for block in lost for entry in block.entries] == [True, True]


def test_nothing_is_free_in_a_half_day_that_was_cancelled() -> None:
    assert rows(drawn(half_day=MORNING._replace(is_cancelled=True), is_today=False)) == []


def test_a_family_is_late_five_minutes_after_its_time_until_it_comes() -> None:
    assert drawn(visit(), now=544).counts.late == 0
    assert drawn(visit(), now=545).counts.late == 1
    assert drawn(visit(state="arrived"), now=545).counts.late == 0


def test_each_state_is_counted_and_nothing_else() -> None:
    states = ["booked", "booked", "arrived", "in_progress", "fulfilled", "noshow", "cancelled"]
    visits = [
        visit(540 + 10 * number, minutes=10, number=number, state=state)
        for number, state in enumerate([*states, "held"])
    ]
    assert drawn(*visits, now=0).counts == (2, 0, 1, 1, 1, 1)


@pytest.mark.parametrize(
    ("history", "since"),
    [
        ([], None),
        ([("booked", 1), ("arrived", 5)], 5),
        ([("booked", 1), ("arrived", 5), ("in_progress", 7), ("arrived", 8)], 5),
        ([("booked", 1), ("arrived", 5), ("booked", 6), ("arrived", 9)], 9),
        ([("booked", 1), ("noshow", 5), ("arrived", 9)], 9),
    ],
)
def test_a_family_waits_since_it_came(history: list[tuple[str, int]], since: int | None) -> None:
    assert waiting_since(history) == since


def test_waiting_is_counted_in_minutes_and_never_below_none() -> None:
    arrived = visit(state="arrived", since=535)
    assert [each.waited for each in entries(drawn(arrived, now=550)) if each.visit] == [15]
    assert [each.waited for each in entries(drawn(arrived, now=530)) if each.visit] == [0]


def test_undoing_goes_one_step_back_until_nothing_is_noted() -> None:
    state, steps = "fulfilled", 0
    while state in BEFORE:
        state, steps = BEFORE[state], steps + 1
    assert (state, steps) == ("booked", 3)
    assert BEFORE["noshow"] == "booked"
