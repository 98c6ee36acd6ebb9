"""Administration of places, people, types and opening hours: consequences go through actions."""

from centres.admin import childhood, opening, people, places, shifts

__all__ = ["childhood", "opening", "people", "places", "shifts"]
