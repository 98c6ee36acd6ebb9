"""Which words a message is in: versions that people saved, the most particular first, else shipped.

Words change seldom and every message needs them: a process keeps the current ones for some seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import QuerySet

from notifications.models import Wording
from notifications.words.checks import Problem, check

KEPT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Place:
    """What a template is for. No centre: the whole Département; no type: every reason."""

    kind: str
    channel: str
    language: str
    centre: str = ""
    type: str = ""

    def wider(self) -> Iterator[Place]:
        """This one, then those that stand in for it, nearest first."""
        for centre, reason in dict.fromkeys(
            [(self.centre, self.type), ("", self.type), (self.centre, ""), ("", "")]
        ):
            yield Place(self.kind, self.channel, self.language, centre, reason)


class Scopes(NamedTuple):
    """The centres and the types that may have words of their own: (slug, name) pairs."""

    centres: Sequence[tuple[str, str]] = ()
    types: Sequence[tuple[str, str]] = ()


class WordsRefused(Exception):
    """The words may not be used as they are; `problems` say why."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(", ".join(problem.code for problem in problems))
        self.problems = problems


class Overtaken(Exception):
    """Somebody saved another version meanwhile: nobody's words are replaced unread."""


class _Kept:
    """The current versions, and until when this process believes them."""

    def __init__(self) -> None:
        self.until = 0.0
        self.versions: Mapping[Place, Wording] = {}


_kept = _Kept()


_ask_scopes: list[Callable[[], Scopes]] = []


def register_scopes(ask: Callable[[], Scopes]) -> None:
    """Whoever knows the centres and the types; here they are only names."""
    _ask_scopes[:] = [ask]


def scopes() -> Scopes:
    return _ask_scopes[0]() if _ask_scopes else Scopes()


def current(place: Place) -> Wording | None:
    """The version in use, of this place or the nearest wider one. None: the shipped words."""
    versions = _current_versions()
    return next((versions[each] for each in place.wider() if each in versions), None)


def forget() -> None:
    """Have this process read the versions again."""
    _kept.until = 0.0


def in_use(place: Place) -> int:
    """The number of the version in use of this very place; 0 when it has none of its own."""
    numbers = _of(place).filter(is_current=True).values_list("version", flat=True)
    return next(iter(numbers), 0)


def saved(*, centre: str, type: str) -> dict[Place, Wording]:
    """The versions in use that a centre and a type have of their very own; one query."""
    found = Wording.objects.filter(is_current=True, centre=centre, type=type)
    return {place_of(wording): wording for wording in found}


def history(place: Place) -> list[Wording]:
    """Every version of this place, newest first."""
    return list(_of(place).order_by("-version"))


def save(
    place: Place, *, subject: str, body: str, author: str, now: datetime, based_on: int
) -> Wording:
    """A new version takes the place of version `based_on`, the one in use when its writer began.

    Raises WordsRefused, Overtaken.
    """
    subject, body = subject.strip(), "\n".join(body.strip().splitlines())
    problems = check(place.kind, place.channel, place.language, subject=subject, body=body)
    if problems:
        raise WordsRefused(problems)
    with transaction.atomic():
        _retire(place, based_on=based_on)
        former = _of(place).order_by("-version").values_list("version", flat=True)
        made = Wording.objects.create(
            **asdict(place),
            version=next(iter(former[:1]), 0) + 1,
            subject=subject,
            body=body,
            created_at=now,
            created_by=author[:80],
        )
    transaction.on_commit(forget)
    return made


def restore(wording: Wording, *, author: str, now: datetime, based_on: int) -> Wording:
    """An old version comes back as a new one: history only grows. Raises as `save`."""
    return save(
        place_of(wording),
        subject=wording.subject,
        body=wording.body,
        author=author,
        now=now,
        based_on=based_on,
    )


def return_to_shipped(place: Place, *, based_on: int) -> None:
    """No version of this place is in use any more. Raises Overtaken."""
    with transaction.atomic():
        _retire(place, based_on=based_on)
    transaction.on_commit(forget)


def place_of(wording: Wording) -> Place:
    return Place(wording.kind, wording.channel, wording.language, wording.centre, wording.type)


def _of(place: Place) -> QuerySet[Wording]:
    return Wording.objects.filter(**asdict(place))


def _retire(place: Place, *, based_on: int) -> None:
    """One writer at a time, readers wait for nobody."""
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE notifications_wording IN SHARE ROW EXCLUSIVE MODE")
    if in_use(place) != based_on:
        raise Overtaken
    _of(place).filter(is_current=True).update(is_current=False)


def _current_versions() -> Mapping[Place, Wording]:
    now = time.monotonic()
    if now >= _kept.until:
        found = Wording.objects.filter(is_current=True)
        _kept.versions = {place_of(wording): wording for wording in found}
        _kept.until = now + KEPT_SECONDS
    return _kept.versions
