"""What a family typed, carried along when the step it was typed for cannot end as planned."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.conf import settings
from django.http import QueryDict

TEXTS = (
    "child_first_name",
    "first_name",
    "last_name",
    "email",
    "phone",
    "contact_channel",
    "message_language",
    "offered_language",
    "needs_interpreter",
)
DATES = ("child_born_on", "due_on")
PARTS = ("day", "month", "year")

Fields = list[tuple[str, str]]


def from_post(post: QueryDict) -> Fields:
    """The details in a form that was sent, as hidden fields for another."""
    names = (*TEXTS, *(f"{name}_{part}" for name in DATES for part in PARTS))
    return [(name, value[:254]) for name in names if (value := post.get(name, ""))]


def from_payload(payload: Mapping[str, Any]) -> Fields:
    """The same from what waited for a code."""
    fields = [
        (name, "on" if payload[name] is True else str(payload[name]))
        for name in TEXTS
        if payload.get(name)
    ]
    for name in DATES:
        if payload.get(name):
            on = date.fromisoformat(payload[name])
            numbers = (on.day, on.month, on.year)
            fields += [(f"{name}_{p}", str(n)) for p, n in zip(PARTS, numbers, strict=True)]
    return fields


def as_initial(post: Mapping[str, str]) -> dict[str, Any]:
    """The first values of a form that shows what was typed again, right or wrong, unjudged. A
    page's own language that nobody changed follows the page."""
    initial: dict[str, Any] = {name: post[name] for name in TEXTS if name in post}
    language = initial.get("message_language")
    if language == initial.get("offered_language") and language in dict(settings.LANGUAGES):
        del initial["message_language"], initial["offered_language"]
    for name in DATES:
        initial[name] = [post.get(f"{name}_{part}", "") for part in PARTS]
    return initial
