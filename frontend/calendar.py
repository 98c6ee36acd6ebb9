"""What somebody looks at in the calendar of a centre: which days, columns and filters; kept in the
address, and remembered by a cookie for the next time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from booking.daybook import Looked, span_of
from centres.models import AppointmentType, Centre, Practitioner, Shift, ShiftType, Site
from frontend.staff import Desk, desk_of

DAY, WEEK = "jour", "semaine"
PEOPLE, PLACES = "professionnels", "lieux"
GRID, LIST = "grille", "liste"
COOKIE = "calendar"
# The first of each is what is looked at when nothing is said.
CHOICES = {"vue": (DAY, WEEK), "colonnes": (PEOPLE, PLACES), "forme": (GRID, LIST)}
FILTERS = ("lieu", "avec", "motif")
# Nobody plans, and the history keeps nobody, further than this.
FARTHEST = timedelta(days=800)
# Who works there, and what for, is asked of the weeks around the day looked at.
AROUND = timedelta(weeks=6)


class Options(NamedTuple):
    """What can be chosen as a filter: three queries."""

    sites: Sequence[Site]
    practitioners: Sequence[Practitioner]
    kinds: Sequence[AppointmentType]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Whose calendar, which days of it, and how it is shown."""

    desk: Desk
    centre: Centre
    on: date
    today: date
    now: datetime
    span: str
    columns: str
    form: str
    looked: Looked
    options: Options

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.centre.time_zone)

    @property
    def is_week(self) -> bool:
        return self.span == WEEK

    @property
    def is_by_place(self) -> bool:
        return self.columns == PLACES

    @property
    def is_list(self) -> bool:
        return self.form == LIST

    @property
    def is_filtered(self) -> bool:
        return any(self.looked)

    @property
    def narrowed_to(self) -> list[str]:
        """By which filters, as people call them."""
        site, practitioner, kind = self.looked
        names = (site and site.name, practitioner and str(practitioner), kind and kind.local_label)
        return [name for name in names if name]

    @property
    def first(self) -> date:
        return self.on - timedelta(days=self.on.weekday()) if self.is_week else self.on

    @property
    def days(self) -> int:
        return 7 if self.is_week else 1

    @property
    def has_today(self) -> bool:
        return self.first <= self.today < self.first + timedelta(days=self.days)

    @property
    def before(self) -> date:
        return self.first - timedelta(days=self.days)

    @property
    def after(self) -> date:
        return self.first + timedelta(days=self.days)

    def values(self) -> dict[str, str]:
        """All that is chosen but the day, as the address and the cookie say it."""
        site, practitioner, kind = self.looked
        return {
            "vue": self.span,
            "colonnes": self.columns,
            "forme": self.form,
            "lieu": site.slug if site else "",
            "avec": str(practitioner.pk) if practitioner else "",
            "motif": kind.slug if kind else "",
        }

    def path(
        self,
        name: str = "calendar",
        *,
        on: date | None = None,
        changes: Mapping[str, str] = MappingProxyType({}),
    ) -> str:
        """The address of this view with some of it changed; today has none of its own, so that a
        page left open overnight is tomorrow's."""
        on = on or self.on
        asked = self.values() | {"le": "" if on == self.today else on.isoformat()} | dict(changes)
        query = urlencode({key: value for key, value in asked.items() if value})
        return f"{reverse(name, args=[self.centre.slug])}?{query}"


def view_of(request: HttpRequest, centre_slug: str, *, now: datetime) -> View:
    """What this request looks at. Raises Http404: another's centre, no day, or one too far away."""
    desk = desk_of(request)
    centre = desk.centre(centre_slug)
    today = now.astimezone(ZoneInfo(centre.time_zone)).date()
    given = request.POST if request.method == "POST" else request.GET
    on = _day(given.get("le", ""), today)
    chosen = _chosen(given, request, centre)
    options = _options(centre, on)
    span, columns, form = (
        chosen[name] if chosen.get(name) in known else known[0] for name, known in CHOICES.items()
    )
    looked = Looked(
        next((each for each in options.sites if each.slug == chosen.get("lieu")), None),
        next((each for each in options.practitioners if str(each.pk) == chosen.get("avec")), None),
        next((each for each in options.kinds if each.slug == chosen.get("motif")), None),
    )
    return View(
        desk=desk,
        centre=centre,
        on=on,
        today=today,
        now=now,
        span=span,
        columns=columns,
        form=form,
        looked=looked,
        options=options,
    )


def _day(given: str, today: date) -> date:
    try:
        on = date.fromisoformat(given) if given else today
    except ValueError as error:
        raise Http404 from error
    if abs(on - today) > FARTHEST:
        raise Http404
    return on


def _chosen(given: QueryDict, request: HttpRequest, centre: Centre) -> Mapping[str, str]:
    """What the address says; when it says nothing but the day, what was looked at here last."""
    names = (*CHOICES, *FILTERS)
    if any(name in given for name in names):
        return {name: given.get(name, "") for name in names}
    kept = QueryDict(request.COOKIES.get(COOKIE, "")[:500])
    if kept.get("centre") != centre.slug:
        kept = QueryDict(urlencode({name: kept.get(name, "") for name in CHOICES}))
    return {name: kept.get(name, "") for name in names}


def remembered(view: View) -> str:
    """The value of the cookie."""
    return urlencode(view.values() | {"centre": view.centre.slug})


def _options(centre: Centre, on: date) -> Options:
    around = span_of(centre, on - AROUND, days=2 * AROUND.days)
    near = Shift.objects.filter(
        centre=centre, starts_at__gte=around.since, starts_at__lt=around.until
    )
    offers = ShiftType.objects.filter(shift__in=near)
    bookable = AppointmentType.objects.filter(is_active=True).exclude(
        booking=AppointmentType.Booking.WALK_IN
    )
    return Options(
        list(centre.sites.all()),
        list(Practitioner.objects.filter(pk__in=near.values("practitioner"))),
        list(bookable.filter(pk__in=offers.values("type")).order_by("position")),
    )


class Way(NamedTuple):
    """One of the choices that exclude each other, as a link."""

    label: str
    path: str
    is_on: bool


def switches(view: View) -> list[tuple[str, str, list[Way]]]:
    """Day or week, by whom or where, as a grid or as a list."""
    words = {
        "vue": (_("Période"), {DAY: _("Jour"), WEEK: _("Semaine")}),
        "colonnes": (_("Colonnes"), {PEOPLE: _("Par personne"), PLACES: _("Par lieu")}),
        "forme": (_("Forme"), {GRID: _("Grille"), LIST: _("Liste")}),
    }
    chosen = view.values()
    return [
        (
            name,
            label,
            [
                Way(said, view.path(changes={name: value}), chosen[name] == value)
                for value, said in ways.items()
            ],
        )
        for name, (label, ways) in words.items()
    ]
