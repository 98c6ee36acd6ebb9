"""A child that a known family has not told of yet, added from its page."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from booking import actions
from booking.errors import Refusal
from booking.models import Child, Household
from frontend.access import access
from frontend.forms_child import ChildForm
from frontend.staff import Desk
from frontend.views.staff.families import family_of


@access("staff")
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, pk: int) -> HttpResponseBase:
    """What lacks is said on a page of its own, with what was typed."""
    desk, household = family_of(request, pk, needs_parent=True)
    data, today = request.POST if request.method == "POST" else None, timezone.localdate()
    form = ChildForm(data, household=household, today=today)
    typed = form.typed_child if form.is_valid() else None
    if typed is None:
        return _page(request, desk, household, form, status=422 if form.errors else 200)
    try:
        child, is_new = actions.add_child(
            guardian_id=int(form.cleaned_data["guardian"]),
            **typed._asdict(),
            now=timezone.now(),
            actor=desk.actor,
        )
    except Refusal as refusal:
        desk, household = family_of(request, pk)
        form = ChildForm(data, household=household, today=today)
        form.add_error(None, _(refusal.message))
        return _page(request, desk, household, form, status=refusal.status)
    told_of(request, child, is_new=is_new)
    return redirect("family", pk)


def _page(
    request: HttpRequest, desk: Desk, household: Household, form: ChildForm, *, status: int
) -> HttpResponse:
    context = {"desk": desk, "household": household, "child_form": form}
    return render(request, "pages/staff/child.html", context, status=status)


def told_of(request: HttpRequest, child: Child, *, is_new: bool) -> None:
    """Say on the next page what became of what was typed."""
    if is_new:
        said = _("C’est noté : %(child)s fait partie de la famille.")
    else:
        said = _("%(child)s fait déjà partie de la famille.")
    messages.success(request, said % {"child": child.first_name})
