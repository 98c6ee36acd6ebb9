"""Files are taken by the pages that ask for one, and by no other: those get 413 (views.errors)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.core.exceptions import RequestDataTooBig, TooManyFilesSent
from django.core.files.uploadhandler import MemoryFileUploadHandler

# Of a spreadsheet of a few hundred lines; what is read of it is limited closer.
MOST_BYTES = 200_000
View = TypeVar("View", bound=Callable[..., Any])


def takes_a_file(view: View) -> View:
    """Let this view's form carry one file."""
    view.takes_a_file = True  # type: ignore[attr-defined]
    return view


class OnlyWhereAsked(MemoryFileUploadHandler):
    """Keeps a small file in memory, for the views marked so; forms elsewhere carry none."""

    def new_file(self, *args: Any, **options: Any) -> None:
        match = self.request.resolver_match if self.request else None
        if not getattr(getattr(match, "func", None), "takes_a_file", False):
            raise TooManyFilesSent
        super().new_file(*args, **options)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        if start + len(raw_data) > MOST_BYTES:
            raise RequestDataTooBig
        return super().receive_data_chunk(raw_data, start)
