"""What messages of the waiting list say, as things are when they leave (see composing).

Subjects and SMS are neutral: no name, no reason, no service.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID
from zoneinfo import ZoneInfo

from booking.loading import load_appointments
from booking.models import Appointment, WaitingListEntry, WaitingListOffer
from booking.telling import Values, house_values, local_start, place_of, short_values
from booking.waiting_links import entry_short_link, entry_url, offer_short_link, offer_url
from notifications.composing import Content
from notifications.models import OutboxMessage
from notifications.words import moments
from notifications.words.kinds import FRENCH, FRENCH_BELOW, SMS, html_language, known_language


def about_offer(message: OutboxMessage) -> Content | None:
    """What an offer says; None once it was answered or taken back."""
    offer = (
        WaitingListOffer.objects.filter(uid=_uid(message), state="open")
        .select_related("hold", "entry__appointment__centre")
        .first()
    )
    if offer is None or offer.hold is None:
        return None
    (held,) = load_appointments([offer.hold.uid]).values()
    return _content(message, lambda language: _offer_values(offer, held, language))


def about_entry(message: OutboxMessage) -> Content | None:
    """What the note of a request says; None once it is closed."""
    entry = (
        WaitingListEntry.objects.filter(uid=_uid(message), state="open")
        .select_related("centre__department", "type")
        .first()
    )
    if entry is None:
        return None
    return _content(message, lambda language: _entry_values(entry, language))


def _uid(message: OutboxMessage) -> UUID:
    return UUID(message.subject_ref.partition(":")[2])


def _content(message: OutboxMessage, values: Callable[[str], Values]) -> Content:
    language = known_language(message.language)
    context = values(language)
    if message.channel != SMS and language in FRENCH_BELOW:
        context["french"] = values(FRENCH)
    return Content(context)


def _offer_values(offer: WaitingListOffer, held: Appointment, language: str) -> Values:
    start, kind, current = local_start(held), held.type, offer.entry.appointment
    answer_by = offer.answer_by.astimezone(ZoneInfo(held.centre.time_zone))
    return {
        **short_values([held], language),
        **house_values(held),
        "short_link": offer_short_link(offer),
        "link": offer_url(offer),
        "when": moments.spoken_moment(start, language),
        "when_with_year": moments.spoken_moment(start, language, has_year=True),
        "day": moments.spoken_day(start.date(), language),
        "place": place_of(held, language),
        "reason": "" if kind.is_discreet else kind.text("label", html_language(language)),
        "current": moments.spoken_moment(local_start(current), language) if current else "",
        "until": moments.spoken_moment(answer_by, language),
        "until_short": f"{moments.short_day(answer_by.date(), language)}"
        f" {moments.short_time(answer_by.time(), language)}",
        "centre_slug": held.centre.slug,
        "type_slug": kind.slug,
    }


def _entry_values(entry: WaitingListEntry, language: str) -> Values:
    kind = entry.type
    return {
        "centre": entry.centre.name,
        "department": entry.centre.department.name,
        "phone": entry.centre.phone,
        "reason": "" if kind.is_discreet else kind.text("label", html_language(language)),
        "link": entry_url(entry),
        "short_link": entry_short_link(entry),
        "centre_slug": entry.centre.slug,
        "type_slug": kind.slug,
    }
