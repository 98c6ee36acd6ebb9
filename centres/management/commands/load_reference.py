"""`manage.py load_reference`: the Département, its centres, communes, types and holidays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from centres.reference import BadReference, Outcome, load
from centres.reference.records import DATA

LISTED = 5


class Command(BaseCommand):
    help = "Load reference data. Safe to run again: what was edited here is kept."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--data", type=Path, default=DATA, help="a folder with its own CSV files"
        )
        parser.add_argument(
            "--restore",
            action="store_true",
            help="create again the rows deleted here; edited fields are kept all the same",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            outcome = load(now=timezone.now(), folder=options["data"], restore=options["restore"])
        except BadReference as error:
            raise CommandError(f"{error}. Nothing was changed.") from error
        self.stdout.write(summary(outcome))


def summary(outcome: Outcome) -> str:
    """What the load did, in a few lines."""
    counts = ", ".join(f"{count} {name}" for name, count in outcome.records.items())
    lines = [f"Read {counts}.", f"{outcome.created} created, {outcome.updated} updated."]
    for title, names in (
        ("Edited here and kept", outcome.kept),
        ("Deleted here and left so", outcome.left_deleted),
        ("No longer in the files, left as they are", outcome.no_longer),
    ):
        if names:
            more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
            lines.append(f"{title}: {len(names)} ({', '.join(names[:LISTED])}{more}).")
    return "\n".join(lines)
