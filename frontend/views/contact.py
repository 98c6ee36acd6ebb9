"""“My messages”: their language, by which ways and at what hours, by the link or a proved contact.

Whoever books is shown their own address and number, half hidden; never another guardian's.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from booking import actions
from booking.access import appointment_for_link, guardians_of_contact
from booking.actors import EMAIL, SMS
from booking.contacts import masked_email, masked_number, problems_of
from booking.models import Guardian
from booking.reaching import has_sms
from frontend import cookies
from frontend.access import access
from frontend.forms_contact import ContactForm
from frontend.limits import SMALL, limited
from notifications.sms.numbers import is_mobile

METHODS = ["GET", "HEAD", "POST"]


@access("link")
@require_http_methods(METHODS)
@limited(SMALL)
def of_appointment(request: HttpRequest, token: str) -> HttpResponseBase:
    """From the appointment's page: the messages of who booked it."""
    appointment = appointment_for_link(token, now=timezone.now())
    back = reverse("appointment", args=[token])
    if appointment.guardian is None:
        return redirect(back)
    phone = appointment.centre.phone
    return _choose(request, appointment.guardian, back=back, phone=phone)


@access("contact")
@require_http_methods(METHODS)
@limited(SMALL)
def mine(request: HttpRequest) -> HttpResponseBase:
    """From “my appointments”: the messages of who proved the contact."""
    contact = cookies.proved_contact(request, now=timezone.now())
    if contact is None:
        return redirect("mine")
    guardians = guardians_of_contact(contact)
    if not guardians:
        return redirect("mine-list")
    guardian = guardians[0]
    if len(guardians) > 1:
        # Several share the contact: it alone is shown, not what one of them gave beside it.
        guardian.email = contact if guardian.email == contact else ""
        guardian.phone = contact if guardian.number == contact else ""
    return _choose(request, guardian, back=reverse("mine-list"))


def _choose(
    request: HttpRequest, guardian: Guardian, *, back: str, phone: str = ""
) -> HttpResponseBase:
    """The form, and what it says once it is sent; a GET changes nothing."""
    household = guardian.household
    form = ContactForm(
        request.POST if request.method == "POST" else None, household=household, ways=ways(guardian)
    )
    if form.is_valid():
        actions.choose_contact(household_id=household.pk, choices=form.choices, now=timezone.now())
        return redirect(f"{request.path}?garde=1")
    context = _context(guardian) | {"form": form, "back": back, "phone": phone}
    context["was_saved"] = "garde" in request.GET and not form.is_bound
    return _page(request, context, status=422 if form.is_bound else 200)


def ways(guardian: Guardian) -> list[str]:
    """The channels that can reach this guardian here."""
    can_sms = has_sms() and is_mobile(guardian.number)
    return [EMAIL] * bool(guardian.email) + [SMS] * can_sms


def _context(guardian: Guardian) -> dict[str, Any]:
    return {
        "household": guardian.household,
        "email": masked_email(guardian.email),
        "number": masked_number(guardian.number),
        "problems": problems_of(guardian),
    }


def _page(request: HttpRequest, context: dict[str, Any], *, status: int) -> HttpResponse:
    return render(request, "pages/contact.html", context, status=status)
