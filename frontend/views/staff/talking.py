"""Booking while talking: what for and where, three times to say, one press. For a family that is
known, and for one that is typed on the same page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from booking import actions
from booking.actions.callbacks import Called
from booking.errors import Refusal
from booking.models import Appointment, Household
from frontend import overbooking
from frontend.access import access
from frontend.called import Calling, calling
from frontend.forms_child import PERSONAL
from frontend.forms_newcomer import ALONE, NewcomerForm, first_guess, likely_ones
from frontend.forms_talking import CHOSEN, Chosen, TimesForm, WishForm, carried, read_chosen
from frontend.overbooking import OverbookForm
from frontend.reading import note_family
from frontend.refusals import sentence
from frontend.staff import Desk, desk_of
from frontend.talking import times_for
from frontend.views.staff.children import told_of
from frontend.views.staff.families import family_of, household_of

# Sent by the form of the wishes, whichever button is pressed there: no time is taken.
LOOKS, AS_ASKED = "voir", "1"


@access("staff")
@require_http_methods(["GET", "HEAD", "POST"])
def book(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The family's page leads here; the appointment's is next."""
    desk, now = desk_of(request), timezone.now()
    household = household_of(pk, desk, now=now)
    if not desk.centres or not household.guardians.all():
        raise Http404
    note_family(household, desk, now=now)
    if request.method == "POST" and LOOKS in request.POST:
        return _look(request, desk, household, now=now)
    given = request.POST if request.method == "POST" else _filled(request.GET, household)
    form = WishForm(
        given if "guardian" in given else None,
        household=household,
        centres=desk.centres,
        now=now,
        initial=_initial(given),
    )
    context = _context(desk, form, given, calling(given, desk)) | {"household": household}
    if form.is_bound and form.is_valid():
        if request.method == "POST":
            called = _attempt(context, partial(_press, desk, form, context, request.POST))
            if called.booked is not None:
                return _booked(request, called.booked, is_called=called.is_closed)
        _add_times(form, context)
    elif form.is_bound:
        context["status"] = 422
    return _page(request, "book", context)


def _look(request: HttpRequest, desk: Desk, household: Household, *, now: datetime) -> HttpResponse:
    """The wishes become an address; a child that was typed is written down first, and comes."""
    form = WishForm(request.POST, household=household, centres=desk.centres, now=now)
    form.is_valid()
    if any(name in form.errors for name in (*PERSONAL, "guardian")):
        return _unseen(request, desk, household, form, status=422)
    wishes = QueryDict(mutable=True)
    for name, value in form.resent:
        wishes.appendlist(name, value)
    if chosen := request.POST.get(CHOSEN):
        wishes[CHOSEN] = chosen[:60]
    if typed := form.typed_child:
        try:
            child, is_new = actions.add_child(
                guardian_id=form.parent.pk, **typed._asdict(), now=now, actor=desk.actor
            )
        except Refusal as refusal:
            return _look_again(request, household.pk, refusal)
        told_of(request, child, is_new=is_new)
        together = [*form.cleaned_data.get("child", []), str(child.pk)]
        wishes.setlist("child", list(dict.fromkeys(together)))
    return redirect(f"{request.path}?{wishes.urlencode()}")


def _look_again(request: HttpRequest, household_id: int, refusal: Refusal) -> HttpResponse:
    """The family as it is now, and all that was typed."""
    desk, household = family_of(request, household_id)
    form = WishForm(request.POST, household=household, centres=desk.centres, now=timezone.now())
    form.add_error(None, _(refusal.message))
    return _unseen(request, desk, household, form, status=refusal.status)


def _unseen(
    request: HttpRequest, desk: Desk, household: Household, form: WishForm, *, status: int
) -> HttpResponse:
    """The wishes as they were sent, without times."""
    context = _context(desk, form, request.POST, calling(request.POST, desk))
    return _page(request, "book", context | {"household": household, "status": status})


def _filled(given: QueryDict, household: Household) -> QueryDict:
    """An address that says what for is asked at once when only one parent and one child can be
    meant: one press less."""
    guardians, children = household.guardians.all(), household.children.all()
    if not given.get("kind") or "guardian" in given or len(guardians) > 1:
        return given
    filled = given.copy()
    if "child" not in given:
        if len(children) > 1:
            return given
        filled.setlist("child", [str(child.pk) for child in children])
    filled["guardian"] = str(guardians[0].pk)
    return filled


def _initial(given: QueryDict) -> dict[str, Any]:
    """What the address wishes already, of a form that was not sent yet."""
    names = ("guardian", "kind", "centre", "site", "practitioner", "from", "half")
    wished: dict[str, Any] = {name: given[name] for name in names if given.get(name)}
    if children := [each for each in given.getlist("child") if each]:
        wished["child"] = children
    if given.get("is_outside_school"):
        wished["is_outside_school"] = True
    return wished


def _context(desk: Desk, form: TimesForm, given: QueryDict, call: Calling | None) -> dict[str, Any]:
    return {
        "desk": desk,
        "form": form,
        "chosen": given.get(CHOSEN, "")[:60],
        "calling": call,
        "status": 200,
    }


def _add_times(form: TimesForm, context: dict[str, Any]) -> None:
    wish, now = form.wish, timezone.now()
    context |= {
        "wish": wish,
        "times": times_for(wish, now=now),
        "names": {site.pk: site for site in form.sites.values()},
        # For the waiting list, when none of them will do.
        "asked": urlencode(form.resent),
        "several": wish.together > 1,
    }
    if wish.together == 1 and "overbook" not in context:
        context["overbook"] = overbooking.form_for(wish, form.data, now=now)


def _attempt(context: dict[str, Any], act: Callable[[], Appointment | None]) -> Called:
    """What is booked closes the call that led here, if one did. Nothing is when it is refused, or
    not said whole: the context says why."""
    call: Calling | None = context["calling"]
    try:
        if call is None:
            return Called(act(), is_closed=False)
        return call.book(act, now=timezone.now())
    except Refusal as refusal:
        context |= {"refusal": sentence(refusal), "status": refusal.status}
        return Called(None, is_closed=False)


def _extra(form: TimesForm, context: dict[str, Any]) -> OverbookForm | None:
    """The form of an overbooking, if that was sent. What lacks is said by the context."""
    if form.data.get(overbooking.ASKED) != overbooking.DONE:
        return None
    extra = overbooking.form_for(form.wish, form.data, now=timezone.now())
    context["overbook"] = extra
    if extra is not None and not extra.is_valid():
        context["status"] = 422
    return extra


def _press(
    desk: Desk, form: WishForm, context: dict[str, Any], post: QueryDict
) -> Appointment | None:
    """What a press does: a time, times for several children, or one more over the others. None
    when the reason of that lacks. Raises Refusal."""
    wish, child = form.wish, next(iter(form.visitors), None)
    if extra := _extra(form, context):
        if not extra.is_valid():
            return None
        return actions.overbook_for(
            guardian=form.parent,
            child=child,
            kind=wish.kind,
            reason=extra.cleaned_data["reason"],
            now=timezone.now(),
            actor=desk.actor,
            due_on=wish.due_on,
            **extra.chosen._asdict(),
        )
    chosen = read_chosen(post.get(CHOSEN, ""))
    place = _place(form, chosen)
    if len(form.visitors) > 1:
        guardian, children = form.parent, form.visitors
        return actions.book_siblings(
            guardian=guardian, children=children, **place, actor=desk.actor
        )[0]
    return actions.book_for(
        guardian=form.parent, child=child, due_on=wish.due_on, **place, actor=desk.actor
    )


def _place(form: TimesForm, chosen: Chosen) -> dict[str, Any]:
    """What, where, when and with whom, as the actions want it."""
    wish = form.wish
    return {
        "kind": wish.kind,
        "centre": wish.centre,
        "start": chosen.start,
        "now": timezone.now(),
        "site_id": chosen.site_id,
        "practitioner_id": chosen.practitioner_id or wish.practitioner_id,
    }


def _booked(request: HttpRequest, booked: Appointment, *, is_called: bool) -> HttpResponse:
    """On to its page, to print or send its card; who stands at the desk is noted on the board."""
    done = _("Le rappel est noté : rendez-vous pris.") if is_called else ""
    if booked.starts_at <= timezone.now():
        said = _("C’est noté, sans message : la famille est là. Il reste à noter son arrivée.")
        messages.success(request, f"{said} {done}".strip())
        return redirect(f"{reverse('board', args=[booked.centre.slug])}#v{booked.pk}")
    said = _("C’est noté. La famille reçoit son message.")
    messages.success(request, f"{said} {done}".strip())
    return redirect("timeline", booked.spoken_reference)


@access("staff")
@require_http_methods(["GET", "HEAD", "POST"])
def newcomer(request: HttpRequest) -> HttpResponseBase:
    """A family that no search has found. What is typed about people is sent, never put into an
    address: those stay in histories and logs."""
    desk, now = desk_of(request), timezone.now()
    if not desk.centres:
        raise Http404
    is_sent = request.method == "POST"
    given = _from_later(request.POST) if is_sent else request.GET
    call = calling(given, desk)
    form = NewcomerForm(
        given if is_sent else None,
        centres=desk.centres,
        now=now,
        today=timezone.localdate(),
        initial=_initial(given) if is_sent else _told_before(given, call),
    )
    context = _context(desk, form, given, call) | {
        "carried": carried(given),
        "today": timezone.localdate(),
    }
    if not is_sent:
        return _page(request, "newcomer", context)
    is_valid = form.is_valid()
    likely = likely_ones(form, desk.scope(now=now))
    context |= {"likely": likely.families, "known": likely.known}
    if request.headers.get(ALONE):
        return render(request, "partials/likely.html", context)
    if not is_valid:
        context["status"] = 422
        return _page(request, "newcomer", context)
    if _is_pressed(request.POST):
        if likely.is_news:
            context |= {"is_likely_news": True, "status": 409}
        else:
            act = partial(_press_newcomer, desk, form, context, request.POST)
            called = _attempt(context, act)
            if called.booked is not None:
                return _booked(request, called.booked, is_called=called.is_closed)
    _add_times(form, context)
    return _page(request, "newcomer", context)


def _told_before(given: QueryDict, call: Calling | None) -> dict[str, Any]:
    """What a search has typed, what who is called has said, and what other pages wish: the last
    that says something counts."""
    guess = first_guess(given.get("q", "")[:100])
    return {**guess, **(call.initial if call else {}), **_initial(given)}


def _from_later(post: QueryDict) -> QueryDict:
    """What was sent; a button that looks may say from which day on. It is no name of its own: a
    time chosen before is in the form too, and must not be taken by it."""
    day = post.get(LOOKS, AS_ASKED)
    if day == AS_ASKED:
        return post
    later = post.copy()
    later["from"] = day
    return later


def _is_pressed(post: QueryDict) -> bool:
    """Whether a time was pressed, or an overbooking, and not a button that only looks."""
    if overbooking.ASKED in post:
        return post[overbooking.ASKED] == overbooking.DONE
    return CHOSEN in post and LOOKS not in post


def _press_newcomer(
    desk: Desk, form: NewcomerForm, context: dict[str, Any], post: QueryDict
) -> Appointment | None:
    """None when the reason of an overbooking lacks. Raises Refusal."""
    if extra := _extra(form, context):
        if not extra.is_valid():
            return None
        return actions.overbook_newcomer(
            who=form.who,
            kind=form.wish.kind,
            reason=extra.cleaned_data["reason"],
            now=timezone.now(),
            actor=desk.actor,
            **extra.chosen._asdict(),
        )
    place = _place(form, read_chosen(post.get(CHOSEN, "")))
    return actions.book_for_newcomer(who=form.who, **place, actor=desk.actor)


def _page(request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
    status = context.pop("status")
    return render(request, f"pages/staff/{name}.html", context, status=status)
