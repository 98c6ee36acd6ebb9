"""A refusal as a page: what happened in plain words, what to do next, and the right status."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from booking.errors import Refusal


class Step(NamedTuple):
    """One thing a person can do next."""

    url: str
    label: str


def default_steps() -> list[Step]:
    return [
        Step(reverse("home"), _("Prendre un autre rendez-vous")),
        Step(reverse("mine"), _("Voir mes rendez-vous")),
        Step(reverse("centres"), _("Appeler un centre")),
    ]


def sentence(refusal: Refusal) -> str:
    """What happened, and how many tries are left where they are counted."""
    left = refusal.details.get("left")
    if not isinstance(left, int):
        return _(refusal.message)
    tries = ngettext("Il vous reste %(left)s essai.", "Il vous reste %(left)s essais.", left)
    return f"{_(refusal.message)} {tries % {'left': left}}"


def page(
    request: HttpRequest,
    refusal: Refusal,
    *,
    steps: Sequence[Step] = (),
    template: str = "pages/refusal.html",
    **context: Any,
) -> HttpResponse:
    """The page of a refusal. `steps` lead on from it; without any, the usual ones."""
    context |= {
        "refusal": refusal,
        "message": _(refusal.message),
        "steps": steps or default_steps(),
    }
    response = render(request, template, context, status=refusal.status)
    if refusal.status == 429:
        response["Retry-After"] = "600"
    return response
