"""Signs of life: when beat, a worker and the reconciler last did their work."""

from __future__ import annotations

import threading
import time

from django.db import connection

BEAT, WORKER, RECONCILER = "beat", "worker", "reconciler"
# More often tells nobody more.
EVERY_SECONDS = 2.0

BEAT_SQL = """
INSERT INTO notifications_heartbeat (name, at) VALUES (%s, clock_timestamp())
ON CONFLICT (name) DO UPDATE SET at = greatest(notifications_heartbeat.at, excluded.at)
"""

_last: dict[str, float] = {}
_lock = threading.Lock()


def beat(name: str) -> None:
    """It works, now."""
    now = time.monotonic()
    with _lock:
        if now - _last.get(name, -EVERY_SECONDS) < EVERY_SECONDS:
            return
        _last[name] = now
    with connection.cursor() as cursor:
        cursor.execute(BEAT_SQL, [name])


def forget() -> None:
    """Tell again at once: what was told is of another database."""
    with _lock:
        _last.clear()
