"""A refusal as a page: what happened in plain words, what to do next, and the right status."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from booking.errors import Refusal
from booking.wording import spoken_instant
from centres.models import Centre
from frontend.templatetags.emgav import phone, tel


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
    """What happened, how many tries are left where they are counted, and until when it is so where
    that is known."""
    left, again_at = refusal.details.get("left"), refusal.details.get("again_at")
    if isinstance(again_at, datetime):
        return _(refusal.message) % {"again": spoken_instant(timezone.localtime(again_at))}
    if not isinstance(left, int):
        return _(refusal.message)
    tries = ngettext("Il vous reste %(left)s essai.", "Il vous reste %(left)s essais.", left)
    return f"{_(refusal.message)} {tries % {'left': left}}"


def call(centre: Centre) -> Step:
    """The telephone of a centre that can help."""
    return Step(f"tel:{tel(centre.phone)}", f"{_('Appeler le centre :')} {phone(centre.phone)}")


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
        "message": sentence(refusal),
        "steps": steps or default_steps(),
    }
    response = render(request, template, context, status=refusal.status)
    if refusal.status == 429:
        response["Retry-After"] = str(_seconds_to(refusal.details.get("again_at")))
    return response


def _seconds_to(again_at: object) -> int:
    if not isinstance(again_at, datetime):
        return 600
    return seconds_of(again_at - timezone.now())  # noqa: TID251  for the header alone


def seconds_of(wait: timedelta) -> int:
    """Rounded up: whoever comes back then is let in."""
    return max(1, math.ceil(wait.total_seconds()))
