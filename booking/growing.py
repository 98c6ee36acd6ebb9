"""When a child is usually seen next, by its age alone (pure).

It says what is usual at an age, never what this child has or has not had: nobody here knows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, timedelta
from typing import Any, NamedTuple

from booking.rules import first_day_of_age

# So near to the age of a vaccine, an examination is usually a doctor's.
NEAR_VACCINE = timedelta(days=14)
# What a professional decided is made, or out of date, so long after (and before) its day.
KEPT_AFTER = timedelta(days=60)
MADE_BEFORE = timedelta(days=14)


class Exam(NamedTuple):
    """Days are of age: from `first_day` until the day before `until_day`, usually `usual_day`.
    `subject` is what a reader knows it by; nothing here looks into it."""

    first_day: int
    until_day: int
    usual_day: int
    subject: Any = None


class Seen(NamedTuple):
    """A day on which the child was seen, or will be; whether by a doctor."""

    on: date
    by_doctor: bool = True


class Decision(NamedTuple):
    """The day a professional decided, and the day on which it was said."""

    on: date
    said_on: date


class Next(NamedTuple):
    """The next examination and its days, `last` included; `around` is the day to look near."""

    exam: Exam | None
    first: date
    around: date
    last: date
    needs_doctor: bool
    # A professional said so: no table did.
    is_decided: bool = False


def next_exam(
    exams: Iterable[Exam],
    vaccine_months: Collection[int],
    *,
    born_on: date,
    today: date,
    seen: Collection[Seen] = (),
) -> Next | None:
    """The first examination whose days are not over and hold no visit yet; None after the last.

    A doctor is needed when a vaccine's age falls within two weeks of its days up to `around`; a
    nurse's visit does then not count as the visit of those days.
    """
    vaccines = [first_day_of_age(born_on, months) for months in vaccine_months]
    for exam in sorted(exams, key=lambda each: (each.until_day, each.first_day)):
        found = _days(exam, vaccines, born_on=born_on, today=today)
        if found.last >= today and not any(_is_made(found, visit) for visit in seen):
            return found
    return None


def look_from(found: Next, *, today: date) -> date:
    """The first day on which to look for a time: a week before, but within its days."""
    return max(found.first, found.around - timedelta(days=7), today)


def _days(exam: Exam, vaccines: Collection[date], *, born_on: date, today: date) -> Next:
    first, usual, last = (
        born_on + timedelta(days=days)
        for days in (exam.first_day, exam.usual_day, exam.until_day - 1)
    )
    around = min(max(usual, today), last)
    needs_doctor = any(first - NEAR_VACCINE <= day <= around + NEAR_VACCINE for day in vaccines)
    return Next(exam, first, around, last, needs_doctor)


def _is_made(found: Next, visit: Seen) -> bool:
    is_right = visit.by_doctor or not found.needs_doctor
    return is_right and found.first <= visit.on <= found.last


def decided(decision: Decision, *, today: date, seen: Collection[Seen] = ()) -> Next | None:
    """What a professional decided, as long as it stands: no visit near that day yet (the one at
    which it was decided is none), and the day not long over. It is theirs to say with whom."""
    on, said_on = decision
    is_made = any(visit.on > said_on and visit.on >= on - MADE_BEFORE for visit in seen)
    if is_made or today > on + KEPT_AFTER:
        return None
    return Next(None, on, max(on, today), on + KEPT_AFTER, needs_doctor=False, is_decided=True)
