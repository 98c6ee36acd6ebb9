"""Today: a whole centre's day on one screen, what comes of each visit, and the day on paper."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from booking import daybook
from booking.daybook import Day
from booking.desk import calls
from booking.errors import Refusal
from booking.freebook import free_times
from booking.ringback import to_call
from centres.calendar import to_minute
from centres.models import Centre, Site
from frontend.access import access
from frontend.board import Watcher, hours_of, name_of, people
from frontend.pressing import act_of
from frontend.refusals import sentence
from frontend.staff import Desk, desk_of
from frontend.views.staff.paper import choices

LAST = "board"
REMEMBERED_FOR = 180 * 24 * 3600
# Nobody plans, and the history keeps nobody, further than this.
FARTHEST = timedelta(days=800)
# Asked by a script for the board alone, to put it where the former one stood.
ALONE = "X-Board"


class Asked(NamedTuple):
    """Whose day, which, where; `sites` are the centre's."""

    desk: Desk
    centre: Centre
    on: date
    today: date
    site: Site | None
    sites: list[Site]
    now: datetime

    def path(self, on: date | None = None, name: str = "board") -> str:
        """The address of this board, or of another day's; today has none of its own, so that a
        page left open overnight is tomorrow's."""
        on = on or self.on
        asked = {
            "site": self.site.slug if self.site else "",
            "jour": on.isoformat() if on != self.today else "",
        }
        query = "&".join(f"{name}={value}" for name, value in asked.items() if value)
        path = reverse(name, args=[self.centre.slug])
        return f"{path}?{query}" if query else path


@access("staff")
@require_safe
def choice(request: HttpRequest) -> HttpResponseBase:
    """One's centre: the only one, or the one looked at last; to choose among several, ?choisir."""
    desk = desk_of(request)
    if not desk.centres:
        return redirect(desk.home)
    last = request.COOKIES.get(LAST, "")
    known = [centre.slug for centre in desk.centres]
    if len(known) == 1:
        return redirect("board", known[0])
    if last in known and "choisir" not in request.GET:
        return redirect("board", last)
    return render(request, "pages/staff/board_choice.html", {"desk": desk})


def _asked(request: HttpRequest, centre_slug: str) -> Asked:
    """Raises Http404: another's centre, no day, or one too far away."""
    desk = desk_of(request)
    centre, now = desk.centre(centre_slug), timezone.now()
    today = now.astimezone(ZoneInfo(centre.time_zone)).date()
    given = request.POST if request.method == "POST" else request.GET
    try:
        on = date.fromisoformat(given.get("jour") or today.isoformat())
    except ValueError as error:
        raise Http404 from error
    if abs(on - today) > FARTHEST:
        raise Http404
    sites = list(centre.sites.all())
    site = next((each for each in sites if each.slug == given.get("site")), None)
    return Asked(desk, centre, on, today, site, sites, now)


@access("staff")
@require_safe
def board(request: HttpRequest, centre_slug: str) -> HttpResponse:
    asked = _asked(request, centre_slug)
    response = _page(request, asked)
    response.set_cookie(
        LAST,
        asked.centre.slug,
        max_age=REMEMBERED_FOR,
        path=reverse("today"),
        httponly=True,
        samesite="Lax",
        secure=settings.IS_HTTPS,
    )
    return response


def _page(
    request: HttpRequest, asked: Asked, *, refused: str = "", status: int = 200
) -> HttpResponse:
    """The whole page, or the board alone when a script asks for it."""
    context = _context(asked) | {"refused": refused}
    is_alone = request.headers.get(ALONE)
    template = "partials/board.html" if is_alone else "pages/staff/board.html"
    return render(request, template, context, status=status)


def _context(asked: Asked) -> dict[str, Any]:
    """The version is read before what it is the version of: what changes between is seen twice,
    never missed."""
    centre, now = asked.centre, asked.now
    span = daybook.span_of(centre, asked.on)
    version = daybook.version(span, now=now)
    day = daybook.read_day(centre, on=asked.on, now=now, site=asked.site)
    watcher = Watcher(asked.desk, centre, to_minute(now))
    found, _capped = calls([centre], now=now)
    callbacks = sum(call.callback is not None for call in found)
    offers = len(to_call(centre, now=now))
    return {
        "desk": asked.desk,
        "centre": centre,
        "asked": asked,
        "day": day,
        "people": people(day, watcher, free_times(centre, [day], now=now)),
        "cancelled": _cancelled(day, watcher),
        "closures": [(each, hours_of(each, asked.on, watcher)) for each in day.closures],
        "version": version,
        "watch": daybook.watch_token(span),
        "clock": watcher.clock(watcher.now),
        "is_today": asked.on == asked.today,
        "may_declare": asked.on >= asked.today and asked.desk.manages(centre),
        # Held for families that nobody but this desk tells.
        "callbacks": callbacks + offers,
        "failed": len(found) - callbacks,
        "before": asked.path(asked.on - timedelta(days=1)),
        "after": asked.path(asked.on + timedelta(days=1)),
        "here": asked.path(),
        "paper": asked.path(name="board-print"),
    }


def _cancelled(day: Day, watcher: Watcher) -> list[tuple[str, str]]:
    """Who was to come and will not: at what time, and their name."""
    return [
        (watcher.clock(each.starts), name_of(each.subject))
        for each in day.board.cancelled
        if each.subject.guardian_id
    ]


@access("watch")
@require_safe
def version(request: HttpRequest, token: str) -> HttpResponse:
    """Whether a day, or whom to phone, has changed: asked every few seconds, one query."""
    span = daybook.watched(token)
    tag = f'"{daybook.version(span, now=timezone.now())}"'
    is_known = request.headers.get("If-None-Match") == tag
    response = HttpResponse(status=304) if is_known else HttpResponse(tag, "text/plain")
    response["ETag"] = tag
    return response


@access("staff")
@require_POST
def note(request: HttpRequest, centre_slug: str) -> HttpResponseBase:
    """What has come of a visit, or who came to an open session: one press. Another centre's is not
    found."""
    asked = _asked(request, centre_slug)
    act, anchor = act_of(request.POST.get("do", ""), centre=asked.centre)
    refused, status = "", 200
    try:
        act(now=asked.now, actor=asked.desk.actor)
    except Refusal as refusal:
        refused, status = sentence(refusal), refusal.status
    if request.headers.get(ALONE):
        return _page(request, asked, refused=refused, status=status)
    if refused:
        messages.error(request, refused)
    return redirect(f"{asked.path()}#{anchor}")


@access("staff")
@require_safe
def printed(request: HttpRequest, centre_slug: str) -> HttpResponse:
    """The day and the next one on which somebody works, on paper; phones only when asked for."""
    asked = _asked(request, centre_slug)
    following = daybook.next_day(asked.centre, after=asked.on, site=asked.site)
    watcher = Watcher(asked.desk, asked.centre, to_minute(asked.now))
    days = []
    for on in filter(None, (asked.on, following)):
        day = daybook.read_day(asked.centre, on=on, now=asked.now, site=asked.site)
        closures = [(each, hours_of(each, on, watcher)) for each in day.closures]
        days.append((day, people(day, watcher), closures, _cancelled(day, watcher)))
    bare = asked.path(name="board-print")
    context = {
        "asked": asked,
        "centre": asked.centre,
        "days": days,
        "papers": choices(asked.desk, [asked.site] if asked.site else asked.sites),
        "has_phones": "telephones" in request.GET,
        "here": asked.path(),
        "bare": bare,
        "with_phones": f"{bare}{'&' if '?' in bare else '?'}telephones=1",
        "printed_at": watcher.clock(watcher.now),
    }
    return render(request, "pages/staff/board_print.html", context)
