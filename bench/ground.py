"""The ground measurements stand on: a durable PostgreSQL as bin/serve starts it, and its data."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import django
import psycopg
from psycopg import sql

from bench.data import LARGE, SMALL, Size, load, scaled
from config.embedded import DATABASE, postgres

ROOT = Path(__file__).resolve().parent.parent
EMPTY = DATABASE  # migrated, with the reference data: what the others are copied from


class Ground:
    """Databases by size, each loaded when first asked for; every figure says which one it is of."""

    def __init__(self, folder: Path, url: str, *, scale: float, minutes: float = 3) -> None:
        self.folder, self.scale, self.minutes = folder, scale, minutes
        self._url = url
        self.now = datetime.now(UTC).replace(second=0, microsecond=0)

    def rounds(self, wanted: int) -> int:
        """How often something is repeated: fewer times in a trial, never more than wanted."""
        return max(3, round(wanted * min(1.0, self.scale)))

    def url(self, database: str) -> str:
        return self._url.replace(f"/{DATABASE}?", f"/{database}?")

    @cached_property
    def small(self) -> str:
        return self._loaded("bench_small", SMALL)

    @cached_property
    def large(self) -> str:
        return self._loaded("bench_large", LARGE)

    @cached_property
    def environment(self) -> dict[str, str]:
        """What the product's processes are told, as bin/serve tells them."""
        return {
            "DJANGO_SETTINGS_MODULE": "bench.settings",
            "DATABASE_URL": self.url("bench_small"),
            "DEMO": "1",
            "STATIC_ROOT": str(self.folder / "static"),
            # The clients give each family an address of its own: no limit is lifted.
            "TRUSTED_PROXIES": "127.0.0.1/32",
            "PYTHONPATH": str(ROOT),
        }

    def prepare(self) -> None:
        """Migrate the empty database, once in a kept folder, and this process's Django."""
        os.environ.update(self.environment)
        marker = self.folder / "prepared"
        if not marker.exists():
            subprocess.run(
                [sys.executable, "-m", "config.prepare"],
                check=True,
                cwd=ROOT,
                stdout=subprocess.DEVNULL,
                env=os.environ | {"DATABASE_URL": self._url},
            )
            marker.touch()
        django.setup()

    def _loaded(self, database: str, size: Size) -> str:
        """The database as of today; a kept folder's is taken as it is while it is of today."""
        size, label = scaled(size, self.scale), sql.Identifier(database)
        mark = f"{size} {self.now.date()}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as link:
            if _comment(link, database) == mark:
                return self.url(database)
            say(f"loading {database}…")
            began = time.monotonic()
            link.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(label))
            link.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(label, sql.Identifier(EMPTY))
            )
            count = load(self.url(database), size, now=self.now)
            link.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(label, sql.Literal(mark)))
            say(f"{database}: {count:,} appointments in {time.monotonic() - began:.0f} s")
        return self.url(database)


def _comment(link: psycopg.Connection, database: str) -> str | None:
    row = link.execute(
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s",
        [database],
    ).fetchone()
    return row[0] if row else None


@contextmanager
def ground(folder: Path, *, scale: float, minutes: float = 3) -> Iterator[Ground]:
    """Started, prepared, and stopped at the end whatever happens."""
    folder.mkdir(parents=True, exist_ok=True)
    with postgres(folder / "postgres", durable=True) as url:
        here = Ground(folder, url, scale=scale, minutes=minutes)
        here.prepare()
        yield here


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
