"""The web server under measurement: granian with the very flags of bin/serve, on a free port."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bench.ground import ROOT, Ground
from config import supervision
from config.embedded import Server, end, free_port, spawn
from config.serve import Options, wait_for_web, web_command

WORKERS = 2


@contextmanager
def serve(ground: Ground, *, workers: int = WORKERS) -> Iterator[int]:
    """The product's pages on the small database; yields the port."""
    ground.small  # noqa: B018  loaded before the first request needs it
    with running(ground.folder, ground.environment, workers=workers) as (port, _):
        yield port


@contextmanager
def running(
    folder: Path, environment: dict[str, str], *, workers: int = WORKERS
) -> Iterator[tuple[int, int]]:
    """The web processes in an environment; yields the port and the id of their parent."""
    options = Options(port=free_port(), var=folder, is_empty=True, workers=workers)
    log = folder / "web.log"
    process = spawn(
        web_command(options),
        log=log,
        cwd=ROOT,
        env=os.environ | environment | {"PORT": str(options.port)},
    )
    try:
        server = Server(name="web", url="", log=log, process=process)
        wait_for_web(options, partial(supervision.check, server))
        yield options.port, process.pid
    finally:
        end(process)
