"""One stylesheet and one script per page without a build step: a finder that joins the small files.

`collectstatic` then hashes and compresses `frontend/site.css` and `frontend/site.js` as any other.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.finders import BaseFinder
from django.contrib.staticfiles.utils import matches_patterns
from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage

SOURCES = Path(__file__).resolve().parent / "static" / "frontend"


COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def stylesheet(folder: str = "css") -> str:
    """The layers' order comes first; after it the order of the files decides nothing. What is
    said to who reads the files is no weight on a page."""
    files = sorted(
        SOURCES.glob(f"{folder}/*.css"), key=lambda file: (file.stem != "layers", file.name)
    )
    lines = (
        line.strip()
        for file in files
        for line in COMMENT.sub("", file.read_text(encoding="utf-8")).split("\n")
    )
    return "\n".join(line for line in lines if line)


def script(folder: str = "js", names: str = "*.js") -> str:
    """Each file keeps its own names by standing in a block; none imports or exports."""
    files = sorted(SOURCES.glob(f"{folder}/{names}"))
    return "\n".join(f"{{\n{file.read_text(encoding='utf-8')}}}" for file in files)


# What only staff need is no weight on a family's page: it comes after what all have.
BUNDLES: dict[str, Callable[[], str]] = {
    "frontend/site.css": stylesheet,
    "frontend/site.js": script,
    "frontend/staff.css": partial(stylesheet, "css/staff"),
    "frontend/idle.js": partial(script, "js/staff", "idle.js"),
    "frontend/signin.js": partial(script, "js/signin"),
    "frontend/staff.js": partial(script, "js/staff"),
}


class BundleStorage(Storage):
    """Read only. It tells no modification time, so each collectstatic writes the bundles anew."""

    def _open(self, name: str, mode: str = "rb") -> "File[bytes]":
        return ContentFile(BUNDLES[name]().encode(), name=name)

    def exists(self, name: str) -> bool:
        return name in BUNDLES

    def path(self, name: str) -> str:
        """collectstatic shows it in its log."""
        return str(SOURCES / name)


class BundleFinder(BaseFinder):
    """Goes into STATICFILES_FINDERS after the finders of real files."""

    storage = BundleStorage()

    def find(self, path: str, find_all: bool = False) -> Any:  # noqa: FBT001, FBT002  Django's own
        """A bundle is no file before collectstatic has run."""
        return []

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Storage]]:
        for path in BUNDLES:
            if not matches_patterns(path, ignore_patterns or []):
                yield path, self.storage
