"""The next appointment of a child in words: what is usual, never what was or was not done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.dateformat import format as date_format
from django.utils.translation import gettext as _

from booking import growing
from booking.usual import Suggestion
from booking.wording import NBSP, is_english
from centres.models import ChildExam


class Way(NamedTuple):
    """With whom, and where it is booked while talking."""

    kind: str
    who: str
    url: str


class Words:
    """A suggestion as a page says it. `centre` (a slug) is where times are looked for first."""

    def __init__(
        self, suggestion: Suggestion, *, guardian: int | None, centre: str, today: date
    ) -> None:
        self.suggestion, self.guardian, self.centre, self.today = (
            suggestion,
            guardian,
            centre,
            today,
        )

    @property
    def sentence(self) -> str:
        """Habituellement vers le 12 janvier : au cours du 4e mois."""
        found, exam = self.suggestion.next, self.suggestion.exam
        values = {
            "day": self._near(found.around),
            "last": self._near(found.last),
            "exam": exam.local_label if exam else "",
        }
        if found.is_decided:
            return _("Vers le %(day)s, comme un professionnel l’a décidé.") % values
        if found.around <= self.today:
            return _("Habituellement ces jours-ci, et jusqu’au %(last)s : %(exam)s.") % values
        return _("Habituellement vers le %(day)s : %(exam)s.") % values

    def _near(self, day: date) -> str:
        """12 janvier, 12 janvier 2027: no day of the week, for it is not that precise."""
        said = date_format(day, "j F").replace(" ", NBSP)
        if day.day == 1 and not is_english():
            said = f"1er{said[1:]}"
        return said if day.year == self.today.year else f"{said} {day.year}"

    @property
    def is_unsure(self) -> bool:
        """Whether the table itself is only likely."""
        exam = self.suggestion.exam
        return exam is not None and exam.certainty != ChildExam.Certainty.SURE

    @property
    def ways(self) -> Sequence[Way]:
        child, found = self.suggestion.child, self.suggestion.next
        asked = {
            "guardian": self.guardian or "",
            "child": child.pk,
            "centre": self.centre,
            "from": growing.look_from(found, today=self.today).isoformat(),
        }
        path = reverse("book-for", args=[child.household_id])
        return [
            Way(
                kind.local_label,
                kind.professions,
                f"{path}?{urlencode({'kind': kind.slug, **asked})}",
            )
            for kind in self.suggestion.kinds
        ]
