"""Half-days of a week, one of them changed alone, two practitioners who swap: seen, then saved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from booking import actions
from booking.actions.lending import CANCEL, EDIT, RESTORE, HalfDays
from booking.actions.trying import tried
from booking.daybook import span_of
from booking.errors import ColleagueBooked, NotAsSeen
from centres.errors import Refusal
from centres.models import Centre, Shift
from frontend.access import access
from frontend.forms_half_days import HalfDayForm, SwapForm
from frontend.half_day_words import HalfDaysPreview, WeekLine, week_lines
from frontend.rule_words import Names
from frontend.views.staff.rules import Asked, asked_by

FARTHEST = timedelta(days=800)
Act = Callable[..., HalfDays]


@access("staff")
@require_safe
def week(request: HttpRequest, centre_slug: str) -> HttpResponse:
    """The half-days of a week, day by day."""
    asked = asked_by(request, centre_slug)
    monday = _monday(request, asked)
    since = span_of(asked.centre, monday).since
    until = span_of(asked.centre, monday + timedelta(days=6)).until
    shifts = (
        Shift.objects.filter(centre=asked.centre, starts_at__gte=since, starts_at__lt=until)
        .select_related("practitioner", "site")
        .order_by("starts_at", "practitioner__last_name", "pk")
    )
    context = {
        "desk": asked.desk,
        "centre": asked.centre,
        "monday": monday,
        "today": asked.today,
        "days": week_lines(shifts, Names(asked.centre)),
        "before": monday - timedelta(days=7),
        "after": monday + timedelta(days=7),
    }
    return render(request, "pages/staff/half_days.html", context)


def _monday(request: HttpRequest, asked: Asked) -> date:
    """Of the week asked for, else of this one. Raises Http404 when it is no day, or far away."""
    try:
        day = date.fromisoformat(request.GET.get("semaine") or asked.today.isoformat())
    except ValueError as error:
        raise Http404 from error
    if abs(day - asked.today) > FARTHEST:
        raise Http404
    return day - timedelta(days=day.weekday())


@access("staff")
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, centre_slug: str, pk: int) -> HttpResponseBase:
    """One half-day: changed, lent, cancelled, restored."""
    asked = asked_by(request, centre_slug)
    found = Shift.objects.select_related("practitioner", "site", "centre").prefetch_related(
        "offers"
    )
    shift = get_object_or_404(found, pk=pk, centre=asked.centre)
    do, is_back = request.POST.get("what", EDIT), request.POST.get("do") == "back"
    if do not in (EDIT, CANCEL, RESTORE):
        raise Http404
    is_edit = do == EDIT
    data = request.POST if request.method == "POST" and (is_edit or not is_back) else None
    form = HalfDayForm(data, shift=shift, is_edit=is_edit or is_back)
    if data is None or is_back or not form.is_valid():
        return _edit_page(request, asked, shift, form)
    values: dict[str, Any] = {"shift_id": shift.pk, "do": do}
    values |= {"follows": form.cleaned_data["follows"] or not is_edit}
    values |= {"wanted": form.wanted} if is_edit else {}
    answer = _act(request, asked, form, actions.change_half_day, values)
    return answer or _edit_page(request, asked, shift, form)


def _edit_page(request: HttpRequest, asked: Asked, shift: Shift, form: HalfDayForm) -> HttpResponse:
    refused = ""
    if "practitioner" not in form.fields:  # to cancel or restore was refused: why, and all of it
        refused = " ".join(str(error) for error in form.non_field_errors())
        form = HalfDayForm(shift=shift)
    names = Names(asked.centre)
    context = {
        "desk": asked.desk,
        "centre": asked.centre,
        "shift": shift,
        "line": WeekLine(shift, names),
        "form": form,
        "refused": refused,
        "is_over": shift.ends_at <= asked.now,
        "decisions": shift.changes.all()[:20],
        "week": _week_of(asked.centre, shift),
    }
    status = 409 if refused else 422 if form.errors else 200
    return render(request, "pages/staff/half_day.html", context, status=status)


def _week_of(centre: Centre, shift: Shift) -> str:
    local = shift.starts_at.astimezone(ZoneInfo(centre.time_zone))
    return f"{reverse('half-days', args=[centre.slug])}?semaine={local:%Y-%m-%d}"


@access("staff")
@require_http_methods(["GET", "HEAD", "POST"])
def swap(request: HttpRequest, centre_slug: str) -> HttpResponseBase:
    """Two practitioners on one day: each has the half-days of the other."""
    asked = asked_by(request, centre_slug)
    initial = {"on": request.GET.get("jour") or asked.today, "one": request.GET.get("avec", "")}
    form = SwapForm(request.POST or None, centre=asked.centre, initial=initial)
    is_asked = request.method == "POST" and request.POST.get("do") != "back"
    if is_asked and form.is_valid():
        data = form.cleaned_data
        values = {
            "one_id": data["one"],
            "other_id": data["other"],
            "shift_ids": form.shift_ids(now=timezone.now()),
            "follows": data["follows"],
        }
        done = _act(request, asked, form, actions.swap_half_days, values)
        if done is not None:
            return done
    context = {"desk": asked.desk, "centre": asked.centre, "form": form}
    status = 422 if is_asked else 200
    return render(request, "pages/staff/swap.html", context, status=status)


def _act(
    request: HttpRequest, asked: Asked, form: forms.Form, act: Act, values: dict[str, Any]
) -> HttpResponseBase | None:
    """Try an action, or do it as it was seen; None when it was refused: the form then says why."""
    values |= {"author": asked.user, "now": asked.now, "note": form.cleaned_data["note"]}
    seen = request.POST.get("seen", "").split()
    try:
        if request.POST.get("do") != "save":
            return _preview(request, asked, tried(act, **values))
        done = act(**values, seen=seen)
    except NotAsSeen as refusal:
        outcome = refusal.details["outcome"]
        assert isinstance(outcome, HalfDays)  # noqa: S101  for the type checker
        return _preview(request, asked, outcome, seen=seen)
    except (Refusal, ColleagueBooked) as refusal:
        form.add_error(None, _(refusal.message) % refusal.details)
        return None
    messages.success(request, _("C’est enregistré."))
    return redirect(_week_of(asked.centre, done.changed[0][1]))


def _preview(
    request: HttpRequest, asked: Asked, outcome: HalfDays, *, seen: Sequence[str] | None = None
) -> HttpResponse:
    carried = [
        (name, value)
        for name, values in request.POST.lists()
        if name not in ("csrfmiddlewaretoken", "do", "seen")
        for value in values
    ]
    context = {
        "desk": asked.desk,
        "centre": asked.centre,
        "preview": HalfDaysPreview(outcome, Names(asked.centre), asked.desk),
        "carried": carried,
        "is_old": seen is not None,
    }
    status = 409 if seen is not None else 200
    return render(request, "pages/staff/half_day_preview.html", context, status=status)
