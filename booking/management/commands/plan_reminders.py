"""`manage.py plan_reminders`: put the reminders right now, without waiting for the next tick."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from booking import actions


class Command(BaseCommand):
    help = "Write the reminders that are missing and replace those that are out of date."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only count")

    def handle(self, *args: Any, **options: Any) -> None:
        is_dry = options["dry_run"]
        done = actions.heal_reminders(now=timezone.now(), is_dry=is_dry)
        said = "would be planned again" if is_dry else "planned again"
        self.stdout.write(
            f"{done.looked_at} days looked at, {done.put_right} {said}, "
            f"{done.written} reminders written."
        )
