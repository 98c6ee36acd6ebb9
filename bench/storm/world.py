"""Everything that runs in a storm, on servers and ports of its own, and how each part is killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import psycopg

from bench.ground import ROOT
from config import supervision
from config.embedded import Server, end, free_port, spawn, start_postgres, start_redis
from config.serve import Options, wait_for_web, web_command
from tests.notifications.sms.dialects import provider_url
from tests.notifications.sms.steering import Steering

SECRET = "a-secret-of-the-webhooks"  # noqa: S105  of a gateway on this machine
WEB, WORKERS, BEATS = 2, 4, 2
# What waits for a minute waits for some seconds: see notifications.timing.
HASTE = {"EMGAV_HASTE": "8"}


@dataclass
class Part:
    """A process and how to start it anew."""

    name: str
    command: list[str]
    log: Path
    environment: dict[str, str]
    process: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    def start(self, **extra: str) -> None:
        environment = os.environ | self.environment | extra
        self.process = spawn(self.command, log=self.log, cwd=ROOT, env=environment)

    def kill(self) -> None:
        """The whole machine it ran on is gone: itself and all it had started."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def kill_child(self, dice: random.Random) -> bool:
        """One of its own processes; False if it has none."""
        children = _children(self.process.pid)
        if not children:
            return False
        with suppress(ProcessLookupError):
            os.kill(dice.choice(children), signal.SIGKILL)
        return True

    def revive(self) -> None:
        if self.process.poll() is not None:
            self.kill()
            self.start()


class World:
    """The running product: data servers, web, workers, beats, an SMS gateway, a mail server."""

    def __init__(
        self,
        folder: Path,
        stack: ExitStack,
        *,
        settings: str,
        workers: int,
        beats: int,
        busy: float,
    ) -> None:
        self.folder, self._stack, self._busy = folder, stack, busy
        self._workers, self._beats = workers, beats
        self.postgres = start_postgres(folder / "pg", durable=True)
        stack.callback(self._stop_servers)
        self.redis = start_redis(folder / "redis", durable=True)
        self.sms_ledger, self.mail_ledger = folder / "sms.jsonl", folder / "mail.jsonl"
        self.port, self._mail_port = free_port(), free_port()
        self.gateway = self._start_gateway()
        self._spawn_mail()
        self.environment = self._environment(settings)
        self.parts: list[Part] = []

    def _stop_servers(self) -> None:
        """Those that run now: each was replaced more than once."""
        self.redis.stop()
        self.postgres.stop()

    def _start_gateway(self) -> Steering:
        port, control = free_port(), free_port()
        command = [
            sys.executable, "-m", "tests.notifications.sms.gateway", "--port", str(port),
            "--control", str(control), "--ledger", str(self.sms_ledger), "--latency", "0.05",
        ]  # fmt: skip
        self._helper("gateway", command)
        return Steering(port=port, control=control)

    def _spawn_mail(self) -> None:
        command = [
            sys.executable, "-m", "bench.storm.mail", "--port", str(self._mail_port),
            "--ledger", str(self.mail_ledger), "--busy", str(self._busy),
        ]  # fmt: skip
        self._helper("mail", command)

    def _helper(self, name: str, command: list[str]) -> None:
        """The judges are never killed."""
        log = self.folder / f"{name}.log"
        process = spawn(command, log=log, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)})
        self._stack.callback(partial(end, process))
        ends = time.monotonic() + 30
        while not (log.exists() and log.read_text()):
            if time.monotonic() > ends or process.poll() is not None:
                raise RuntimeError(f"{name} does not start: {log.read_text()}")
            time.sleep(0.05)

    def _environment(self, settings: str) -> dict[str, str]:
        sms = {
            name: provider_url(name, self.gateway.port, secret=SECRET)
            for name in ("smsmode", "brevo")
        }
        return {
            "DJANGO_SETTINGS_MODULE": settings,
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.redis.url,
            "DEMO": "1",
            "LOG_LEVEL": "WARNING",
            "PUBLIC_URL": f"http://127.0.0.1:{self.port}",
            "PORT": str(self.port),
            "STATIC_ROOT": str(self.folder / "static"),
            "TRUSTED_PROXIES": "127.0.0.1/32",
            "EMAIL_URL": f"smtp://127.0.0.1:{self._mail_port}",
            "SMS_URL": sms["smsmode"],
            "SMS_FALLBACK_URL": sms["brevo"],
            "SMS_SENDER": "CD35INFO",
            "PYTHONPATH": str(ROOT),
            **HASTE,
        }

    def prepare(self) -> None:
        """Tables and reference data; the database notes when each transaction was committed."""
        with psycopg.connect(self.postgres.url, autocommit=True) as link:
            link.execute("ALTER SYSTEM SET track_commit_timestamp = on")
        self.restart_postgres()
        subprocess.run(
            [sys.executable, "-m", "config.prepare"],
            check=True,
            cwd=ROOT,
            env=os.environ | self.environment,
            stdout=subprocess.DEVNULL,
        )

    def start(self) -> None:
        options = Options(port=self.port, var=self.folder, is_empty=True, workers=WEB)
        self._part("web", web_command(options))
        log = self.folder / "web.log"
        server = Server(name="web", url="", log=log, process=self.parts[0].process)
        wait_for_web(options, partial(supervision.check, server))
        for number in range(self._workers):
            self._part(
                f"worker{number}",
                _celery(
                    "worker", "--concurrency=2", "--queues=delivery,default,bulk",
                    "--without-gossip", f"--hostname=w{number}@%h",
                ),
            )  # fmt: skip
        for number in range(self._beats):
            schedule = self.folder / f"beat{number}-schedule"
            self._part(f"beat{number}", _celery("beat", f"--schedule={schedule}", "--pidfile="))

    def _part(self, name: str, command: list[str]) -> None:
        part = Part(name, command, self.folder / f"{name}.log", self.environment)
        self._stack.callback(lambda: end(part.process))
        self.parts.append(part)

    def named(self, prefix: str) -> list[Part]:
        return [part for part in self.parts if part.name.startswith(prefix)]

    def revive(self) -> None:
        for part in self.parts:
            part.revive()

    def restart_postgres(self) -> None:
        """As after a power cut: no goodbye to anybody (`pg_ctl restart -m immediate`)."""
        self.postgres.process.send_signal(signal.SIGQUIT)
        self.postgres.process.wait(30)
        was = self.postgres.url
        self.postgres = start_postgres(self.folder / "pg", durable=True)
        if self.postgres.url != was:
            raise RuntimeError("PostgreSQL came back at another address")

    def kill_redis(self) -> None:
        self.redis.process.kill()
        self.redis.process.wait()
        process = spawn(self.redis.process.args, log=self.redis.log)  # type: ignore[arg-type]
        self.redis = replace(self.redis, process=process)

    @contextmanager
    def frozen_redis(self) -> Iterator[None]:
        self.redis.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.redis.process.send_signal(signal.SIGCONT)

    def receipts(self, *, copies: int) -> None:
        """The gateway tells of each message from now on, so many times and in any order, among
        receipts that nobody should believe. With none, a lost answer has to be asked for."""
        states = ("sent", "delivered") if copies else ()
        self.gateway.receipts(*states, copies=copies, spread=1.0, wrong=bool(copies))


@contextmanager
def world(
    folder: Path,
    *,
    settings: str = "bench.settings",
    workers: int = WORKERS,
    beats: int = BEATS,
    busy: float = 0.03,
) -> Iterator[World]:
    """Started in order; all of it is ended whatever happens. `busy`: mails put off, a share."""
    with ExitStack() as stack:
        here = World(folder, stack, settings=settings, workers=workers, beats=beats, busy=busy)
        here.prepare()
        here.start()
        yield here


def _celery(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "celery", "--app=config.celery", "--quiet", *arguments]


def _children(parent: int) -> list[int]:
    """Processes it has started, but for Python's helper beside them."""
    try:
        found = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="utf-8").split()
        return [
            pid
            for pid in map(int, found)
            if b"resource_tracker" not in Path(f"/proc/{pid}/cmdline").read_bytes()
        ]
    except FileNotFoundError:
        return []
