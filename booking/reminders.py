"""When a family is reminded of its visits of one day, on the clock of the place (pure).

The whole plan of a day depends on the visits and the rules alone, never on the hour at which it is
made: planning again, or late, changes nothing but what is past.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

from centres.calendar import wall

EMAIL, SMS = "email", "sms"
# A reminder this soon after the family was last told (it booked, or was moved) tells nothing new;
# one the same evening still helps whoever booked in the morning.
SETTLED = timedelta(hours=4)
# Two reminders by the same way this close are one too many.
APART = timedelta(hours=4)
# Who learns of it later than this cannot come any more, nor free the time for somebody else.
LEAD, LAST_USE = timedelta(hours=1), timedelta(minutes=30)
# None is planned for the last half hour: many leave at once, and none may leave after the hours.
LAST_CALL_MIN = 30


class Hours(NamedTuple):
    """The hours of a day during which a phone may ring."""

    opens: time
    closes: time

    @property
    def last(self) -> time:
        """The latest time to plan for."""
        minute = self.closes.hour * 60 + self.closes.minute - LAST_CALL_MIN
        return max(self.opens, time(*divmod(max(minute, 0), 60)))


QUIET_OUTSIDE = Hours(time(8), time(20))


def decent(own: Hours | None) -> Hours:
    """A household's own hours, as far as they are decent ones; without any, everyone's."""
    if own is None:
        return QUIET_OUTSIDE
    both = Hours(max(own.opens, QUIET_OUTSIDE.opens), min(own.closes, QUIET_OUTSIDE.closes))
    return both if both.opens < both.closes else own


def is_off(on: date, holidays: Collection[date]) -> bool:
    """Whether nobody's phone rings that day for a later one."""
    return on.weekday() == 6 or on in holidays


class Rule(NamedTuple):
    """One reminder, so many days before at a time on the clock of the place."""

    channel: str
    days_before: int
    at: time

    @property
    def step(self) -> str:
        return f"{self.channel}-{self.days_before}d-{self.at:%H%M}"


class Visit(NamedTuple):
    """One appointment of the day; `told_at` is when its family last learnt its date."""

    starts_at: datetime
    told_at: datetime
    rules: Collection[Rule]


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The visits of one household on one day.

    `ways` are the addresses it may be told at, by channel, best first; `voice` is how it is spoken
    to (language, sender); `hours` are those it chose itself; on `holidays` nobody is told ahead.
    """

    on: date
    zone: ZoneInfo
    visits: Sequence[Visit]
    ways: Mapping[str, str]
    voice: str = ""
    hours: Hours | None = None
    holidays: Collection[date] = ()

    @property
    def open_hours(self) -> Hours:
        """The household's own hours, as far as they are decent ones."""
        return decent(self.hours)

    @property
    def begins_at(self) -> datetime:
        return min(visit.starts_at for visit in self.visits)


class Reminder(NamedTuple):
    """One reminder to send. Of use until shortly before the visit, it leaves within its hours."""

    step: str
    channel: str
    recipient: str
    send_at: datetime
    valid_until: datetime
    leave_by: datetime | None = None  # the end of the hours of that day
    voice: str = ""
    others: tuple[tuple[str, str], ...] = ()  # where else it may go when this address fails


def plan(day: Day) -> list[Reminder]:
    """Every reminder of a day, past ones too, in the order they leave."""
    told: dict[Rule, datetime] = {}
    for visit in day.visits:
        for rule in visit.rules:
            told[rule] = min(visit.told_at, told.get(rule, visit.told_at))
    has_sms_rule = any(rule.channel == SMS for rule in told)
    placed = (
        _placed(day, rule, since=at + SETTLED, has_sms_rule=has_sms_rule)
        for rule, at in told.items()
    )
    found = sorted(
        (each for each in placed if each is not None),
        key=lambda each: (each.channel, each.send_at, each.step),
    )
    by_channel = groupby(found, key=lambda each: each.channel)
    kept = [reminder for _channel, several in by_channel for reminder in _apart(several)]
    return sorted(kept, key=lambda each: (each.send_at, each.step))


def _apart(reminders: Iterable[Reminder]) -> Iterator[Reminder]:
    latest: datetime | None = None
    for reminder in reminders:
        if latest is None or reminder.send_at - latest >= APART:
            latest = reminder.send_at
            yield reminder


def _placed(day: Day, rule: Rule, *, since: datetime, has_sms_rule: bool) -> Reminder | None:
    """Where a rule falls; None when it would come too early, too late or to nobody."""
    channel = _channel(day, rule, has_sms_rule=has_sms_rule)
    on, clock = _day(day, rule), _clock(day, rule.at)
    if channel and wall(on, clock, day.zone) > day.begins_at - LEAD:
        on, clock = day.on - timedelta(days=1), day.open_hours.last
        if is_off(on, day.holidays):
            channel = EMAIL if EMAIL in day.ways else ""
    if not channel:
        return None
    send_at, valid_until = wall(on, clock, day.zone), day.begins_at - LAST_USE
    # An e-mail rings nobody's phone at night, unless the family said when it may come.
    leave_by = None
    if channel == SMS or day.hours:
        leave_by = min(valid_until, wall(on, day.open_hours.closes, day.zone))
    if not since <= send_at < (leave_by or valid_until):
        return None
    recipient = day.ways[channel]
    others = tuple(way for way in day.ways.items() if way[0] != channel)
    return Reminder(
        rule.step, channel, recipient, send_at, valid_until, leave_by, day.voice, others
    )


def _channel(day: Day, rule: Rule, *, has_sms_rule: bool) -> str:
    """The way a rule wants, else the other one: but what e-mail was to say for free costs nothing
    where SMS have rules of their own."""
    if rule.channel in day.ways:
        return rule.channel
    if rule.channel == EMAIL and has_sms_rule:
        return ""
    return next(iter(day.ways), "")


def _day(day: Day, rule: Rule) -> date:
    """So many days before, or the ordinary day before that; the day itself stays."""
    on = day.on - timedelta(days=rule.days_before)
    while rule.days_before and is_off(on, day.holidays):
        on -= timedelta(days=1)
    return on


def _clock(day: Day, at: time) -> time:
    hours = day.open_hours
    return min(max(at, hours.opens), hours.last)


class Written(NamedTuple):
    """A reminder as the outbox holds it. A replacement went to another address on purpose."""

    step: str
    generation: int
    channel: str
    recipient: str
    send_at: datetime
    valid_until: datetime
    leave_by: datetime | None
    voice: str
    others: tuple[tuple[str, str], ...]
    state: str
    is_replacement: bool = False
    key: str = ""

    @property
    def is_leaving(self) -> bool:
        return self.state in {"sending", "uncertain"}

    @property
    def is_waiting(self) -> bool:
        return self.state in {"planned", "claimed"}

    @property
    def is_gone(self) -> bool:
        return self.state == "superseded"

    def goes_to(self, reminder: Reminder) -> bool:
        return self.is_replacement or (self.channel, self.recipient) == (
            reminder.channel,
            reminder.recipient,
        )

    def says(self, reminder: Reminder, *, now: datetime) -> bool:
        """Whether it waits for what the plan wants. One already due keeps its own time: it may have
        been tried, and waits to be tried again."""
        if self.valid_until != reminder.valid_until and not (
            self.is_replacement and self.valid_until < reminder.valid_until
        ):
            return False
        if self.is_replacement:
            return True
        is_same_time = reminder.send_at <= now or (self.send_at, self.leave_by) == (
            reminder.send_at,
            reminder.leave_by,
        )
        return is_same_time and (self.channel, self.recipient, self.voice, self.others) == (
            reminder.channel,
            reminder.recipient,
            reminder.voice,
            reminder.others,
        )


def _at_its_time(reminder: Reminder, rows: Iterable[Written], *, now: datetime) -> Reminder:
    """As planned; one already due leaves now, or when the one it replaces was to: that may have
    missed its hours, and waited for the next."""
    if reminder.send_at > now:
        return reminder
    former = max(rows, key=lambda row: (row.is_waiting, row.generation))
    return reminder._replace(send_at=max(former.send_at, now), leave_by=former.leave_by)


class ToWrite(NamedTuple):
    """A reminder to write, under a number no earlier one of its step bears."""

    reminder: Reminder
    generation: int


class Settlement(NamedTuple):
    """What makes the outbox say what the plan wants: all that waits withdrawn or nothing, then
    these written. What is leaving is only withdrawn if nobody wants it there any more."""

    is_withdrawn: bool
    write: Sequence[ToWrite]
    leaving: Sequence[str] = ()  # the keys of those on their way to where they are still wanted

    @property
    def is_needed(self) -> bool:
        return self.is_withdrawn or bool(self.write)


def settle(wanted: Sequence[Reminder], written: Sequence[Written], *, now: datetime) -> Settlement:
    """What to withdraw and to write for one day. What has left, or was given up, is over: it is
    never written again. What is past and was never written is not made up for. One on its way to
    an address that is not the right one any more is written anew for the right one."""
    steps: dict[str, list[Written]] = {}
    for row in sorted(written, key=lambda row: row.generation):
        steps.setdefault(row.step, []).append(row)
    reminders = {reminder.step: reminder for reminder in wanted}
    waiting = {row.step for row in written if row.is_waiting}
    astray = {step for step, each in reminders.items() if _is_astray(each, steps.get(step, []))}
    is_withdrawn = bool(astray) or any(
        row.step not in reminders or not row.says(reminders[row.step], now=now)
        for row in written
        if row.is_waiting
    )
    write = []
    for step, reminder in reminders.items():
        rows = steps.get(step, [])
        if step in waiting or step in astray:
            is_due = is_withdrawn and reminder.valid_until > now
        else:
            is_due = reminder.send_at > now and all(row.is_gone for row in rows)
        if is_due:
            generation = max((row.generation for row in rows), default=0) + 1
            write.append(ToWrite(_at_its_time(reminder, rows, now=now), generation))
    leaving = [
        row.key
        for row in written
        if row.is_leaving and row.step in reminders and row.goes_to(reminders[row.step])
    ]
    return Settlement(is_withdrawn, write, leaving)


def _is_astray(reminder: Reminder, rows: Sequence[Written]) -> bool:
    """Whether the last row of its step is on its way to somewhere else."""
    return bool(rows) and rows[-1].is_leaving and not rows[-1].goes_to(reminder)
