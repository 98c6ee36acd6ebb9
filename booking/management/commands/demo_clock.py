"""`manage.py demo_clock --days N`: the reminders of the next days go out now, in a demo."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from notifications.fast_forward import bring_forward

MOST_DAYS = 60


class Command(BaseCommand):
    help = "Sends now what is planned within the next days, day by day. Demo only."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, required=True, help=f"1 to {MOST_DAYS}")

    def handle(self, *_args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("demo_clock sends before its time, so it only runs with DEMO=1.")
        if not 1 <= options["days"] <= MOST_DAYS:
            raise CommandError(f"--days goes from 1 to {MOST_DAYS}.")
        total = 0
        for day in bring_forward(days=options["days"]):
            total += len(day.left)
            self.stdout.write(f"{day.on.isoformat()}: {len(day.left)} left, {day.stayed} did not")
            for message in day.left:
                self.stdout.write(f"  {message.kind} {message.channel} {message.recipient}")
        self.stdout.write(f"{total} messages left. Read them at {settings.PUBLIC_URL}/demo/inbox")
