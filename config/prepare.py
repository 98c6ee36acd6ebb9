"""`python -m config.prepare [--demo FILE]` migrates, loads reference data, seeds the demo once."""

import argparse
import hashlib
import os
import sys
import time
from operator import itemgetter
from pathlib import Path
from typing import Any

import django
from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="config.prepare", description=__doc__)
    parser.add_argument(
        "--demo",
        type=Path,
        metavar="FILE",
        help="add the demo's families unless there are appointments, and write its log-ins here",
    )
    options = parser.parse_args(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    _collect_static_files()
    _step("migrate", interactive=False, verbosity=0)
    _step("load_reference")
    if options.demo and not _has_appointments():
        _step("seed_demo", seed=35, scale=1, logins=options.demo)


def _collect_static_files() -> None:
    """Hashing and compressing takes seconds, so it is done only when a source file has changed."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in sorted(finder.list([]), key=itemgetter(0)):
            with storage.open(path) as source:
                digest.update(path.encode() + source.read())
    seen = digest.hexdigest()
    known = Path(settings.STATIC_ROOT) / ".sources"
    if not known.exists() or known.read_text(encoding="utf-8") != seen:
        _step("collectstatic", interactive=False, verbosity=0, clear=True)
        known.write_text(seen, encoding="utf-8")


def _step(command: str, **options: Any) -> None:
    started = time.monotonic()
    call_command(command, **options)
    sys.stdout.write(f"{command} done in {time.monotonic() - started:.1f} s\n")
    sys.stdout.flush()


def _has_appointments() -> bool:
    appointments = apps.get_model("booking", "Appointment")
    return bool(appointments._default_manager.exists())  # noqa: SLF001  documented by Django


if __name__ == "__main__":
    main(sys.argv[1:])
