"""Probes: /healthz says this process answers, /readyz that all it needs does; neither can hang."""

import threading
import time
from collections.abc import Callable

import redis
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.tasks import HEARTBEAT_KEY

PATIENCE_SECONDS = 1.0
BEAT_SILENT_SECONDS = 60

Check = Callable[[], str]


class Probe:
    """Runs one check in its own thread, so that a frozen server costs at most PATIENCE_SECONDS.

    While an earlier run still hangs no second one is started: it costs one thread, never more.
    """

    def __init__(self, check: Check) -> None:
        self._check = check
        self._thread: threading.Thread | None = None
        self._answer = ""

    def start(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._answer = "no answer"
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()

    def answer(self, deadline: float) -> str:
        if self._thread is not None:
            self._thread.join(max(0.0, deadline - time.monotonic()))
        return self._answer

    def _run(self) -> None:
        try:
            self._answer = self._check()
        except Exception as error:  # noqa: BLE001  a probe reports whatever went wrong
            self._answer = type(error).__name__
        finally:
            connection.close()


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def _migrations() -> str:
    executor = MigrationExecutor(connection)
    pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return f"{len(pending)} pending" if pending else "ok"


def _redis_client() -> "redis.Redis":
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=PATIENCE_SECONDS,
        socket_connect_timeout=PATIENCE_SECONDS,
        retry=None,
    )


def _redis() -> str:
    with _redis_client() as client:
        client.ping()
    return "ok"


def _beat() -> str:
    with _redis_client() as client:
        last = client.get(HEARTBEAT_KEY)
    if not isinstance(last, bytes):
        return "never seen"
    silent = time.time() - float(last)
    return "ok" if silent < BEAT_SILENT_SECONDS else f"silent for {silent:.0f} s"


PROBES = {
    "database": Probe(_database),
    "migrations": Probe(_migrations),
    "redis": Probe(_redis),
    "beat": Probe(_beat),
}


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    deadline = time.monotonic() + PATIENCE_SECONDS
    for probe in PROBES.values():
        probe.start()
    answers = {name: probe.answer(deadline) for name, probe in PROBES.items()}
    is_ready = all(answer == "ok" for answer in answers.values())
    return JsonResponse(answers, status=200 if is_ready else 503)
