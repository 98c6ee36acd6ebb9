"""How often one address may post: up to `calm` freely, up to `most` after a small proof of work.

Behind one address may stand a whole centre, a housing block or a mobile operator, so the calm
limits are far above one family's needs and the hard ones far above a queue of families.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from hashlib import sha256
from typing import Concatenate, NamedTuple, ParamSpec

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from booking import throttle
from frontend import pow

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


class Budget(NamedTuple):
    """What one address may do in a window of `seconds`."""

    name: str
    calm: int
    most: int
    seconds: int = 600


# Each hold keeps a time from others for 15 minutes: few are free, and nobody empties a centre.
HOLDS = Budget("hold", 20, 120)
DETAILS = Budget("who", 60, 300)
CODES = Budget("code", 60, 300)
SMALL = Budget("small", 120, 600)
# Codes sent to one contact: nobody's mailbox is flooded from here, whatever the address asking.
SENDS_PER_CONTACT = 8
SENDS_WINDOW = 3600


def client_of(request: HttpRequest) -> str:
    """The address counted: an IPv4 one, or the /64 an IPv6 subscriber holds."""
    peer = str(request.META.get("REMOTE_ADDR", ""))
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return "unknown"
    if address.version == 6:
        return str(ipaddress.ip_network((address, 64), strict=False).network_address)
    return peer


def limited(budget: Budget) -> Callable[[View[P]], View[P]]:
    """Count each POST of the view; ask for a proof of work when there are many, refuse too many."""

    def guard(view: View[P]) -> View[P]:
        @wraps(view)
        def counted(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if request.method == "POST":
                now = timezone.now()  # noqa: TID251  a decorator of views stands at the edge with them
                client = client_of(request)
                key = f"{budget.name}:{client}"
                tries = throttle.tries(key=key, seconds=budget.seconds, now=now)
                if tries > budget.most:
                    return too_many(request, budget.seconds)
                if tries > budget.calm and not pow.is_proved(request.POST, client=client, now=now):
                    return pow.ask(request, client=client, now=now)
            return view(request, *args, **kwargs)

        return counted

    return guard


def may_send_code(email: str, *, now: datetime) -> bool:
    """Whether one more code may go to this contact now. Its key tells nobody the address."""
    digest = sha256(email.lower().encode()).hexdigest()[:32]
    return throttle.allow(
        key=f"sends:{digest}", limit=SENDS_PER_CONTACT, seconds=SENDS_WINDOW, now=now
    )


def too_many(request: HttpRequest, seconds: int) -> HttpResponseBase:
    response = render(request, "429.html", status=429)
    response["Retry-After"] = str(seconds)
    return response
