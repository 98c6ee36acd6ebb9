"""bin/serve: refuses clearly, becomes ready, keeps its data, ends whole."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from config.embedded import free_port
from config.serve import Options
from config.supervision import MOST_ENDS

ENVIRONMENT = {
    key: value
    for key, value in os.environ.items()
    if key not in {"DATABASE_URL", "REDIS_URL", "STATIC_ROOT", "DJANGO_SETTINGS_MODULE"}
} | {"PYTHONPATH": str(Path.cwd())}


@pytest.fixture
def var() -> Iterator[Path]:
    """Not tmp_path: any start of pytest closes its parent to others, as root's PostgreSQL is."""
    with tempfile.TemporaryDirectory(prefix="emgav-serve-") as folder:
        yield Path(folder)


def start(*arguments: str, **environment: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "config.serve", *arguments],
        env=ENVIRONMENT | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def refusal(*arguments: str, **environment: str) -> str:
    process = start(*arguments, **environment)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert errors.count("\n") == 1, errors
    return errors


def get(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


@contextmanager
def served(var: Path, port: int) -> Iterator["subprocess.Popen[str]"]:
    process = start("--empty", "--var", str(var), "--port", str(port))
    try:
        deadline = time.monotonic() + 120
        while get(port, "/readyz") != 200:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.2)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


def test_a_taken_port_gets_one_line(var: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert f"port {port} cannot be used" in refusal("--var", str(var), "--port", port)


def test_a_place_to_listen_that_is_none_is_refused(var: Path) -> None:
    port = str(free_port())
    said = refusal("--var", str(var), "--port", port, "--host", "192.0.2.1")
    assert "192.0.2.1 is no address of this machine" in said
    process = start("--var", str(var), "--port", port, "--host", "telephone")
    assert "'telephone' is no IP address" in process.communicate(timeout=60)[1]
    assert process.returncode == 2


def test_on_the_whole_network_it_is_found_under_its_own_address_and_asked_at_home() -> None:
    everywhere = Options(host="0.0.0.0", port=1, var=Path(), is_empty=True, workers=1)  # noqa: S104
    assert everywhere.reached_at != "0.0.0.0"  # noqa: S104
    assert everywhere.asked_at == "127.0.0.1"
    alone = Options(port=1, var=Path(), is_empty=True, workers=1)
    assert (alone.reached_at, alone.asked_at) == ("localhost", "127.0.0.1")


def test_a_folder_that_cannot_be_written_gets_one_line(var: Path) -> None:
    (var / "file").touch()
    assert "cannot write in" in refusal("--var", str(var / "file"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "nonsense"),
        ("DATABASE_URL", "postgresql://u:p@127.0.0.1:1/x"),
        ("REDIS_URL", "redis://127.0.0.1:1/0"),
        ("PORT", "eighty"),
    ],
)
def test_a_bad_variable_gets_one_line(var: Path, name: str, value: str) -> None:
    port = [] if name == "PORT" else ["--port", str(free_port())]
    assert f"{name}: " in refusal("--var", str(var), *port, **{name: value})


@pytest.mark.faults
def test_it_becomes_ready_refuses_a_twin_and_ends_whole(var: Path) -> None:
    port = free_port()
    with served(var, port) as process:
        assert get(port, "/healthz") == 200
        errors = refusal("--var", str(var), "--port", str(free_port()))
        assert f"(process {process.pid})" in errors
    assert process.returncode == 0
    assert get(port, "/healthz") == 0
    with served(var, port):
        assert get(port, "/readyz") == 200


def child_of(process: "subprocess.Popen[str]", command: bytes) -> int:
    """The process id of the child with this word in its command; 0 while there is none."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    for pid in map(int, children):
        try:
            if command in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
                return pid
        except FileNotFoundError:
            continue
    return 0


def kill(process: "subprocess.Popen[str]", command: bytes) -> int:
    """Kill that child once it is there."""
    deadline = time.monotonic() + 20
    while not (pid := child_of(process, command)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    return pid


@pytest.mark.faults
def test_a_killed_process_is_started_again_unless_it_keeps_dying(var: Path) -> None:
    port = free_port()
    with served(var, port) as process:
        for command in (b"granian", b"worker"):
            former = kill(process, command)
            deadline = time.monotonic() + 20
            while child_of(process, command) in (0, former) or get(port, "/readyz") != 200:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        formers = {kill(process, b"beat")}
        while len(formers) < MOST_ENDS:
            if child_of(process, b"beat") not in formers | {0}:
                formers.add(kill(process, b"beat"))
            time.sleep(0.05)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "bin/serve: web ended and is started again" in errors
    assert "bin/serve: beat ended with code -9" in errors
    assert get(port, "/healthz") == 0
