"""What the layout of every page shows; from settings only: a frame must not cost a query."""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest


@dataclass(frozen=True, kw_only=True)
class Site:
    department: str
    is_demo: bool
    idle_seconds: int


def site(_request: HttpRequest) -> dict[str, Site]:
    return {
        "site": Site(
            department=settings.DEPARTMENT_NAME,
            is_demo=settings.DEMO,
            idle_seconds=settings.IDLE_MINUTES * 60,
        )
    }
