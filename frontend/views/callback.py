"""A call-back asked for when no time suits, and the date it is promised by."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_safe

from booking import actions
from booking.errors import CentreNotOpen, TypeNotBookable
from booking.models import CallbackRequest
from centres.models import AppointmentType, Centre
from centres.rollout import is_open_to_agents
from frontend import speaking
from frontend.access import access
from frontend.forms_family import CallbackForm, typed_so_far
from frontend.limits import CALLBACKS, limited
from frontend.nearby import is_bookable


@access("public")
@require_http_methods(["GET", "HEAD", "POST"])
@limited(CALLBACKS)
def ask(request: HttpRequest, type_slug: str, centre_slug: str) -> HttpResponseBase:
    now = timezone.now()
    kind = get_object_or_404(AppointmentType, slug=type_slug)
    centre = get_object_or_404(Centre.objects.select_related("department"), slug=centre_slug)
    if not is_bookable(kind):
        raise TypeNotBookable
    # A centre still in preparation has nobody yet to read the requests.
    if not is_open_to_agents(centre, now=now):
        raise CentreNotOpen
    if speaking.is_asked(request):
        again = CallbackForm(initial=typed_so_far(request.POST))
        return speaking.answer(request, lambda: _page(request, again, kind, centre))
    form = CallbackForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _page(request, form, kind, centre)
    asked = actions.request_callback(
        centre_id=centre.pk,
        type_id=kind.pk,
        language=get_language() or "fr",
        now=now,
        **form.answers,
    )
    return redirect("callback-done", asked.uid)


def _page(
    request: HttpRequest, form: CallbackForm, kind: AppointmentType, centre: Centre
) -> HttpResponse:
    context = {"form": form, "kind": kind, "centre": centre, "typed_form": "callback-form"}
    context["speak_url"] = request.get_full_path()
    status = 422 if form.is_bound else 200
    return render(request, "pages/callback/ask.html", context, status=status)


@access("link")
@require_safe
def done(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The promise, and nothing that was typed: the same request may have been made by someone else
    who gave this number, and both are sent here."""
    asked = get_object_or_404(
        CallbackRequest.objects.select_related("type", "centre__department"), uid=uid
    )
    return render(request, "pages/callback/done.html", {"asked": asked})
