"""A practitioner's own pages: sessions at every site, what comes of each visit, one session."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from booking import practice
from booking.errors import Refusal
from centres.models import Practitioner
from frontend.access import access
from frontend.practice import Reader, absence_words, days, later
from frontend.pressing import act_of
from frontend.refusals import sentence
from frontend.staff import Desk, desk_of
from frontend.views.staff.today import FARTHEST


class Own(NamedTuple):
    """Who is at their own pages, and which day they look at."""

    desk: Desk
    practitioner: Practitioner
    today: date
    on: date


def practitioner_of(desk: Desk) -> Practitioner:
    """Raises Http404 to who receives nobody."""
    if desk.practitioner_id is None:
        raise Http404
    return Practitioner.objects.select_related("department").get(pk=desk.practitioner_id)


def _own(request: HttpRequest) -> Own:
    """Raises Http404: no practitioner, no day, or one too far away."""
    desk = desk_of(request)
    practitioner = practitioner_of(desk)
    today = timezone.now().astimezone(practice.zone_of(practitioner)).date()
    given = request.POST if request.method == "POST" else request.GET
    try:
        on = date.fromisoformat(given.get("jour") or today.isoformat())
    except ValueError as error:
        raise Http404 from error
    if abs(on - today) > FARTHEST:
        raise Http404
    return Own(desk, practitioner, today, on)


@access("staff")
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Seven days from today (or from ?jour) with those who come, then the weeks after in short."""
    own, now = _own(request), timezone.now()
    found = practice.read_days(own.practitioner, since=own.on, now=now)
    facts = practice.facts_of(found, today=own.today, now=now)
    reader = Reader(own.desk, facts, own.today, now)
    zone = practice.zone_of(own.practitioner)
    context: dict[str, Any] = {
        "desk": own.desk,
        "practitioner": own.practitioner,
        "on": own.on,
        "is_today": own.on == own.today,
        "days": days(found, reader),
        "later": later(practice.later_shifts(own.practitioner, since=own.on), reader),
        "absences": [
            (absence_words(each, zone), each)
            for each in practice.coming_absences(own.practitioner, now=now)
        ],
        "before": _path(own, own.on - practice.DAYS_SHOWN),
        "after": _path(own, own.on + practice.DAYS_SHOWN),
    }
    return render(request, "pages/staff/my_sessions.html", context)


def _path(own: Own, on: date) -> str:
    path = reverse("my-sessions")
    return path if on == own.today else f"{path}?jour={on.isoformat()}"


@access("staff")
@require_safe
def session(request: HttpRequest, pk: int) -> HttpResponse:
    """One of their half-days: a list to print, and who may be seen when next."""
    desk, now = desk_of(request), timezone.now()
    practitioner = practitioner_of(desk)
    found = practice.read_session(practitioner, pk, now=now)
    if found is None:
        raise Http404
    today = now.astimezone(practice.zone_of(practitioner)).date()
    reader = Reader(desk, practice.facts_of([found], today=today, now=now), today, now)
    (day,) = days([found], reader)
    context = {
        "desk": desk,
        "practitioner": practitioner,
        "day": day,
        "session": day.sessions[0],
        "printed_at": now,
    }
    return render(request, "pages/staff/my_session.html", context)


@access("staff")
@require_POST
def note(request: HttpRequest) -> HttpResponseBase:
    """What has come of one of their visits, or who came to an open session of theirs: one press.
    Another's is not found."""
    own = _own(request)
    act, anchor = act_of(request.POST.get("do", ""), practitioner=own.practitioner)
    try:
        act(now=timezone.now(), actor=own.desk.actor)
    except Refusal as refusal:
        messages.error(request, sentence(refusal))
    return redirect(f"{_path(own, own.on)}#{anchor}")
