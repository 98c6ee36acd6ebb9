"""How many tasks that do nothing Celery does in a second: a worker of two processes, `acks_late`.

python -m bench.bare_tasks REDIS_URL MANY
"""

from __future__ import annotations

import subprocess
import sys
import time

import redis
from celery import Celery

QUEUE, DONE = "bare", "bare-done"
app = Celery("bare", broker=sys.argv[1] if len(sys.argv) > 1 else "redis://")
app.conf.update(
    task_ignore_result=True,
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    task_default_queue=QUEUE,
    broker_connection_retry_on_startup=True,
)


@app.task(name="bare.nothing")
def nothing() -> None:
    """Done."""


def main(url: str, many: int) -> float:
    """Tasks a second, from the first taken to an empty queue."""
    for _ in range(many):
        nothing.delay()
    command = [
        sys.executable, "-m", "celery", "--app=bench.bare_tasks", f"--broker={url}", "--quiet",
        "worker", "--concurrency=2", f"--queues={QUEUE}", "--without-gossip", "--pool=prefork",
    ]  # fmt: skip
    with redis.Redis.from_url(url) as client, subprocess.Popen(command) as worker:
        try:
            while client.llen(QUEUE) > many - 20:
                time.sleep(0.01)
            first, began = int(client.llen(QUEUE)), time.monotonic()
            while client.llen(QUEUE):
                time.sleep(0.01)
            return first / (time.monotonic() - began)
        finally:
            worker.terminate()


if __name__ == "__main__":
    sys.stdout.write(f"{main(sys.argv[1], int(sys.argv[2]))}\n")
