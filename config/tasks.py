"""The proof that beat ticks and a worker answers: a timestamp which /readyz reads."""

import time

import redis
from celery import shared_task
from django.conf import settings

from notifications import heartbeats

HEARTBEAT_KEY = "emgav:heartbeat"
HEARTBEAT_KEPT_SECONDS = 3600


@shared_task
def beat_heartbeat() -> None:
    with redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2
    ) as client:
        client.set(HEARTBEAT_KEY, str(time.time()), ex=HEARTBEAT_KEPT_SECONDS)
    heartbeats.beat(heartbeats.BEAT)
