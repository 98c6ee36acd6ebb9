"""The product as bin/serve runs it, on the database of the tests: granian and its web processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from django.db import connection

from bench.web import running

ROOT = Path(__file__).resolve().parents[2]


class Website(NamedTuple):
    """Where it answers, and the process whose children are the web processes."""

    port: int
    parent: int

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"


@contextmanager
def website(*, workers: int = 2, **settings: str) -> Iterator[Website]:
    """Start it on a free port, with the settings of production but for those given."""
    with tempfile.TemporaryDirectory(prefix="emgav-web-") as name:
        folder = Path(name)
        environment = {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": _database_url(),
            "DEMO": "1",
            "STATIC_ROOT": str(folder / "static"),
            **settings,
        }
        _collect_static_files(environment)
        with running(folder, environment, workers=workers) as (port, parent):
            yield Website(port, parent)
            # Nobody is served any more. Asked to end, granian waits ten seconds for those of its
            # processes that a test has killed.
            os.killpg(parent, signal.SIGKILL)


def _database_url() -> str:
    """The address of the database this test process uses: each has its own."""
    return (
        urlsplit(os.environ["DATABASE_URL"])
        ._replace(path=f"/{connection.settings_dict['NAME']}")
        .geturl()
    )


def _collect_static_files(environment: dict[str, str]) -> None:
    """Hashed and compressed as families get them: their weight is measured. Those of the admin, the
    most by far, are left out."""
    command = [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity=0"]
    command += ["--ignore", "admin"]
    subprocess.run(command, cwd=ROOT, env=os.environ | environment, check=True)
