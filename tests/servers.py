"""Throw-away PostgreSQL and Redis for a test run, unless the environment names servers."""

import atexit
import os
import tempfile
from contextlib import ExitStack
from pathlib import Path

from config.embedded import postgres, redis


def provide_servers(stack: ExitStack) -> None:
    """Sets DATABASE_URL and REDIS_URL; xdist's workers inherit both and so share the servers."""
    if "DATABASE_URL" in os.environ and "REDIS_URL" in os.environ:
        return
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="emgav-tests-")))
    # As root PostgreSQL runs as another user, who has to pass through.
    folder.chmod(0o711)
    if "DATABASE_URL" not in os.environ:
        os.environ["DATABASE_URL"] = stack.enter_context(
            postgres(folder / "postgres", durable=False)
        )
    if "REDIS_URL" not in os.environ:
        os.environ["REDIS_URL"] = stack.enter_context(redis(folder / "redis", durable=False))


def provide_servers_until_exit() -> None:
    stack = ExitStack()
    atexit.register(stack.close)
    provide_servers(stack)
