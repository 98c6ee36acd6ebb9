"""What the gateway has accepted: the judge of lost and doubled messages, kept through kills."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from notifications.segments import segments


@dataclass(frozen=True, slots=True)
class Entry:
    """One acceptance. The same reference twice is a person who got the message twice."""

    at: float
    provider: str
    reference: str
    to: str
    text: str
    sender: str
    id: int
    parts: int
    callback: str

    @classmethod
    def from_line(cls, line: str) -> Self:
        return cls(**json.loads(line))


class Ledger:
    """In memory, and one JSON line per acceptance in a file, written before it is answered."""

    def __init__(self, path: Path | None = None) -> None:
        self.entries: list[Entry] = []
        self.by_reference: dict[str, list[Entry]] = {}
        self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644) if path else None
        for entry in read(path) if path else []:
            self._keep(entry)

    def accept(
        self, *, provider: str, reference: str, to: str, text: str, sender: str, callback: str
    ) -> Entry:
        number, parts = len(self.entries) + 1, segments(text)
        entry = Entry(time.time(), provider, reference, to, text, sender, number, parts, callback)
        if self._file is not None:
            # One write to a file opened for appending: whole or absent, whatever is killed.
            os.write(self._file, f"{json.dumps(asdict(entry))}\n".encode())
        self._keep(entry)
        return entry

    def of(self, reference: str) -> list[Entry]:
        return self.by_reference.get(reference, [])

    def forget(self) -> None:
        self.entries.clear()
        self.by_reference.clear()
        if self._file is not None:
            os.ftruncate(self._file, 0)

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _keep(self, entry: Entry) -> None:
        self.entries.append(entry)
        self.by_reference.setdefault(entry.reference, []).append(entry)


def read(path: Path) -> list[Entry]:
    """The whole lines of a ledger's file."""
    text = path.read_text(encoding="utf-8")
    return [Entry.from_line(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
