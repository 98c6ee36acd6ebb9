"""`manage.py deliver`: sends messages without Celery, in small houses and for recovery."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import OperationalError, close_old_connections, connection

from notifications.delivery import deliver

PAUSE_SECONDS = 1.0
RUN_SECONDS = 20.0


class Command(BaseCommand):
    help = "Sends the messages that are due: once (the default), or for ever."
    requires_system_checks = ()  # recovery: it must run even while the pages do not

    def add_arguments(self, parser: CommandParser) -> None:
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--once", action="store_true", help="send what is due, then end")
        how.add_argument("--forever", action="store_true", help="look every second until stopped")

    def handle(self, *_args: Any, **options: Any) -> None:
        if not options["forever"]:
            self._run(seconds=float("inf"))
            return
        stop = threading.Event()
        for signum in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signum, lambda *_: stop.set())
        while not stop.is_set():
            self._run_again()
            stop.wait(PAUSE_SECONDS)

    def _run_again(self) -> None:
        """A database that is away for a while ends nothing: the next look finds all as it was."""
        close_old_connections()
        try:
            self._run(seconds=RUN_SECONDS)
        except OperationalError as error:
            self.stderr.write(f"The database does not answer: {str(error).strip()}")
            connection.close()

    def _run(self, *, seconds: float) -> None:
        tally = deliver(seconds=seconds)
        if tally.sent or tally.failed or tally.expired:
            self.stdout.write(
                f"sent: {tally.sent}, failed: {tally.failed}, expired: {tally.expired}"
            )
