"""The days of a calendar as the grid's script reads them: columns, blocks, free cells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from booking.board import HalfDay, Kind
from booking.wording import spoken_day
from centres.calendar import from_minute
from frontend.calendar import View
from frontend.calendar_days import CalendarDay, Cell, Column, Half, Row

Event = dict[str, Any]
# What nobody opens the calendar for: hours without what stands in them, and those that are closed.
STILL = ("hours", "closed")
# The hour that a grid without anything begins with, and the minutes shown of what is just past.
EARLIEST, BEFORE_NOW = 8, 30


def payload(view: View, days: Sequence[CalendarDay]) -> dict[str, Any]:
    """Times are those of the centre's own clock, whatever the browser's."""
    columns: dict[str, str] = {}
    events: list[Event] = []
    for day in days:
        for column in day.columns:
            columns.setdefault(column.key, column.name)
            for half in column.halves:
                events += _Half(view, column, half).events()
    return {
        "columns": [{"id": key, "title": name} for key, name in columns.items()],
        "events": events,
        "dates": [day.on.isoformat() for day in days],
        "notes": [note for day in days for note in _notes(day)],
        "left_out": _left_out(days),
        "missing": [_missing(day) for day in days if day.missing],
        "stays": _stays(view),
        "opens": opens_at(events, now=_clock(view)),
        # What the clocks of the centre are ahead of UTC by today: where the line of now is.
        "offset": _offset(view),
    }


def opens_at(events: Sequence[Event], *, now: datetime | None) -> str:
    """The full hour on top when the grid is first seen: that of the first thing that is no absence;
    of today, which has a `now`, that of half an hour ago once it is later, for its line to show."""
    told = [each for each in events if each["k"] not in STILL]
    hour = min((int(each["s"][11:13]) for each in told or events), default=EARLIEST)
    if now is not None:
        hour = max(hour, (now.hour * 60 + now.minute - BEFORE_NOW) // 60)
    return f"{hour:02}:00:00"


def _stays(view: View) -> dict[str, str]:
    """Why what somebody tries to drag stays where it is, by the kind of block; `outside`: what was
    let go beside the grid; `touch`: what a finger pulled."""
    planning = (
        _("Cela se change dans « Planning ».")
        if view.desk.manages(view.centre)
        else _("La personne responsable du centre change cela dans « Planning ».")
    )
    said = {
        "session": (
            _("Une séance ne se glisse pas : toutes ses familles bougeraient avec elle."),
            planning,
            _("Pour déplacer une seule famille, ouvrez la séance, puis la famille."),
        ),
        "visit": (
            _("Ce rendez-vous ne se déplace plus : la famille est déjà venue, ou n’est pas venue."),
        ),
        "hold": (
            _("Rien à déplacer ici : ce créneau est retenu, personne n’y est encore inscrit."),
        ),
        "reoffer": (
            _("Rien à déplacer ici : ce créneau vient d’être rendu, il est bientôt reproposé."),
        ),
        "closed": (_("Ce moment est fermé, ou la personne est absente."), planning),
        "free": (_("Un créneau libre ne se déplace pas : ouvrez-le pour y inscrire une famille."),),
        "touch": (
            _("Pour déplacer un rendez-vous au doigt, touchez-le, puis choisissez « Déplacer »."),
        ),
        "outside": (
            _("Lâché hors de la grille : rien n’a changé."),
            _(
                "Pour un autre centre, prenez-y un nouveau rendez-vous depuis la page de la "
                "famille, puis annulez celui-ci."
            ),
        ),
    }
    return {kind: " ".join(sentences) for kind, sentences in said.items()}


def _left_out(days: Sequence[CalendarDay]) -> str:
    """How many columns of the week the grid does without."""
    number = sum(len(day.missing) for day in days)
    text = ngettext(
        "%(n)s colonne vide n’est pas montrée", "%(n)s colonnes vides ne sont pas montrées", number
    )
    return text % {"n": number}


def _missing(day: CalendarDay) -> str:
    names = {"day": spoken_day(day.on), "names": ", ".join(day.missing)}
    return _("%(day)s : %(names)s") % names


def _clock(view: View) -> datetime | None:
    """What time it is on the one day looked at, if it is today."""
    is_today = not view.is_week and view.on == view.today
    return view.now.astimezone(view.zone) if is_today else None


def _offset(view: View) -> str:
    """+01:00"""
    text = f"{view.now.astimezone(view.zone):%z}"
    return f"{text[:3]}:{text[3:5]}"


def _notes(day: CalendarDay) -> Iterator[str]:
    if day.holiday:
        yield f"{day.on:%d/%m} : {day.holiday}".replace(" :", "\u00a0:")
    for closure, hours in day.closures:
        place = f", {closure.site.name}" if closure.site else ""
        yield f"{closure.label}{place}, {hours}"


class _Half:
    """The blocks of one half-day."""

    def __init__(self, view: View, column: Column, half: Half) -> None:
        self.view, self.column, self.half = view, column, half

    def events(self) -> Iterator[Event]:
        half = self.half
        if half.half_day is not None:
            yield self._hours(half.half_day)
        if half.is_session and half.half_day is not None:
            yield self._session()
        else:
            for row in half.rows:
                yield self._row(row)
            for cell in half.cells:
                yield self._cell(cell)

    def _hours(self, half_day: HalfDay) -> Event:
        """When somebody receives; or that a half-day was cancelled, which must be seen."""
        key, times = f"h{half_day.id}", (half_day.starts, half_day.ends)
        if half_day.is_cancelled:
            return self._event("closed", key, *times, t=_("Demi-journée annulée"))
        return self._event("hours", key, *times)

    def _event(self, kind: str, key: str, starts: int, ends: int, **more: Any) -> Event:
        zone = self.view.zone
        opens, closes = (
            from_minute(at, zone).replace(tzinfo=None).isoformat(timespec="minutes")
            for at in (starts, ends)
        )
        return {"k": kind, "id": key, "s": opens, "e": closes, "c": self.column.key, **more}

    def _cell(self, cell: Cell) -> Event:
        opening = cell.opening
        more = {} if cell.is_public else {"a": 1}
        return self._event(
            "free", f"f{cell.choice}", opening.start, opening.until, t=cell.at, **more
        )

    def _row(self, row: Row) -> Event:
        entry = row.entry
        if entry.kind != Kind.VISIT:
            return self._event(
                entry.kind.value,
                f"{entry.kind.value}{self.half.practitioner.pk}-{entry.starts}",
                entry.starts,
                entry.ends,
                t=row.words,
            )
        return self._event(
            "visit", f"v{row.appointment.pk}", entry.starts, entry.ends, **self._of(row)
        )

    def _of(self, row: Row) -> Event:
        """What is told of a family's appointment."""
        appointment = row.appointment
        told = [row.about, row.reason, row.said, row.language]
        if self.view.is_by_place:
            told.insert(0, str(appointment.practitioner))
        if row.beside:
            told.append(row.beside)
        if row.entry.is_outside:
            told.append(_("Hors demi-journée"))
        if row.is_discreet:
            told.append(_("Discret"))
        return {
            "t": row.name,
            "d": [each for each in told if each],
            "u": row.address,
            "m": row.move_address,
            "q": appointment.sequence,
            "st": "late" if row.entry.is_late else appointment.state,
        }

    def _session(self) -> Event:
        """A group session is one block: its families are listed when it is pressed."""
        half = self.half
        assert half.half_day is not None  # noqa: S101  for the type checker
        return self._event(
            "session",
            f"g{half.half_day.id}",
            half.block.starts,
            half.block.ends,
            t=half.what,
            d=[f"{half.seats}, {half.left}", str(half.practitioner), half.site.name],
            f=half.cells[0].choice if half.cells else "",
            v=list(_families(half.rows)),
        )


def _families(rows: Iterable[Row]) -> Iterator[Event]:
    for row in rows:
        if row.entry.kind == Kind.VISIT:
            yield {"t": row.name, "u": row.address, "m": row.move_address}
        else:
            yield {"t": row.words}
