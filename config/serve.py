"""Runs all of Emgav on one machine: databases, web, worker and beat live and end together."""

import argparse
import errno
import fcntl
import os
import secrets
import shlex
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType

import psycopg
import redis

from config import env, listening, supervision
from config.embedded import Server, ServerError, end, last_line, spawn, start_postgres, start_redis
from config.supervision import Child, ChildDied

HOST = listening.HOME
ROOT = Path(__file__).resolve().parent.parent
WEB_START_SECONDS = 60
LOG_INS = "demo-logins.txt"
# More threads fight for the interpreter and for database sessions: measured, two book the most.
WEB_THREADS = 2


class Refusal(Exception):
    """Why it cannot start, in one line for the person at the terminal."""


class Stop(Exception):
    """Ctrl-C, or a request to end from outside."""


@dataclass(frozen=True, kw_only=True)
class Options:
    host: str = HOST
    port: int
    var: Path
    is_empty: bool
    workers: int

    @property
    def reached_at(self) -> str:
        """Under which address other devices find it; on this machine alone, `localhost`."""
        if self.host == HOST:
            return "localhost"
        address = listening.own_address() if self.host in listening.EVERYWHERE else self.host
        return f"[{address}]" if ":" in address else address

    @property
    def asked_at(self) -> str:
        """Where this very process asks whether it answers."""
        if self.host in listening.EVERYWHERE:
            return HOST
        return f"[{self.host}]" if ":" in self.host else self.host


def main(arguments: list[str]) -> int:
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, _raise_stop)
    try:
        run(_options(arguments))
    except (Refusal, ServerError) as error:
        sys.stderr.write(f"bin/serve: {error}\n")
        return env.EXIT_BAD_SETTING
    except ChildDied as error:
        sys.stderr.write(f"bin/serve: {error}\n")
        return 1
    except Stop:
        _say("Stopped.")
    return 0


def run(options: Options) -> None:
    """Everything that is started is registered for its end before the next thing starts."""
    with ExitStack() as stack:
        logs = _open_folder(options.var)
        stack.enter_context(_only_one(options.var))
        _check_port(options)
        servers = _data_servers(options, logs, stack)
        _set_environment(options, servers)
        _prepare(options, logs)
        children = _start_processes(options, logs, stack)
        wait_for_web(options, partial(_check_start, servers, children))
        _announce(options)
        _watch(servers, children)


def _options(arguments: list[str]) -> Options:
    parser = argparse.ArgumentParser(prog="bin/serve", description=__doc__)
    default_port = env.number("PORT", 8000, least=1, most=65535)
    parser.add_argument(
        "--port",
        type=_whole(1, 65535),
        default=default_port,
        metavar="N",
        help="default %(default)s",
    )
    parser.add_argument(
        "--host",
        type=listening.address,
        default=HOST,
        metavar="IP",
        help="where to listen, default %(default)s: this machine alone; 0.0.0.0: a telephone on the"
        " same network may open it too, and so may everybody there",
    )
    parser.add_argument(
        "--var", type=Path, default=ROOT / "var", metavar="DIR", help="where all data is kept"
    )
    parser.add_argument(
        "--empty", action="store_true", help="no demo families and appointments on the first run"
    )
    parser.add_argument(
        "--workers", type=_whole(1, 64), default=2, metavar="N", help="web processes, default 2"
    )
    given = parser.parse_args(arguments)
    return Options(
        host=given.host,
        port=given.port,
        var=given.var.resolve(),
        is_empty=given.empty,
        workers=given.workers,
    )


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        if not value.isascii() or not value.isdigit() or not least <= int(value) <= most:
            raise argparse.ArgumentTypeError(f"{value!r} is no whole number from {least} to {most}")
        return int(value)

    return read


def _open_folder(var: Path) -> Path:
    logs = var / "log"
    try:
        logs.mkdir(parents=True, exist_ok=True)
        probe = var / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise Refusal(
            f"cannot write in {var} ({error.strerror}): choose another folder with --var"
        ) from error
    return logs


@contextmanager
def _only_one(var: Path) -> Iterator[None]:
    with (var / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.seek(0)
            raise Refusal(
                f"another bin/serve uses {var} (process {lock.read().strip() or 'unknown'})"
            ) from error
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        _set_aside_logs(var / "log")
        yield


def _set_aside_logs(logs: Path) -> None:
    """One earlier run is kept: enough to read why it ended, and logs cannot fill the disk."""
    for log in logs.glob("*.log"):
        log.replace(log.with_suffix(".log.1"))


def _check_port(options: Options) -> None:
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((options.host, options.port))
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                raise Refusal(f"{options.host} is no address of this machine") from error
            raise Refusal(
                f"port {options.port} cannot be used ({error.strerror}): choose another with --port"
            ) from error


def _check_database(url: str) -> None:
    env.database("DATABASE_URL", url)
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[0]
        raise Refusal(f"DATABASE_URL: PostgreSQL cannot be reached: {reason}") from error


def _check_redis(url: str) -> None:
    env.redis("REDIS_URL", url)
    try:
        with redis.Redis.from_url(url, socket_timeout=3, socket_connect_timeout=3) as client:
            client.ping()
    except (redis.RedisError, ValueError) as error:
        raise Refusal(f"REDIS_URL: Redis cannot be reached: {error}") from error


def _data_servers(options: Options, logs: Path, stack: ExitStack) -> list[Server]:
    """Checks the servers that were given, and starts those that were not."""
    database_url, redis_url = env.text("DATABASE_URL"), env.text("REDIS_URL")
    if database_url:
        _check_database(database_url)
    if redis_url:
        _check_redis(redis_url)
    servers = []
    if not database_url:
        servers.append(start_postgres(options.var / "postgres", log=logs / "postgres.log"))
        stack.callback(servers[-1].stop)
        os.environ["DATABASE_URL"] = servers[-1].url
    if not redis_url:
        servers.append(start_redis(options.var / "redis", log=logs / "redis.log"))
        stack.callback(servers[-1].stop)
        os.environ["REDIS_URL"] = servers[-1].url
    return servers


def _set_environment(options: Options, servers: list[Server]) -> None:
    """What the children need; also left in a file, so that manage.py can use the same data."""
    settings = {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DEMO": os.environ.get("DEMO", "1"),
        "PORT": str(options.port),
        "STATIC_ROOT": str(options.var / "static"),
        "SECRET_KEY": env.text("SECRET_KEY") or _own_secret_key(options.var),
    }
    if settings["DEMO"] == "1" and not env.text("PUBLIC_URL"):
        settings["PUBLIC_URL"] = f"http://{options.reached_at}:{options.port}"
    os.environ.update(settings)
    os.environ.pop("SECRET_KEY_FILE", None)
    urls = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL") if name in os.environ}
    _write_private(
        options.var / "env",
        "".join(f"export {k}={shlex.quote(v)}\n" for k, v in (settings | urls).items()),
    )


def _own_secret_key(var: Path) -> str:
    file = var / "secret-key"
    if not file.exists():
        _write_private(file, secrets.token_urlsafe(50))
    return file.read_text(encoding="utf-8").strip()


def _write_private(file: Path, content: str) -> None:
    file.touch(mode=0o600)
    file.write_text(content, encoding="utf-8")


def _prepare(options: Options, logs: Path) -> None:
    """The first run on a folder decides for good whether it holds the demo."""
    first_run_over = options.var / "prepared"
    is_first = not first_run_over.exists()
    log_ins = options.var / LOG_INS
    demo = ["--demo", str(log_ins)] if is_first and not options.is_empty else []
    if is_first:
        _say(
            "First run: the database is being built"
            + (" and filled with a demo Département…" if demo else "…")
        )
    log = logs / "prepare.log"
    process = spawn([sys.executable, "-m", "config.prepare", *demo], log=log, cwd=ROOT)
    try:
        failed = process.wait()
    finally:
        end(process)
    if failed == env.EXIT_BAD_SETTING:
        raise Refusal(last_line(log).removeprefix("emgav: "))
    if failed:
        raise Refusal(f"the database could not be prepared: {last_line(log)} (all of it: {log})")
    first_run_over.touch()


def _start_processes(options: Options, logs: Path, stack: ExitStack) -> list[Child]:
    commands = {
        "web": web_command(options),
        # Two of its processes send messages all the time (settings.SENDERS).
        "worker": _celery(
            "worker", "--concurrency=4", "--queues=delivery,default,bulk", "--without-gossip"
        ),
        "beat": _celery("beat", f"--schedule={options.var / 'beat-schedule'}", "--pidfile="),
    }
    started = []
    for name, command in commands.items():
        child = Child(name=name, command=command, log=logs / f"{name}.log", folder=ROOT)
        stack.callback(child.stop)
        started.append(child)
    return started


def _celery(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "celery", "--app=config.celery", "--quiet", *arguments]


def web_command(options: Options) -> list[str]:
    return [
        sys.executable, "-m", "granian", "config.wsgi:application",
        "--interface", "wsgi", "--http", "1", "--no-ws",
        "--host", options.host, "--port", str(options.port), "--backlog", "2048",
        "--workers", str(options.workers), "--blocking-threads", str(WEB_THREADS),
        "--respawn-failed-workers", "--respawn-interval", "0.5", "--workers-kill-timeout", "10",
    ]  # fmt: skip


def _check_start(servers: list[Server], children: list[Child]) -> None:
    """While it starts nothing is forgiven: a process that ends now would end again."""
    for server in servers:
        supervision.check(server)
    for child in children:
        child.check()


def wait_for_web(options: Options, check: Callable[[], None]) -> None:
    """Until it answers; `check` raises what makes waiting useless."""
    deadline = time.monotonic() + WEB_START_SECONDS
    while time.monotonic() < deadline:
        check()
        try:
            with urllib.request.urlopen(
                f"http://{options.asked_at}:{options.port}/healthz", timeout=2
            ):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise ChildDied(f"the web server did not answer within {WEB_START_SECONDS} s")


def _announce(options: Options) -> None:
    address = f"http://{options.reached_at}:{options.port}"
    lines = [
        "",
        f"Emgav is running:      {address}/",
        f"Messages of the demo:  {address}/demo/inbox",
        f"Administration:        {address}/admin/",
        f"Codes to log in:       {address}/demo/codes",
        f"Logs and data:         {options.var}",
    ]
    log_ins = options.var / LOG_INS
    if log_ins.exists():
        lines += ["", log_ins.read_text(encoding="utf-8").strip()]
    if os.environ.get("DEMO") == "1":
        clock = f". {shlex.quote(str(options.var / 'env'))} && {shlex.quote(sys.executable)}"
        lines += [
            "",
            f"Send the reminders of the next 3 days now: {clock} manage.py demo_clock --days 3",
        ]
    _say("\n".join([*lines, "", "Ctrl-C stops all of it; the data stays."]))


def _watch(servers: list[Server], children: list[Child]) -> None:
    while True:
        for server in servers:
            supervision.check(server)
        for child in children:
            child.keep()
        time.sleep(0.3)


def _raise_stop(_signum: int, _frame: FrameType | None) -> None:
    # A second Ctrl-C must not interrupt the orderly end of the children.
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, signal.SIG_IGN)
    raise Stop


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
