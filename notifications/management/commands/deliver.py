"""`manage.py deliver`: sends messages without Celery, in small houses and for recovery."""

from __future__ import annotations

import logging
import signal
import threading
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import Error, close_old_connections, connection

from notifications import pool
from notifications.delivery import What, deliver
from notifications.reconcile import reconcile

logger = logging.getLogger(__name__)

RUN_SECONDS = 20.0
RECONCILE_EVERY = 10.0
PAUSE_SECONDS = 1.0


class Command(BaseCommand):
    help = "Sends the messages that are due: once (the default), or for ever."
    requires_system_checks = ()  # recovery: it must run even while the pages do not

    def add_arguments(self, parser: CommandParser) -> None:
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--once", action="store_true", help="send what is due, then end")
        how.add_argument("--forever", action="store_true", help="send what becomes due, until told")

    def handle(self, *_args: Any, **options: Any) -> None:
        if not options["forever"]:
            reconcile()
            self._say(deliver(seconds=float("inf")))
            return
        stop = threading.Event()
        for signum in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signum, lambda *_: stop.set())
        reconciler = threading.Thread(target=self._reconcile, args=(stop,), name="reconciler")
        reconciler.start()
        try:
            while not stop.is_set():
                self._try(lambda: self._send(stop), stop)
        finally:
            # However this ends, the reconciler ends too: half of it would look alive.
            stop.set()
            reconciler.join()

    def _send(self, stop: threading.Event) -> None:
        self._say(pool.run(seconds=RUN_SECONDS, must_stop=stop.is_set))

    def _reconcile(self, stop: threading.Event) -> None:
        try:
            while not stop.is_set():
                self._try(reconcile, stop)
                stop.wait(RECONCILE_EVERY)
        finally:
            connection.close()

    def _try(self, work: Any, stop: threading.Event) -> None:
        """A database that is away or read-only for a while, or one pass that fails, ends nothing:
        the next look finds all as it was."""
        close_old_connections()
        try:
            work()
        except Error as error:
            self.stderr.write(f"The database does not answer: {str(error).strip()}")
        except Exception:
            logger.exception("A pass failed")
        else:
            return
        connection.close()
        stop.wait(PAUSE_SECONDS)

    def _say(self, tally: Counter[What]) -> None:
        if tally["sent"] or tally["failed"]:
            self.stdout.write(f"sent: {tally['sent']}, failed: {tally['failed']}")
