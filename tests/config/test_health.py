"""The probes: what they say when all is well, and that nothing frozen can hang them."""

import threading
import time

import pytest
from django.test import Client
from pytest_django import Settings

from config import health
from config.celery import SHORTEST_LIFE, app
from config.tasks import beat_heartbeat


def test_healthz_asks_nobody(client: Client) -> None:
    assert client.get("/healthz").content == b"ok"


@pytest.mark.django_db(transaction=True)
def test_readyz_says_ok_for_each_part(client: Client) -> None:
    beat_heartbeat()
    response = client.get("/readyz")
    assert response.json() == {"database": "ok", "migrations": "ok", "redis": "ok", "beat": "ok"}
    assert response.status_code == 200


@pytest.mark.django_db(transaction=True)
def test_readyz_is_503_without_redis(client: Client, settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["redis"] == "ConnectionError"
    assert response.json()["database"] == "ok"


def test_a_frozen_check_costs_one_second_and_one_thread() -> None:
    release = threading.Event()
    calls: list[int] = []

    def frozen() -> str:
        calls.append(1)
        release.wait(10)
        return "ok"

    probe = health.Probe(frozen)
    started = time.monotonic()
    for _ in range(3):
        probe.start()
        assert probe.answer(time.monotonic() + 0.05) == "no answer"
    assert time.monotonic() - started < 1
    assert len(calls) == 1
    release.set()


def test_every_scheduled_task_exists_and_expires() -> None:
    app.loader.import_default_modules()
    for entry in app.conf.beat_schedule.values():
        assert entry["task"] in app.tasks
        life = entry["options"]["expires"]
        assert SHORTEST_LIFE <= life <= max(entry["schedule"], SHORTEST_LIFE)
