"""`bin/test`: linters, fast tests, those in a browser, then those that kill processes."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from config.embedded import ServerError
from tests import html_checker, template
from tests import parts as marked
from tests.servers import provide_servers

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
HOUSES = ["config", "frontend", "booking", "centres", "notifications"]
SLOW = "browser or faults"
CLOSING_LINE = re.compile(r"=+ .* in [\d.]+s.* =+")
# The same engine without windows: each new visitor takes a quarter of the time of a full Chromium.
LIGHT = "chromium-headless-shell"
BROWSERS = [LIGHT, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]


class MissingToolError(Exception):
    """A tool that the tests need is neither here nor can be installed from here."""


@dataclass(frozen=True, kw_only=True)
class Result:
    name: str
    is_green: bool
    closing: str = ""


def main(arguments: list[str]) -> int:
    started = time.monotonic()
    is_fast = arguments[:1] == ["fast"]
    given = arguments[1:] if is_fast else arguments
    os.environ["DEMO"] = "1"
    try:
        with ExitStack() as stack:
            if not is_fast:
                provide_tools()
            provide_servers(stack)
            stack.enter_context(template.named())
            results = check_all() + run_tests(given, is_fast=is_fast)
    except (MissingToolError, ServerError) as error:
        sys.stderr.write(f"bin/test: {error}\n")
        return 2
    red = [result.name for result in results if not result.is_green]
    verdict = f"RED ({', '.join(red)})" if red else "green"
    closing = " ".join(result.closing for result in results if result.closing)
    say(f"bin/test: {verdict} in {time.monotonic() - started:.0f} s: {closing}")
    return 1 if red else 0


def check_all() -> list[Result]:
    python = sys.executable
    templates = sorted(str(path) for house in HOUSES for path in Path(house).rglob("*.html"))
    commands: dict[str, Sequence[str | Path]] = {
        "mypy": [BIN / "mypy"],
        "database": [python, "-m", "tests.template"],
        "ruff check": [BIN / "ruff", "check", "."],
        "ruff format": [BIN / "ruff", "format", "--check", "."],
        "import-linter": [BIN / "lint-imports"],
        "djade": [BIN / "djade", "--check", "--target-version", "5.2", *templates],
        "migrations": [python, "manage.py", "makemigrations", "--check", "--dry-run"],
        "django check": [python, "manage.py", "check", "--fail-level", "WARNING"],
    }
    with ThreadPoolExecutor(max_workers=2) as pool:
        return list(pool.map(check, commands, commands.values()))


def check(name: str, command: Sequence[str | Path]) -> Result:
    started = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    is_green = done.returncode == 0
    say(f"{name:15} {'ok' if is_green else 'FAILED'}  {time.monotonic() - started:.1f} s")
    if not is_green:
        say(done.stdout + done.stderr)
    return Result(name=name, is_green=is_green)


def run_tests(given: list[str], *, is_fast: bool) -> list[Result]:
    """A part where the given arguments select nothing is fine if another part has something."""
    parts = [pytest("fast tests", ["-n", "2", "-m", f"not ({SLOW})", *given])]
    if not is_fast:
        # Two of these take as long as all others: each is given out alone, so that both cores work.
        by_one = ["-n", "2", "--maxschedchunk", "1"]
        browser = ["-m", "browser and not faults", *given, *files_of("browser", given)]
        with html_checker.shared():
            parts.append(pytest("browser tests", [*by_one, *browser]))
        # A file stays in one process: what it starts, kills or races is its own, and its waits
        # leave the other core to another file.
        by_file = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
        faults = ["-m", "faults", *given, *files_of("faults", given)]
        parts.append(pytest("fault tests", [*by_file, *faults]))
    has_run = [part for part in parts if "no tests ran" not in part.closing]
    return (has_run or parts) if given else parts


def files_of(marker: str, given: list[str]) -> list[str]:
    """Only these need to be read, unless the arguments name files themselves."""
    if any(Path(ROOT, argument.partition("::")[0]).exists() for argument in given):
        return []
    return sorted(str(path.relative_to(ROOT)) for path in marked.files(marker))


def pytest(name: str, arguments: list[str]) -> Result:
    command = [sys.executable, "-m", "pytest", *arguments]
    closing = "pytest did not finish"
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            if CLOSING_LINE.fullmatch(line.strip()):
                closing = line.strip()
    return Result(name=name, is_green=process.returncode == 0, closing=closing)


def provide_tools() -> None:
    """A browser and Java from the path, else by apt-get for root, else Playwright's browser."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        apt_install_missing()
    if not shutil.which("java"):
        raise MissingToolError("the HTML checker needs Java: install a JRE, or use `bin/test fast`")
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser:
        os.environ.setdefault("CHROMIUM", browser)
    elif "CHROMIUM" not in os.environ:
        download = [sys.executable, "-m", "playwright", "install", "chromium-headless-shell"]
        if subprocess.run(download, check=False).returncode:
            raise MissingToolError("no browser: install Chromium, or use `bin/test fast`")


def apt_install_missing() -> None:
    if not any(map(shutil.which, BROWSERS)):
        apt_install(LIGHT) or apt_install("chromium")
    elif not shutil.which(LIGHT):
        apt_install(LIGHT, is_needed=False)
    if not shutil.which("java"):
        apt_install("default-jre-headless")


def apt_install(package: str, *, is_needed: bool = True) -> bool:
    """Whether it is there now. What is only wished for may fail, at once and in silence."""
    say(f"Installing {package}…")
    install = ["apt-get", "install", "-q", "-y", "--no-install-recommends", package]
    commands = [["apt-get", "update", "-q"], install]
    if not is_needed:
        commands = [[*install, "-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=10"]]
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in commands:
        done = subprocess.run(command, env=quiet, capture_output=True, text=True, check=False)
        if done.returncode and is_needed:
            say(done.stderr.strip())
    return done.returncode == 0


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
