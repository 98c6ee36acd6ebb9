"""Administration of places, people, types and opening hours: consequences go through actions."""

from centres.admin import opening, people, places, shifts

__all__ = ["opening", "people", "places", "shifts"]
