"""How often one address may ask: up to `calm` freely, up to `most` after a small proof of work.

Behind one address may stand a whole centre, a housing block or a mobile operator, so the calm
limits are far above one family's needs and the hard ones far above a queue of families.
"""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Concatenate, NamedTuple, ParamSpec

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.crypto import salted_hmac

from booking import throttle, verification
from booking.actors import SMS, channel_of
from booking.errors import TooManyAttempts, TooManySms
from booking.models import Appointment
from booking.rules import HOLD_FOR
from frontend import pow
from frontend.refusals import seconds_of
from notifications.sms.numbers import Zone, zone_of

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


class Budget(NamedTuple):
    """What one address may do in a window of `seconds`. Each process tells the database only of
    every so many (`kept`): those before cost nothing. What lasts is counted for two windows."""

    name: str
    calm: int
    most: int
    seconds: int = 600
    kept: int = throttle.KEPT
    is_lasting: bool = False

    def level(self, tries: int) -> int:
        """How hard the proof of work is for so many tries: from 0, just beyond the calm ones."""
        beyond, room = tries - self.calm - 1, self.most - self.calm
        return min(pow.HARDEST, (pow.HARDEST + 1) * max(0, beyond) // room)


# Each hold keeps a time from others, for half an hour at most: few are free, nobody empties a
# centre, and never more are held at once than may be tried. One that became an appointment counts
# no more: at the hour of release a mobile operator's address stands for hundreds of families.
HOLDS = Budget("hold", 20, 60, seconds=2 * int(HOLD_FOR.total_seconds()), is_lasting=True)
DETAILS = Budget("who", 60, 300)
CODES = Budget("code", 60, 300)
SMALL = Budget("small", 120, 600)
# Each request is a call that somebody has to make.
CALLBACKS = Budget("callback", 20, 60)
# Codes sent to one contact. Whoever asks for too many is refused, not whose address it is: the wide
# limit only keeps many askers from flooding a mailbox, and is over as soon as a code's own life.
SENDS_PER_ASKER, SENDS_PER_CONTACT = 6, 20
SENDS_WINDOW = 900
# Codes by SMS cost money, and an idle finger can make a phone ring all night: a number gets three
# an hour and six a day, whoever asks. An asker's rations depend on where the numbers are; abroad,
# where SMS are asked for to earn money by them, all askers together have one too.
HOUR, DAY = 3600, throttle.DAY
SMS_PER_NUMBER_HOUR, SMS_PER_NUMBER_DAY = 3, 6


class Rations(NamedTuple):
    """Codes by SMS to one zone: an asker's by hour and by day, all askers' by day (0: no limit)."""

    asker_hour: int
    asker_day: int
    all_day: int = 0


SMS_RATIONS = {
    Zone.MAINLAND: Rations(20, 60),
    Zone.OVERSEAS: Rations(10, 20, 500),
    Zone.ABROAD: Rations(3, 6, 100),
}


class Count(NamedTuple):
    """One try more of a key, and how many a window of so many seconds allows."""

    key: str
    limit: int
    seconds: int


# Short links that open nothing, from one address: whoever mistypes one does so a few times, whoever
# guesses needs billions.
MISSES, MISSES_WINDOW = 60, 600
# A calendar address: programmes ask a few times an hour, several devices of one person at most.
READS, READS_WINDOW = 60, 600
# Searches cost the database most, and are a family's first pages: 5 a second from one address are
# free, and no family's are so many that they cost a statement more.
SEARCHES = Budget("search", 3000, 30_000, kept=100)
# Passwords tried: by an address (all desks may share one), by an address on one account, and on one
# account by all: wide, so that hammering an account hardly shuts its owner out.
LOGINS, LOGINS_ON_ACCOUNT, LOGINS_BY_ALL = 300, 10, 60
LOGINS_WINDOW = 600


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
                refused = _held_back(request, budget)
                if refused is not None:
                    return refused
            return view(request, *args, **kwargs)

        return counted

    return guard


def searching(view: View[P]) -> View[P]:
    """The same for looking at a view that searches, not for posting to it."""

    @wraps(view)
    def counted(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if request.method != "POST":
            refused = _held_back(request, SEARCHES)
            if refused is not None:
                return refused
            request.GET = pow.without_proof(request.GET)  # type: ignore[assignment] # as Django does
        return view(request, *args, **kwargs)

    return counted


def _held_back(request: HttpRequest, budget: Budget) -> HttpResponseBase | None:
    """Count one more try; the page that refuses it or asks for a proof, if it is not to go on."""
    now = timezone.now()  # noqa: TID251  decorators of views stand at the edge with them
    client = client_of(request)
    tries = throttle.tries(
        key=f"{budget.name}:{client}",
        seconds=budget.seconds,
        now=now,
        kept=budget.kept,
        is_lasting=budget.is_lasting,
    )
    if tries > budget.most:
        free_at = throttle.free_at(
            key=f"{budget.name}:{client}",
            limit=budget.most,
            seconds=budget.seconds,
            now=now,
            is_lasting=budget.is_lasting,
        )
        return _told_to_wait(request, free_at - now)
    if tries > budget.calm and not pow.is_proved(pow.given(request), client=client, now=now):
        return pow.ask(request, client=client, now=now, level=budget.level(tries))
    return None


def came_to_good(
    request: HttpRequest, held: Appointment, done: Appointment, *, now: datetime
) -> None:
    """A hold from this address became an appointment: it no longer keeps a time for nobody. What a
    second press finds `done` was given back by the first."""
    if done.changed_at != now:
        return
    throttle.give_back(
        key=f"{HOLDS.name}:{client_of(request)}",
        seconds=HOLDS.seconds,
        tried_at=held.created_at,
        now=now,
    )


def digest(text: str) -> str:
    """A key that tells nobody which e-mail address it counts."""
    return salted_hmac("frontend.limits", text.strip().lower()).hexdigest()[:32]


def check_may_send(request: HttpRequest, contact: str, *, now: datetime) -> None:
    """Raises TooManyAttempts, or TooManySms, when this visitor may have no other code sent to this
    contact now; TooManyGuesses when none would be looked at."""
    verification.check_may_guess(contact, asker=client_of(request), now=now)
    if not may_send_code(request, contact, now=now):
        raise TooManySms if channel_of(contact) == SMS else TooManyAttempts


def may_send_code(request: HttpRequest, contact: str, *, now: datetime) -> bool:
    """Whether this visitor may have one more code sent to this contact now.

    Counted alike whether the contact is known or not. What an asker is refused counts for no other.
    """
    key, client = f"sends:{digest(contact)}", client_of(request)
    counted = [
        Count(f"{key}:{client}", SENDS_PER_ASKER, SENDS_WINDOW),
        Count(key, SENDS_PER_CONTACT, SENDS_WINDOW),
    ]
    if channel_of(contact) == SMS:
        counted += _sms_counts(key, client, zone_of(contact))
    return all(
        throttle.allow(key=each.key, limit=each.limit, seconds=each.seconds, now=now)
        for each in counted
    )


def _sms_counts(number: str, client: str, zone: Zone) -> list[Count]:
    """What each SMS counts for: its asker and its number, by hour and by day; all of a zone that
    costs more, by day."""
    rations = SMS_RATIONS[zone]
    counted = [
        Count(f"sms:{zone}:{client}:h", rations.asker_hour, HOUR),
        Count(f"sms:{zone}:{client}:d", rations.asker_day, DAY),
        Count(f"{number}:h", SMS_PER_NUMBER_HOUR, HOUR),
        Count(f"{number}:d", SMS_PER_NUMBER_DAY, DAY),
    ]
    if rations.all_day:
        counted.append(Count(f"sms:{zone}", rations.all_day, DAY))
    return counted


def has_missed_often(request: HttpRequest, *, now: datetime, what: str = "short") -> bool:
    """Whether this address tried too many short links (or others, `what`) that open nothing."""
    key = f"{what}:{client_of(request)}"
    return throttle.seen(key=key, seconds=MISSES_WINDOW, now=now) >= MISSES


def count_miss(request: HttpRequest, *, now: datetime, what: str = "short") -> None:
    key = f"{what}:{client_of(request)}"
    throttle.allow(key=key, limit=MISSES, seconds=MISSES_WINDOW, now=now)


def may_read_calendar(link: int, *, now: datetime) -> bool:
    """Whether a practitioner's calendar address may be read once more now."""
    return throttle.allow(key=f"ical:{link}", limit=READS, seconds=READS_WINDOW, now=now)


def may_log_in(request: HttpRequest, account: str, *, now: datetime) -> bool:
    """Whether a password may be tried on this account, which may exist or not. Counted before it is
    looked at; what an address is refused counts for no other."""
    client, key = client_of(request), f"login:{digest(account)}"
    limits = (
        (f"login:{client}", LOGINS),
        (f"{key}:{client}", LOGINS_ON_ACCOUNT),
        (key, LOGINS_BY_ALL),
    )
    return all(
        throttle.allow(key=key, limit=limit, seconds=LOGINS_WINDOW, now=now)
        for key, limit in limits
    )


def may_begin(request: HttpRequest, way: str, *, now: datetime) -> bool:
    """Whether a log-in that names no account yet (a key's, the directory's) may be begun or tried
    once more: counted by address alone, so nobody's many tries shut out anybody elsewhere."""
    key = f"begin:{way}:{client_of(request)}"
    return throttle.allow(key=key, limit=LOGINS, seconds=LOGINS_WINDOW, now=now)


def may_try_code(request: HttpRequest, user: int, *, now: datetime) -> bool:
    """Whether a second factor may be tried for this person, whose password was right: a million
    codes, of which three are good at a time, need more than ten tries in ten minutes."""
    return may_log_in(request, f"code {user}", now=now)


def too_many(request: HttpRequest, seconds: int, template: str = "429.html") -> HttpResponseBase:
    """The page that says how long until a window of so many seconds is over."""
    now = timezone.now()  # noqa: TID251  asked for by views, for the page alone
    ends = throttle.window_ends(seconds=seconds, now=now)
    return _told_to_wait(request, ends - now, template)


def _told_to_wait(
    request: HttpRequest, left: timedelta, template: str = "429.html"
) -> HttpResponseBase:
    seconds = seconds_of(left)
    response = render(request, template, {"minutes": math.ceil(seconds / 60)}, status=429)
    response["Retry-After"] = str(seconds)
    return response
