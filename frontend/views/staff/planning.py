"""Planning: who will be away and what will be closed; declared with the families it hits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from booking import actions
from booking.actions.declaring import Plan
from booking.concerned import Concerned, Period, concerned
from booking.declared import coming, outcome_of, working_at
from booking.errors import Refusal
from booking.models import Declaration
from booking.rules import UNDO_FOR
from centres.models import Absence, Centre, Closure, Practitioner, SheetImport
from frontend import rehousing
from frontend.access import access
from frontend.forms_planning import PeriodForm
from frontend.imported import fresh_import
from frontend.rehousing import FOR_ALL, SHOWN, Family, Packed
from frontend.staff import Desk, desk_of

# What is further ahead is shown when asked for.
SHOWN_AHEAD = timedelta(weeks=8)


@access("staff")
@require_safe
def choice(request: HttpRequest) -> HttpResponseBase:
    """One's centre: the only one, or chosen from a list."""
    desk = desk_of(request)
    if not desk.centres:
        return redirect(desk.home)
    if len(desk.centres) == 1:
        return redirect("plan", desk.centres[0].slug)
    return render(request, "pages/staff/planning_choice.html", {"desk": desk})


@dataclass(frozen=True, slots=True)
class Planner:
    """Who plans, where: managers for everybody there, practitioners for themselves."""

    desk: Desk
    centre: Centre
    own: Practitioner | None
    now: datetime

    @property
    def plans_all(self) -> bool:
        return self.desk.manages(self.centre)

    @property
    def may_declare(self) -> bool:
        return self.plans_all or self.own is not None

    def may_change(self, period: Period) -> bool:
        """A closure of the whole Département is its administrators'; an absence also one's own."""
        if isinstance(period, Absence):
            is_own = self.own is not None and period.practitioner_id == self.own.pk
            return is_own or self.plans_all
        is_everywhere = period.centre_id is None and period.site_id is None
        return self.desk.administers(self.centre) if is_everywhere else self.plans_all

    def with_rights(
        self, periods: Sequence[Period], *, until: datetime
    ) -> list[tuple[Period, bool]]:
        """Those begun by then, each with whether it is theirs to change."""
        return [(each, self.may_change(each)) for each in periods if each.starts_at <= until]

    def form(self, data: Any = None) -> PeriodForm:
        people = working_at(self.centre, now=self.now) if self.plans_all else []
        listed = list(people)
        if self.own is not None and self.own not in listed:
            listed.insert(0, self.own)
        return PeriodForm(
            data,
            centre=self.centre,
            people=listed,
            sites=list(self.centre.sites.all()) if self.plans_all else [],
            closes_all=self.desk.administers(self.centre),
            now=self.now,
        )


def _planner(request: HttpRequest, centre_slug: str) -> Planner:
    """Raises Http404."""
    desk = desk_of(request)
    own = Practitioner.objects.filter(user=desk.user_id).first()
    return Planner(desk, desk.centre(centre_slug), own, timezone.now())


def _declarer(request: HttpRequest, centre_slug: str) -> Planner:
    """Raises Http404: to whom nothing is to declare there."""
    planner = _planner(request, centre_slug)
    if not planner.may_declare:
        raise Http404
    return planner


@access("staff")
@require_safe
def plan(request: HttpRequest, centre_slug: str) -> HttpResponse:
    planner = _planner(request, centre_slug)
    found = coming(planner.centre, now=planner.now)
    every: list[Period] = [*found.absences, *found.closures]
    until = max((each.starts_at for each in every), default=planner.now)
    if "tout" not in request.GET:
        until = planner.now + SHOWN_AHEAD
    context = {
        "desk": planner.desk,
        "centre": planner.centre,
        "planner": planner,
        "absences": planner.with_rights(found.absences, until=until),
        "closures": planner.with_rights(found.closures, until=until),
        "later": sum(each.starts_at > until for each in every),
        "imported": fresh_import(
            planner.desk, planner.centre, SheetImport.What.ABSENCES, now=planner.now
        ),
    }
    return render(request, "pages/staff/planning.html", context)


@access("staff")
@require_http_methods(["GET", "HEAD", "POST"])
def declare(request: HttpRequest, centre_slug: str) -> HttpResponseBase:
    """First whom it hits and what could be done; then, by one more press, all of it."""
    planner = _declarer(request, centre_slug)
    is_asked = request.method == "POST" or "what" in request.GET
    given = request.POST if request.method == "POST" else request.GET
    form = planner.form(given if is_asked else None)
    context: dict[str, Any] = {"desk": planner.desk, "centre": planner.centre, "form": form}
    if not is_asked or not form.is_valid():
        return _declare_page(request, context, status=422 if is_asked else 200)
    packed = Packed.read(request.POST.get("plan", ""), request.POST)
    if packed is not None and packed.fingerprint != form.fingerprint:
        packed = None
    status = 200
    if packed is not None and request.POST.get("do") == "declarer":
        try:
            done = actions.declare(
                plan=_plan_of(planner, form, packed),
                now=timezone.now(),
                actor=planner.desk.actor,
            )
            return redirect("declared", planner.centre.slug, done.uid)
        except Refusal as refusal:
            status = refusal.status
            context["refusal"] = _(refusal.message)
    context |= _families(request, planner, form, packed)
    return _declare_page(request, context, status=status)


def _plan_of(planner: Planner, form: PeriodForm, packed: Packed) -> Plan:
    period = form.period()
    title = _title(period)
    reason = period.label if isinstance(period, Closure) else "absence"
    return Plan(packed.uid, planner.centre, period, title, packed.wanted, reason)


def _title(period: Period) -> str:
    if isinstance(period, Absence):
        return str(period.practitioner)
    return str(period.site.name if period.site else period.centre or period.label)


def _listed(
    planner: Planner, found: Sequence[Concerned], chosen: Mapping[int, str]
) -> list[Family]:
    places = [place for each in found for place in each.places]
    return rehousing.listed(
        found,
        chosen,
        desk=planner.desk,
        people=rehousing.people_of(places),
        sites=rehousing.sites_of(places),
        now=planner.now,
    )


def _families(
    request: HttpRequest, planner: Planner, form: PeriodForm, packed: Packed | None
) -> dict[str, Any]:
    """The families as they are now, with what has been chosen so far."""
    found = concerned(form.period(), now=planner.now)
    chosen = packed.chosen if packed else {}
    families = _listed(planner, found, chosen)
    do, _colon, asked = request.POST.get("do", "").partition(":")
    if do == "tous" and request.POST.get("tous") in FOR_ALL:
        same = rehousing.for_all(families, request.POST["tous"])
        families = _listed(planner, found, same)
    shown = [each for each in families if each.is_shown]
    here = request.POST.get("page", "1")
    number = asked if do == "page" else here
    page = min(int(number) if number.isdecimal() else 1, max(1, -(-len(shown) // SHOWN)))
    page = max(1, page)
    return {
        "families": shown[(page - 1) * SHOWN : page * SHOWN],
        "first": (page - 1) * SHOWN + 1,
        "is_listed": True,
        "number": len(families),
        "elsewhere": len(families) - len(shown),
        "page": page,
        "pages": range(1, -(-len(shown) // SHOWN) + 1),
        "totals": rehousing.totals(families),
        "for_all": [(key, _(label)) for key, label in FOR_ALL.items()],
        "plan": rehousing.pack(
            families, fingerprint=form.fingerprint, uid=packed.uid if packed else None
        ),
    }


def _declare_page(request: HttpRequest, context: dict[str, Any], *, status: int) -> HttpResponse:
    return render(request, "pages/staff/declare.html", context, status=status)


def _declaration(planner: Planner, uid: UUID) -> Declaration:
    """One of this centre, or of the same absence. Raises Http404."""
    found = get_object_or_404(
        Declaration.objects.select_related("absence__practitioner", "closure__site"),
        uid=uid,
        centre=planner.centre,
    )
    is_own = found.declared_by == planner.desk.actor.label
    if not (planner.plans_all or is_own):
        raise Http404
    return found


@access("staff")
@require_safe
def declared(request: HttpRequest, centre_slug: str, uid: UUID) -> HttpResponse:
    """What was done, and for a minute the way back."""
    planner = _declarer(request, centre_slug)
    return _outcome_page(request, planner, _declaration(planner, uid))


def _outcome_page(
    request: HttpRequest, planner: Planner, declaration: Declaration, *, refusal: str = ""
) -> HttpResponse:
    outcome = outcome_of(declaration)
    left = declaration.declared_at + UNDO_FOR - planner.now
    context = {
        "desk": planner.desk,
        "centre": planner.centre,
        "declaration": declaration,
        "period": declaration.absence or declaration.closure,
        "outcome": outcome,
        "kept": [each for each in outcome.kept if _may_name(each.appointment, planner.desk)],
        "seconds": max(0, int(left.total_seconds())) if not declaration.undone_at else 0,
        "refusal": refusal,
    }
    status = 409 if refusal else 200
    return render(request, "pages/staff/declared.html", context, status=status)


def _may_name(appointment: Any, desk: Desk) -> bool:
    return any(centre.pk == appointment.centre_id for centre in desk.centres)


@access("staff")
@require_POST
def undo(request: HttpRequest, centre_slug: str, uid: UUID) -> HttpResponseBase:
    planner = _declarer(request, centre_slug)
    declaration = _declaration(planner, uid)
    try:
        actions.undo(uid=declaration.uid, now=timezone.now(), actor=planner.desk.actor)
    except Refusal as refusal:
        return _outcome_page(request, planner, declaration, refusal=_(refusal.message))
    return redirect("declared", planner.centre.slug, uid)


@access("staff")
@require_POST
def take_back(request: HttpRequest, centre_slug: str) -> HttpResponseBase:
    """An absence or a closure that will not be after all: its time is offered again."""
    planner = _declarer(request, centre_slug)
    which, pk = request.POST.get("what", "")[:1], request.POST.get("what", "")[1:]
    if not pk.isdecimal() or which not in ("a", "f"):
        raise BadRequest
    found = coming(planner.centre, now=planner.now)
    listed: list[Period] = [*(found.absences if which == "a" else found.closures)]
    period = next((each for each in listed if each.pk == int(pk)), None)
    if period is None or not planner.may_change(period):
        raise Http404
    called = actions.take_back(period=period, now=planner.now, actor=planner.desk.actor)
    messages.success(request, _("C’est retiré : ces moments sont de nouveau proposés."))
    if called:
        messages.warning(
            request,
            _("Des familles attendaient une réponse : elles sont dans « À appeler »."),
        )
    return redirect("plan", planner.centre.slug)
