"""Connections of a process, kept between messages: each serves one thread at a time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar


class Connection(Protocol):
    def close(self) -> None: ...


C = TypeVar("C", bound=Connection)


class Pool(Generic[C]):
    """A list's append and pop are whole even among threads, so it needs no lock."""

    def __init__(self, connect: Callable[[], C], part: Callable[[C], None]) -> None:
        self._connect = connect
        self._part = part
        self._idle: list[C] = []
        self._process = os.getpid()

    @contextmanager
    def one(self) -> Iterator[C]:
        """A connection of one's own, put back afterwards unless an error crossed it."""
        connection = self._take()
        try:
            yield connection
        except BaseException:
            self._part(connection)
            raise
        self._idle.append(connection)

    def close(self) -> None:
        while self._idle:
            self._part(self._take())

    def _take(self) -> C:
        if self._process != os.getpid():
            # A fork shares its parent's sockets: they are the parent's to use and to close.
            self._process, self._idle = os.getpid(), []
        try:
            return self._idle.pop()
        except IndexError:
            return self._connect()
