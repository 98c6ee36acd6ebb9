"""Calls promised to families, by the day they are due: taken, made, tried again, undone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from booking import actions, finding, histories, ringback
from booking.actors import Actor
from booking.errors import Refusal
from booking.models import CallbackRequest, Guardian
from centres.models import Site
from frontend.access import access
from frontend.called import Calling
from frontend.forms_staff import NewCallbackForm, OutcomeForm
from frontend.refusals import Step
from frontend.staff import Desk, desk_of
from frontend.views.staff.desk import refused, unchanged
from frontend.waiting_words import Call, Line, name_of, signed_by

DONE = gettext_noop("C’est noté.")
# Sent by a button of another form: what it holds is shown here, and nothing is noted yet.
TAKEN_OVER = "reprise"
Act = Callable[..., CallbackRequest]


@access("staff")
@require_safe
def choice(request: HttpRequest) -> HttpResponseBase:
    """One's own centres; the only one at once."""
    desk = desk_of(request)
    if not desk.centres:
        return redirect(desk.home)
    if len(desk.centres) == 1:
        return redirect("callbacks", desk.centres[0].slug)
    return render(request, "pages/staff/callbacks_choice.html", {"desk": desk})


@access("staff")
@require_safe
def listing(request: HttpRequest, centre_slug: str) -> HttpResponse:
    """Times to offer by phone, calls by day, what was just noted, and who waits."""
    desk, now = desk_of(request), timezone.now()
    centre = desk.centre(centre_slug)
    found = ringback.read_calls(centre, now=now)
    sites = {site.pk: site for site in Site.objects.filter(centre=centre)}
    places = ringback.places(centre, now=now)
    named = histories.staff_named(signed_by(found))
    context = {
        "desk": desk,
        "centre": centre,
        "calls": found,
        "groups": [
            (name, title, [Call(each, desk, now, named) for each in asked])
            for name, title, asked in (
                ("overdue", _("En retard"), found.overdue),
                ("today", _("Aujourd’hui"), found.today),
                ("later", _("Plus tard"), found.later),
            )
        ],
        "done": [Call(each, desk, now, named) for each in found.done],
        "offers": [(each, name_of(each.entry)) for each in ringback.to_call(centre, now=now)],
        "lines": [Line(place, sites, desk) for place in places[: ringback.SHOWN]],
        "waiting_total": len(places),
        "tomorrow": ringback.next_day(centre, now=now),
    }
    return render(request, "pages/staff/callbacks.html", context)


def _asked(desk: Desk, uid: UUID) -> CallbackRequest:
    """A request of one of the desk's centres. Raises Http404."""
    named = CallbackRequest.objects.select_related("centre", "type")
    asked = get_object_or_404(named, uid=uid)
    desk.must_have(asked.centre.slug)
    return asked


@access("staff")
@require_POST
def called_back(request: HttpRequest, uid: UUID) -> HttpResponseBase:
    """What came of a call that was promised."""
    desk = desk_of(request)
    asked = _asked(desk, uid)
    form, typed = OutcomeForm(request.POST), request.POST.get("note", "").strip()
    if not form.is_valid():
        why = " ".join(str(each) for errors in form.errors.values() for each in errors)
        return unchanged(request, desk, why, status=422, typed=typed, back=_back(asked))
    data, now = form.cleaned_data, timezone.now()
    signed: dict[str, Any] = {"now": now, "actor": Actor("agent", desk.label)}
    try:
        if data["outcome"] == "again":
            seen, again_on = data["seen"], data["again_on"]
            actions.call_again(uid=uid, again_on=again_on, note=data["note"], seen=seen, **signed)
        else:
            actions.close_callback(uid=uid, outcome=data["outcome"], note=data["note"], **signed)
    except Refusal as refusal:
        return refused(request, desk, refusal, typed=typed, back=_back(asked))
    messages.success(request, _(DONE))
    return redirect("callbacks", asked.centre.slug)


def _line(asked: CallbackRequest) -> str:
    """Where it stands in the list."""
    return f"{reverse('callbacks', args=[asked.centre.slug])}#r{asked.pk}"


def _back(asked: CallbackRequest) -> Step:
    return Step(_line(asked), _("Retour à la liste"))


def _booking_page(desk: Desk, asked: CallbackRequest, *, now: datetime) -> str:
    """Where this family's appointment is made: its own page when one family of the desk has this
    number, else the search. Its request goes along: a booking closes it."""
    scope, wish = desk.scope(now=now), Calling(asked, desk).wishes
    mine: dict[int, Guardian] = {}
    for guardian in Guardian.objects.filter(phone=asked.phone).order_by("-pk")[:5]:
        if finding.may_see(guardian.household_id, scope):
            mine.setdefault(guardian.household_id, guardian)
    if len(mine) != 1:
        return f"{reverse('families')}?{urlencode(wish)}"
    (household, guardian), *_rest = mine.items()
    child = guardian.household.children.order_by("-born_on").first()
    whom = {"guardian": str(guardian.pk), "child": str(child.pk) if child else ""}
    return f"{reverse('book-for', args=[household])}?{urlencode({**whom, **wish})}"


@access("staff")
@require_POST
def act(request: HttpRequest, uid: UUID, action: str) -> HttpResponseBase:
    """Taken, left to colleagues, its family looked for to be booked, or the last call undone: one
    press."""
    desk, now = desk_of(request), timezone.now()
    asked = _asked(desk, uid)
    actor = Actor("agent", desk.label)
    try:
        if action == "prendre":
            actions.take_callback(uid=uid, now=now, actor=actor)
        elif action == "laisser":
            actions.leave_callback(uid=uid, now=now, actor=actor)
        elif action == "rendez-vous":
            note = request.POST.get("note", "").replace("\0", "")
            actions.call_to_book(uid=uid, note=note, now=now, actor=actor)
            return redirect(_booking_page(desk, asked, now=now))
        elif action == "defaire":
            shown = request.POST.get("appel", "")
            call = int(shown) if shown.isdecimal() and len(shown) < 19 else None
            actions.undo_call(uid=uid, now=now, call=call)
        else:
            raise Http404
    except Refusal as refusal:
        typed = request.POST.get("note", "").strip()
        return refused(request, desk, refusal, typed=typed, back=_back(asked))
    return redirect(_line(asked))


@access("staff")
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, centre_slug: str) -> HttpResponseBase:
    """A call-back noted while talking, also with what another form has asked already."""
    desk, now = desk_of(request), timezone.now()
    centre = desk.centre(centre_slug)
    is_sent = request.method == "POST" and TAKEN_OVER not in request.POST
    form = NewCallbackForm(
        request.POST if is_sent else None,
        today=ringback.today_of(centre, now=now),
        initial=None if is_sent else _taken_over(request.POST),
    )
    if not form.is_valid():
        context = {"desk": desk, "centre": centre, "form": form}
        status = 422 if form.is_bound else 200
        return render(request, "pages/staff/callback_add.html", context, status=status)
    data = dict(form.cleaned_data)
    kind = data.pop("kind")
    asked = actions.request_callback(centre_id=centre.pk, type_id=kind.pk, now=now, **data)
    messages.success(request, _(DONE))
    return redirect(_line(asked))


def _taken_over(post: QueryDict) -> dict[str, str]:
    names = ("first_name", "last_name", "phone", "kind", "language")
    return {name: str(post[name])[:100] for name in names if post.get(name)}
