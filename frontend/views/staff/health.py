"""How the messages fare: figures, alarms, and a hand on the providers."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from centres.models import Centre
from frontend.access import access
from frontend.staff import desk_of
from notifications import health, holding, routing
from notifications.alarms import BEATS, alarms
from notifications.models import OutboxMessage, Route

HANDS = frozenset({"remettre", "utiliser", "arreter"})


@access("staff")
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    desk = desk_of(request)
    if not desk.sees_health:
        raise Http404
    figures = health.read(now=timezone.now(), zone=ZoneInfo(settings.TIME_ZONE), months=2)
    names = dict(Centre.objects.values_list("slug", "name"))
    context = {
        "desk": desk,
        "figures": figures,
        "alarms": [(each, _(each.says) % dict(each.values)) for each in alarms(figures)],
        "beats": [(name, figures.silent.get(name)) for name in BEATS],
        "spending": [(names.get(row.centre, row.centre), row) for row in figures.spending],
        "channels": dict(OutboxMessage.Channel.choices),
    }
    return render(request, "pages/staff/health.html", context)


@access("staff")
@require_POST
def provider(request: HttpRequest, name: str, action: str) -> HttpResponseBase:
    """Put a provider back into service, use it, or use it no more: signed."""
    desk = desk_of(request)
    if not desk.runs_service or action not in HANDS:
        raise Http404
    get_object_or_404(Route, name=name)
    now = timezone.now()
    if action == "remettre":
        routing.resume(name=name, actor=desk.label, now=now)
        messages.success(request, _("%(name)s est remis en service.") % {"name": name})
    else:
        is_enabled = action == "utiliser"
        holding.set_enabled(name=name, is_enabled=is_enabled, by=desk.label, now=now)
        said = _("%(name)s est utilisé.") if is_enabled else _("%(name)s n’est plus utilisé.")
        messages.success(request, said % {"name": name})
    return redirect("health")
