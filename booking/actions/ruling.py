"""Opening rules as managers change them: saved as they were seen in a trial, and undone."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import NamedTuple

from django.db import transaction

from booking import announcing
from booking.actions.trying import is_as_seen
from booking.errors import NotAsSeen
from booking.models import Appointment
from centres import actions as opening
from centres.actions.ruling import Edit, Saved
from centres.models import OpeningRule, Shift, User

# What a page says of an appointment.
NAMED = ("type", "centre", "site", "practitioner", "guardian", "child", "household")


class Outcome(NamedTuple):
    """What becomes of half-days and appointments. `outside`: appointments that no half-day of
    theirs receives any more, soonest first; `before`: those (ids) of whom this was true already.
    `back`: those that were left to a call for that, and have their place again. `others` are the
    half-days in the way of those that could not be made, by id."""

    saved: Saved
    outside: list[Appointment]
    before: frozenset[int]
    back: list[Appointment]
    others: dict[int, Shift]
    rules: dict[int, OpeningRule]

    @property
    def left_out(self) -> list[Appointment]:
        """Those that the change itself leaves outside."""
        return [each for each in self.outside if each.pk not in self.before]

    @property
    def tokens(self) -> list[str]:
        """One text for each thing that happens: what was seen is compared with what would be."""
        said = [each.sentence_key for each in self.saved.differences]
        said += [f"out:{each.pk}" for each in self.left_out]
        said += [f"back:{each.pk}" for each in self.back]
        said += [f"clash:{each.on}:{self.clash_at(each.other)}" for each in self.clashes]
        said += [f"crowded:{pk}" for pk in self.saved.expansion.crowded]
        return sorted(token(each) for each in said)

    @property
    def clashes(self) -> list[opening.Clash]:
        return self.saved.expansion.clashes

    def clash_at(self, pk: int) -> str:
        other = self.others[pk]
        return f"{other.practitioner_id}:{other.starts_at.timestamp()}"


def token(said: str) -> str:
    """Short enough to be carried by a form, a hundred at a time."""
    return hashlib.sha256(said.encode()).hexdigest()[:8]


@transaction.atomic
def save_rules(
    *,
    edits: Sequence[Edit],
    centre_id: int,
    author: User,
    now: datetime,
    today: date,
    seen: Collection[str] | None = None,
) -> Outcome:
    """Write opening rules and let their half-days follow, all or nothing. Families that are left
    outside are to be phoned, and are not reminded, until their half-days receive them again. With
    the tokens `seen` in a trial, or their summary, only if all of it is still so: raises NotAsSeen,
    with the new outcome, and whatever centres' action raises."""
    saved = opening.save_rules(
        edits=edits, centre_id=centre_id, author=author, now=now, today=today
    )
    outcome = _outcome(saved, now=now)
    if not is_as_seen(outcome.tokens, seen):
        raise NotAsSeen(outcome=outcome)
    _leave_to_calls(outcome, author, now=now)
    return outcome


@transaction.atomic
def undo_rule(*, change_id: int, author: User, now: datetime, today: date) -> Outcome:
    """Take the last decision on a rule back. Raises RuleChanged when another was taken since, and
    NotAsSeen when families who booked in the meantime would be left outside."""
    outcome = undo_rules(change_ids=[change_id], author=author, now=now, today=today)
    if outcome.left_out:
        raise NotAsSeen(outcome=outcome)
    return outcome


@transaction.atomic
def undo_rules(*, change_ids: Sequence[int], author: User, now: datetime, today: date) -> Outcome:
    """The same of several rules, all or none; whoever is left outside is told by the outcome, and
    is to be phoned."""
    saved = opening.undo_rules(change_ids=change_ids, author=author, now=now, today=today)
    outcome = _outcome(saved, now=now)
    _leave_to_calls(outcome, author, now=now)
    return outcome


def _leave_to_calls(outcome: Outcome, author: User, *, now: datetime) -> None:
    """Who has lost its place is to be phoned, who has it again is not any more (ADR 0036)."""
    decided = [each.pk for each in outcome.saved.decisions]
    decision = f"r{max(decided)}" if decided else f"t{now.timestamp():.0f}"
    if outcome.left_out:
        announcing.called_off(outcome.left_out, decision=decision, now=now)
    if outcome.back:
        announcing.called_on(outcome.back, decision=decision, by=author.email, now=now)


def _outcome(saved: Saved, *, now: datetime) -> Outcome:
    """Read while it stands: after a trial nothing of it is left to read. Five queries."""
    there = Appointment.objects.filter(shift__in=saved.shift_ids, ends_at__gt=now)
    in_order = there.select_related(*NAMED, "shift").order_by("starts_at", "pk")
    outside = list(in_order.outside())
    called_off = announcing.are_called_off(in_order.filter(state=Appointment.State.BOOKED))
    clashes = saved.expansion.clashes
    others = Shift.objects.select_related("practitioner", "site", "centre")
    rules = OpeningRule.objects.select_related("practitioner", "site").prefetch_related("types")
    return Outcome(
        saved,
        outside,
        frozenset(each.pk for each in outside if not _was_received(each, saved)),
        [each for each in called_off if each.is_received and not _was_received(each, saved)],
        others.in_bulk({clash.other for clash in clashes} | set(saved.expansion.crowded)),
        rules.in_bulk({clash.rule for clash in clashes}),
    )


def _was_received(appointment: Appointment, saved: Saved) -> bool:
    """Whether its half-day, as it was before the change, received it."""
    shift = saved.before.get(appointment.shift_id)
    if shift is None or not shift.is_open:
        return False
    is_there = (appointment.practitioner_id, appointment.site_id) == (
        shift.practitioner,
        shift.site,
    )
    hours = (shift.starts_at, shift.ends_at)
    if appointment.is_overbooked:
        return is_there and hours[0] <= appointment.starts_at and appointment.ends_at <= hours[1]
    if appointment.seat:
        return is_there and (appointment.busy_from, appointment.busy_until) == hours
    return is_there and hours[0] <= appointment.busy_from and appointment.busy_until <= hours[1]
