"""What is configured of the staff's own directory (OpenID Connect); no Django, settings read it."""

from __future__ import annotations

from typing import NamedTuple


class Directory(NamedTuple):
    """Where staff may log in beside their password, and which of its `amr` or `acr` values stand
    for a second factor that is accepted here."""

    name: str
    issuer: str
    client_id: str
    client_secret: str
    trusted: tuple[str, ...]
