"""`manage.py seed_demo`: an invented Département with families and appointments around today."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from booking.demo.letters import write_messages
from booking.demo.seeding import CannotSeed, seed
from booking.demo.staff import PASSWORD, LogIn


class Command(BaseCommand):
    help = "Fill an empty database with an invented but believable Département."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seed", type=int, default=35, help="another number, other people")
        parser.add_argument(
            "--scale", type=float, default=1.0, help="1 is 11,000 families; 0.1 a tenth of them"
        )
        parser.add_argument(
            "--months", type=int, default=12, help="how far back and ahead (12 at most)"
        )
        parser.add_argument("--logins", type=Path, help="also write the log-ins to this file")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("seed_demo invents people, so it only runs with DEMO=1.")
        if not 0 < options["scale"] <= 20 or not 1 <= options["months"] <= 12:
            raise CommandError("--scale goes from above 0 to 20, --months from 1 to 12.")
        try:
            made = seed(
                now=timezone.now(),
                random_seed=options["seed"],
                scale=options["scale"],
                months=options["months"],
            )
        except CannotSeed as error:
            raise CommandError(f"{error}. Nothing was changed.") from error
        self.stdout.write(
            f"Made {made.sites} sites, {made.practitioners} practitioners, {made.shifts} shifts, "
            f"{made.families} families and {made.appointments} appointments."
        )
        self.stdout.write(f"{write_messages(now=timezone.now())} reminders wait for their day.")
        table = log_in_table(made.log_ins)
        self.stdout.write(table)
        if options["logins"]:
            options["logins"].write_text(table + "\n", encoding="utf-8")


def log_in_table(log_ins: list[LogIn]) -> str:
    """The accounts, one a line, with the password they share."""
    width = max((len(log_in.email) for log_in in log_ins), default=0)
    lines = [f"Demo log-ins (the password of all is {PASSWORD}, their code is at /demo/codes):"]
    lines += [f"  {log_in.email:<{width}}  {log_in.role}, {log_in.centre}" for log_in in log_ins]
    return "\n".join(lines)
