"""What messages say, as things are when they leave, in each family's language (see composing).

Subjects and SMS are neutral: no name, no reason, no service.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse

from booking import access
from booking.ical import Method, calendar_file, content_type, manage_url
from booking.loading import load_appointments
from booking.messages import CANCELLED, CLOSED
from booking.models import Appointment, Case
from booking.parties import number_of
from booking.planning import DayKey
from booking.queries import visits_of_day, visits_told
from centres.directory import is_address_sure
from centres.models import AppointmentType
from notifications.composing import Content
from notifications.models import OutboxMessage
from notifications.words import moments
from notifications.words.defaults import phrase
from notifications.words.kinds import FRENCH, FRENCH_BELOW, SMS, html_language, known_language
from notifications.words.neutral import neutral_place

MODE = AppointmentType.Mode
ELSEWHERE = {MODE.PHONE: "by_phone", MODE.VIDEO: "by_video", MODE.HOME: "at_home"}
Values = dict[str, Any]


def about_appointment(message: OutboxMessage) -> Content | None:
    """What such a message says, as the appointment is now; None once it has changed since."""
    uid = UUID(message.subject_ref)
    appointment = load_appointments([uid]).get(uid)
    if appointment is None or appointment.sequence != message.version:
        return None
    context = {
        **_visit_values(appointment, message.language),
        "centre_slug": appointment.centre.slug,
        "type_slug": appointment.type.slug,
    }
    if message.channel == SMS:
        return Content(context)
    if known_language(message.language) in FRENCH_BELOW:
        context["french"] = _visit_values(appointment, FRENCH)
    return Content(context, [_calendar([appointment], message)])


def about_proposal(message: OutboxMessage) -> Content | None:
    """What it says of another time held for the family; None once it is held no more."""
    uid = UUID(message.subject_ref)
    appointment = load_appointments([uid]).get(uid)
    case = Case.objects.in_limbo().unanswered().filter(appointment__uid=uid).order_by("-id").first()
    if appointment is None or case is None or case.proposal is None:
        return None
    held = load_appointments([case.proposal.uid])[case.proposal.uid]
    if held.state != Appointment.State.HELD or appointment.sequence != message.version:
        return None
    context = {
        **_proposal_values(appointment, held, message.language),
        "centre_slug": appointment.centre.slug,
        "type_slug": appointment.type.slug,
    }
    if message.channel != SMS and known_language(message.language) in FRENCH_BELOW:
        context["french"] = _proposal_values(appointment, held, FRENCH)
    return Content(context)


def _proposal_values(appointment: Appointment, held: Appointment, language: str) -> Values:
    language = known_language(language)
    start, last = local_start(held), held.expires_at or held.starts_at
    answer_by = last.astimezone(ZoneInfo(held.centre.time_zone))
    return {
        **_visit_values(appointment, language),
        "new_when": moments.spoken_moment(start, language, has_year=True),
        "new_day_short": moments.short_day(start.date(), language),
        "new_time_short": moments.short_time(start.time(), language),
        "new_place": place_of(held, language),
        "answer_by": moments.spoken_moment(answer_by, language),
    }


def about_day(message: OutboxMessage) -> Content | None:
    """What a reminder says: all the visits that whom it is for still has that day; None without
    any."""
    visits = visits_told(*DayKey.of(message.subject_ref), message.person_ref)
    if not visits:
        return None
    kinds = {visit.type.slug for visit in visits}
    context = {
        **_day_values(visits, message.language),
        "centre_slug": visits[0].centre.slug,
        "type_slug": kinds.pop() if len(kinds) == 1 else "",
    }
    if message.channel == SMS:
        return Content(context)
    if known_language(message.language) in FRENCH_BELOW:
        context["french"] = _day_values(visits, FRENCH)
    return Content(context)


def about_together(message: OutboxMessage) -> Content | None:
    """What a confirmation of several appointments says: all that this guardian still has that day,
    each with the address of its own page."""
    of_day = visits_of_day(*DayKey.of(message.subject_ref))
    visits = [each for each in of_day if each.guardian_id == number_of(message.person_ref)]
    if not visits:
        return None
    kinds = {visit.type.slug for visit in visits}
    context = {
        **_together_values(visits, message.language),
        "centre_slug": visits[0].centre.slug,
        "type_slug": kinds.pop() if len(kinds) == 1 else "",
    }
    if message.channel == SMS:
        return Content(context)
    if known_language(message.language) in FRENCH_BELOW:
        context["french"] = _together_values(visits, FRENCH)
    return Content(context, [_calendar(visits, message)])


def _together_values(visits: Sequence[Appointment], language: str) -> Values:
    values = _day_values(visits, language)
    lines = list(zip(values["visits"], map(access.short_link, visits), strict=True))
    return {**values, "visits": [line for visit in lines for line in visit]}


def card_values(appointment: Appointment, language: str) -> Values:
    """What a card given to the family says, in its language; a discreet reason is not on it."""
    start = local_start(appointment)
    language = known_language(language)
    return {
        **_visit_values(appointment, language),
        "time": moments.spoken_time(start.time(), language),
        "day_with_year": moments.spoken_day(start.date(), language, has_year=True),
        "child": appointment.child.first_name if appointment.child else "",
        "practitioner": str(appointment.practitioner),
        "is_reason_french": appointment.type.is_in_french("label", language),
        "is_bring_french": appointment.type.is_in_french("what_to_bring", language),
    }


def local_start(appointment: Appointment) -> datetime:
    """When it begins, on the clock of its centre."""
    return appointment.starts_at.astimezone(ZoneInfo(appointment.centre.time_zone))


def short_values(visits: Sequence[Appointment], language: str) -> Values:
    """What an SMS about these visits of one day may hold; the first one's place and link."""
    first, starts = visits[0], [local_start(visit) for visit in visits]
    return {
        "day_short": moments.short_day(starts[0].date(), language),
        "time_short": moments.short_time(starts[0].time(), language),
        "times": moments.short_times([start.time() for start in starts], language),
        "place_short": _place_short(first, language),
        "phone": first.centre.phone,
        "short_link": access.short_link(first),
    }


def _visit_values(appointment: Appointment, language: str) -> Values:
    language = known_language(language)
    start = local_start(appointment)
    link = manage_url(appointment)
    kind = appointment.type
    return {
        **short_values([appointment], language),
        **house_values(appointment),
        **_links(link),
        "when": moments.spoken_moment(start, language),
        "when_with_year": moments.spoken_moment(start, language, has_year=True),
        "day": moments.spoken_day(start.date(), language),
        "place": place_of(appointment, language),
        "reason": "" if kind.is_discreet else kind.text("label", html_language(language)),
        "bring": _things([appointment], language),
        "reference": appointment.spoken_reference,
    }


def _day_values(visits: Sequence[Appointment], language: str) -> Values:
    language = known_language(language)
    comma = "،" if language == "ar" else ","
    if len(visits) == 1:
        links = _links(manage_url(visits[0]))
    else:  # a page of one of them would hide the others
        links = {"link": f"{settings.PUBLIC_URL}{reverse('mine')}"}
    return {
        **short_values(visits, language),
        **house_values(visits[0]),
        **links,
        "day": moments.spoken_day(local_start(visits[0]).date(), language),
        "visits": [
            f"{moments.spoken_time(local_start(visit).time(), language)}{comma}"
            f" {place_of(visit, language)[0]}"
            for visit in visits
        ],
        "bring": _things(visits, language),
    }


def house_values(appointment: Appointment) -> Values:
    centre = appointment.centre
    return {
        "centre": centre.name,
        "department": centre.department.name,
        "home_url": f"{settings.PUBLIC_URL}{reverse('home')}",
    }


def _links(page: str) -> Values:
    return {"link": page, "move_link": f"{page}deplacer/", "cancel_link": f"{page}annuler/"}


def _things(visits: Iterable[Appointment], language: str) -> list[str]:
    """What to bring, each thing once; even that can give a discreet reason away."""
    texts = [
        visit.type.text("what_to_bring", html_language(language))
        for visit in visits
        if not visit.type.is_discreet
    ]
    lines = [line.strip() for text in texts for line in text.splitlines() if line.strip()]
    return list(dict.fromkeys(lines))


def place_of(appointment: Appointment, language: str) -> list[str]:
    """Where to be: a place and its address, or what happens instead."""
    name = ELSEWHERE.get(MODE(appointment.type.mode))
    if name:
        return [phrase(name, language)]
    site = appointment.site
    address = site.address if is_address_sure(site) else ""
    return [line for line in (site.name, address, site.town, site.access_note) if line]


def _place_short(appointment: Appointment, language: str) -> str:
    name = ELSEWHERE.get(MODE(appointment.type.mode))
    if name:
        return re.split("[,،]", phrase(name, language))[0]
    return neutral_place([appointment.site.name, appointment.site.town])


def _calendar(visits: Sequence[Appointment], message: OutboxMessage) -> dict[str, str]:
    method: Method = "CANCEL" if message.kind in {CANCELLED, CLOSED} else "PUBLISH"
    language = html_language(known_language(message.language))
    file = calendar_file(visits, method=method, now=message.created_at, language=language)
    return {"name": "rendez-vous.ics", "type": content_type(method), "body": file.decode()}
