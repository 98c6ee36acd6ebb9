"""Who comes to an open session, in the words of the board, and the buttons that count them."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from booking.board import Block

# On the keyboard, on the row of the session: one more, or one too many.
ONE_MORE, ONE_LESS = "p", "u"


class Counted(NamedTuple):
    """What a button of a session sent: one more or one less than was seen there."""

    is_more: bool
    shift: int
    seen: int


class Door:
    """An open session with its count. `is_ahead`: nobody can have come yet."""

    def __init__(self, block: Block, *, is_ahead: bool) -> None:
        half_day = block.half_day
        self.block = block
        self.number = half_day.counted if half_day else 0
        self.pk = half_day.id if half_day else 0
        self.is_open = bool(
            half_day and half_day.takes_walk_ins and not half_day.is_cancelled and not is_ahead
        )

    @property
    def came(self) -> str:
        """How many came, and how many of them wait."""
        came, waiting = self.block.came, self.block.waiting
        if not came:
            return _("Aucune arrivée")
        said = ngettext("%(count)s arrivée", "%(count)s arrivées", came) % {"count": came}
        if waiting:
            told = ngettext("%(count)s attend", "%(count)s attendent", waiting)
            said += ", " + told % {"count": waiting}
        return said

    @property
    def nameless(self) -> str:
        """How many of them gave no name."""
        return _("dont %(count)s sans nom") % {"count": self.number} if self.number else ""

    @property
    def more(self) -> str:
        return f"{ONE_MORE}.{self.pk}.{self.number}"

    @property
    def less(self) -> str:
        return f"{ONE_LESS}.{self.pk}.{self.number}" if self.number else ""


def counted(does: str) -> Counted | None:
    """What a button of a session sent; None when it was of something else."""
    key, _dot, rest = does.partition(".")
    pk, _dot, seen = rest.partition(".")
    are_numbers = all(each.isascii() and each.isdecimal() for each in (pk, seen))
    if key not in (ONE_MORE, ONE_LESS) or not are_numbers or len(seen) > 4:
        return None
    return Counted(key == ONE_MORE, int(pk[:18]), int(seen))
