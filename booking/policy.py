"""The reminder rules and the public holidays as they stand, kept half a minute by each process.

A booking must not read them each time; what another process changed meanwhile is put right by the
next healing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from booking.models import ReminderRule
from booking.reminders import Rule
from centres.models import PublicHoliday

KEPT = timedelta(seconds=30)
# Of a centre, a type, both or (Département) neither.
Scope = tuple[int | None, int | None]


@dataclass(frozen=True, slots=True)
class Policy:
    """All rules by scope, and the holidays of each Département from yesterday on."""

    read_at: datetime
    scopes: dict[Scope, tuple[Rule, ...]]
    holidays: dict[int, frozenset[date]]

    def rules(self, *, centre: int, type: int) -> tuple[Rule, ...]:
        """Those of the most precise scope that has any; none where a scope is off."""
        for scope in ((centre, type), (None, type), (centre, None), (None, None)):
            if scope in self.scopes:
                return self.scopes[scope]
        return ()

    @property
    def most_days_before(self) -> int:
        return max((rule.days_before for each in self.scopes.values() for rule in each), default=0)


_kept: list[Policy] = []


def current(*, now: datetime) -> Policy:
    """The policy, read again once it is half a minute old."""
    known = _kept[0] if _kept else None
    if known is None or abs(now - known.read_at) >= KEPT:
        known = _read(now)
        _kept[:] = [known]
    return known


def forget() -> None:
    """Read it again next time: it has just been changed here."""
    _kept.clear()


def _read(now: datetime) -> Policy:
    scopes: dict[Scope, tuple[Rule, ...]] = {}
    off: set[Scope] = set()
    rows = ReminderRule.objects.values_list(
        "centre_id", "type_id", "channel", "days_before", "at", "is_off"
    )
    for centre, kind, channel, days_before, at, is_off in rows:
        scope = (centre, kind)
        scopes[scope] = (*scopes.get(scope, ()), Rule(channel, days_before, at))
        off |= {scope} if is_off else set()
    holidays: dict[int, set[date]] = {}
    days = PublicHoliday.objects.filter(on__gte=now.date() - timedelta(days=1))
    for department, on in days.values_list("department_id", "on"):
        holidays.setdefault(department, set()).add(on)
    return Policy(
        now,
        scopes | dict.fromkeys(off, ()),
        {department: frozenset(found) for department, found in holidays.items()},
    )
