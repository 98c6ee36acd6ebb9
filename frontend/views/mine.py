"""“My appointments”: a contact proved by a code, then the list. No account, no password.

Whether a contact has appointments shows nowhere: the same page answers, after the same work.
"""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from booking import verification
from booking.access import appointments_of_contact, is_known_contact, language_of_contact
from booking.actors import SMS, channel_of
from booking.errors import CodeExpired, CodeWrong, TooManyAttempts, TooManySms, Unreachable
from booking.models import Verification
from booking.reaching import has_sms
from frontend import cookies, refusals
from frontend.access import access
from frontend.forms import CodeForm
from frontend.forms_family import AccessForm
from frontend.limits import CODES, SMALL, check_may_send, client_of, limited
from frontend.visit import Visit

ACCESS = Verification.Purpose.ACCESS


@access("public")
@require_http_methods(["GET", "HEAD", "POST"])
@limited(CODES)
def start(request: HttpRequest) -> HttpResponseBase:
    now = timezone.now()
    if request.method != "POST":
        if cookies.proved_contact(request, now=now):
            return redirect("mine-list")
        return _start_page(request, AccessForm(has_sms=has_sms()))
    form = AccessForm(request.POST, has_sms=has_sms())
    if not form.is_valid():
        return _start_page(request, form, status=422)
    contact = form.cleaned_data["contact"]
    try:
        check_may_send(request, contact, now=now)
        sent = verification.send_code(
            purpose=ACCESS,
            contact=contact,
            language=_language_for(contact),
            now=now,
            known=is_known_contact(contact),
        )
    except (TooManySms, Unreachable) as refusal:
        form.add_error("contact", _(refusal.message))
        return _start_page(request, form, status=refusal.status)
    return redirect("mine-code", sent.uid)


def _language_for(contact: str) -> str:
    """The one its household chose, else the page's. Asked of every contact: the same work."""
    return language_of_contact(contact) or get_language() or "fr"


def _start_page(request: HttpRequest, form: AccessForm, *, status: int = 200) -> HttpResponse:
    context = {"form": form, "has_sms": has_sms()}
    return render(request, "pages/mine/start.html", context, status=status)


def _can_try(asked: Verification) -> bool:
    return asked.attempts < verification.MAX_ATTEMPTS and asked.used_at is None


def _code_page(
    request: HttpRequest, asked: Verification, form: CodeForm, *, status: int = 200
) -> HttpResponse:
    can_try = _can_try(asked)
    context = {
        "asked": asked,
        "form": form,
        "can_try": can_try,
        "can_resend": can_try and asked.sends < verification.MAX_SENDS,
    }
    return render(request, "pages/mine/code.html", context, status=status)


@access("link")
@require_http_methods(["GET", "HEAD", "POST"])
@limited(CODES)
def code(request: HttpRequest, uid: UUID) -> HttpResponseBase:
    now = timezone.now()
    asked = get_object_or_404(Verification, uid=uid, purpose=ACCESS)
    if request.method != "POST":
        return _code_page(request, asked, CodeForm())
    form = CodeForm(request.POST)
    if not form.is_valid():
        return _code_page(request, asked, form, status=422)
    try:
        checked = verification.check_code(
            uid=uid, code=form.cleaned_data["code"], now=now, asker=client_of(request)
        )
    except (CodeWrong, CodeExpired, TooManyAttempts) as refusal:
        asked.refresh_from_db()
        # Without another try there is no field left to point at.
        form.add_error("code" if _can_try(asked) else None, refusals.sentence(refusal))
        return _code_page(request, asked, form, status=refusal.status)
    verification.use(checked, now=now)
    response = redirect("mine-list")
    cookies.remember_contact(response, checked.contact, now=now)
    return response


@access("link")
@require_POST
@limited(CODES)
def resend(request: HttpRequest, uid: UUID) -> HttpResponseBase:
    now = timezone.now()
    asked = get_object_or_404(Verification, uid=uid, purpose=ACCESS)
    check_may_send(request, asked.contact, now=now)
    verification.resend_code(uid=uid, language=_language_for(asked.contact), now=now)
    return redirect(f"{request.path.removesuffix('renvoyer/')}?renvoye=1")


@access("contact")
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    contact = cookies.proved_contact(request, now=now)
    if contact is None:
        return redirect("mine")
    ahead, behind = appointments_of_contact(contact, now=now)
    context = {
        "contact": contact,
        "is_number": channel_of(contact) == SMS,
        "ahead": [Visit(each, now) for each in ahead],
        "behind": [Visit(each, now) for each in behind],
    }
    return render(request, "pages/mine/list.html", context)


@access("contact")
@require_POST
@limited(SMALL)
def leave(request: HttpRequest) -> HttpResponseBase:
    response = redirect("mine")
    cookies.forget_contact(response)
    return response
