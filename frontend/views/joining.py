"""A family without an appointment, nor any free time for one, puts itself on the waiting list: its
details, the code that proves its contact, then its request, to be changed there.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from booking import actions, verification
from booking.actions.waiting import Wishes, check_waiting
from booking.actors import Who
from booking.errors import (
    CentreNotOpen,
    CodeExpired,
    CodeWrong,
    TooManyAttempts,
    TooManyGuesses,
    TypeNotAtCentre,
    TypeNotBookable,
)
from booking.models import Verification
from booking.reaching import has_sms
from booking.waiting_links import entry_token
from centres.directory import is_received
from centres.models import AppointmentType, Centre
from centres.rollout import is_open_online
from frontend import cookies, limits, refusals
from frontend.access import access
from frontend.forms import CodeForm, who_from_payload
from frontend.forms_waiting import NOTICE, JoinForm
from frontend.limits import CALLBACKS, CODES, limited
from frontend.nearby import is_bookable
from frontend.refusals import Step
from frontend.views.who import FIELD_OF, MENDABLE, known_of

WAITING = Verification.Purpose.WAITING


@access("public")
@require_http_methods(["GET", "HEAD", "POST"])
@limited(CALLBACKS)
def join(request: HttpRequest, type_slug: str, centre_slug: str) -> HttpResponseBase:
    now = timezone.now()
    kind = get_object_or_404(AppointmentType, slug=type_slug)
    centre = get_object_or_404(Centre.objects.select_related("department"), slug=centre_slug)
    try:
        _check_open(kind, centre, now=now)
    except TypeNotAtCentre as refusal:
        elsewhere = Step(reverse("where", args=[kind.slug]), _("Choisir un autre centre"))
        return refusals.page(request, refusal, steps=[elsewhere, *refusals.default_steps()])
    proved = cookies.proved_contact(request, now=now)
    data = request.POST if request.method == "POST" else None
    form = JoinForm(
        data,
        audience=kind.audience,
        today=timezone.localdate(now, ZoneInfo(centre.time_zone)),
        has_sms=has_sms(),
        initial=known_of(proved) if proved else {},
    )
    context = {"form": form, "kind": kind, "centre": centre, "is_proved": proved is not None}
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "pages/waiting/join.html", context, status=status)
    try:
        return _go_on(request, form, kind, centre, proved=proved, now=now)
    except MENDABLE as refusal:
        form.add_error(FIELD_OF.get(type(refusal)), refusals.sentence(refusal))
        return render(request, "pages/waiting/join.html", context, status=refusal.status)


def _check_open(kind: AppointmentType, centre: Centre, *, now: datetime) -> None:
    """Raises TypeNotBookable, CentreNotOpen: who cannot book online is helped by telephone; and
    TypeNotAtCentre where nobody would ever be called."""
    if not is_bookable(kind):
        raise TypeNotBookable
    if not is_open_online(centre, now=now):
        raise CentreNotOpen
    if not is_received(kind, centre, now=now):
        raise TypeNotAtCentre


def _go_on(
    request: HttpRequest,
    form: JoinForm,
    kind: AppointmentType,
    centre: Centre,
    *,
    proved: str | None,
    now: datetime,
) -> HttpResponseBase:
    """At once for a contact proved lately; otherwise a code goes there first."""
    person = form.who
    if proved == person.contact:
        return _joined(kind, centre, person, now=now)
    check_waiting(kind, centre, born_on=person.child_born_on, due_on=person.due_on, now=now)
    payload = {"kind": kind.pk, "centre": centre.pk, "who": form.payload}
    sent = _same_code(person.contact, payload, now=now)
    if sent is None:
        limits.check_may_send(request, person.contact, now=now)
        sent = verification.send_code(
            purpose=WAITING,
            contact=person.contact,
            language=person.language,
            now=now,
            payload=payload,
        )
    return redirect("waiting-code", sent.uid)


def _same_code(contact: str, payload: dict[str, Any], *, now: datetime) -> Verification | None:
    """Pressed twice, one message leaves."""
    sent = Verification.objects.filter(
        purpose=WAITING,
        contact=contact,
        used_at=None,
        expires_at__gt=now,
        attempts__lt=verification.MAX_ATTEMPTS,
    )
    return sent.filter(payload=payload).order_by("-id").first()


def _joined(
    kind: AppointmentType, centre: Centre, person: Who, *, now: datetime
) -> HttpResponseBase:
    """On to the page of the request, where days, hours and places can be chosen."""
    wishes = Wishes(sites=tuple(site.pk for site in centre.sites.all()), notice_min=NOTICE)
    entry = actions.join_waiting_list(who=person, kind=kind, centre=centre, wishes=wishes, now=now)
    response = redirect(f"{reverse('waiting', args=[entry_token(entry)])}?note=1")
    cookies.remember_contact(response, person.contact, now=now)
    return response


def _asked(uid: UUID) -> Verification:
    """A code of this way, and of no other. Raises Http404."""
    return get_object_or_404(Verification, uid=uid, purpose=WAITING)


@access("link")
@require_http_methods(["GET", "HEAD", "POST"])
@limited(CODES)
def code(request: HttpRequest, uid: UUID) -> HttpResponseBase:
    now, asked = timezone.now(), _asked(uid)
    form = CodeForm(request.POST if request.method == "POST" else None)
    if not form.is_bound or not asked.payload:
        return _code_page(request, asked, form if asked.payload else CodeForm())
    if not form.is_valid():
        return _code_page(request, asked, form, status=422)
    try:
        proved = verification.check_code(
            uid=uid,
            code=form.cleaned_data["code"],
            now=now,
            asker=limits.client_of(request),
        )
    except TooManyGuesses as refusal:
        return _guessed_out(request, asked, refusal)
    except (CodeWrong, CodeExpired, TooManyAttempts) as refusal:
        asked.refresh_from_db()
        form.add_error("code" if _can_try(asked) else None, refusals.sentence(refusal))
        return _code_page(request, asked, form, status=refusal.status)
    person = who_from_payload(proved.payload["who"], language=get_language() or "fr")
    kind = get_object_or_404(AppointmentType, pk=proved.payload["kind"])
    centre = get_object_or_404(Centre, pk=proved.payload["centre"])
    try:
        _check_open(kind, centre, now=now)
        response = _joined(kind, centre, person, now=now)
    except (*MENDABLE, TypeNotBookable, CentreNotOpen, TypeNotAtCentre) as refusal:
        # The code was right: what it was for is not, and is mended on the page before.
        form.add_error(None, refusals.sentence(refusal))
        return _code_page(request, asked, form, status=refusal.status)
    verification.use(proved, now=now)
    return response


@access("link")
@require_POST
@limited(CODES)
def resend(request: HttpRequest, uid: UUID) -> HttpResponseBase:
    now, asked = timezone.now(), _asked(uid)
    limits.check_may_send(request, asked.contact, now=now)
    language = asked.payload.get("who", {}).get("message_language") or get_language() or "fr"
    verification.resend_code(uid=uid, language=language, now=now)
    return redirect(f"{reverse('waiting-code', args=[uid])}?renvoye=1")


def _guessed_out(
    request: HttpRequest, asked: Verification, refusal: TooManyGuesses
) -> HttpResponse:
    """Another contact can be given, or the centre be phoned."""
    centre = Centre.objects.filter(pk=asked.payload.get("centre")).first()
    steps = [Step(_again(asked, centre), _("Prendre un autre contact"))]
    if centre is not None:
        steps.append(refusals.call(centre))
    return refusals.page(request, refusal, steps=steps)


def _again(asked: Verification, centre: Centre | None) -> str:
    """The page where the details are typed."""
    kind = AppointmentType.objects.filter(pk=asked.payload.get("kind")).first()
    return reverse("waiting-join", args=[kind.slug, centre.slug]) if kind and centre else "/"


def _can_try(asked: Verification) -> bool:
    return asked.attempts < verification.MAX_ATTEMPTS and asked.used_at is None


def _code_page(
    request: HttpRequest, asked: Verification, form: CodeForm, *, status: int = 200
) -> HttpResponse:
    centre = Centre.objects.filter(pk=asked.payload.get("centre")).first()
    can_try = _can_try(asked)
    context = {
        "asked": asked,
        "form": form,
        "can_try": can_try,
        "can_resend": can_try and asked.sends < verification.MAX_SENDS,
        "again": _again(asked, centre),
    }
    return render(request, "pages/waiting/code.html", context, status=status)
