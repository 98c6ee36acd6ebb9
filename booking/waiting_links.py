"""Signed links of the waiting list: a family's request, and what it is offered."""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from booking.access import BadLink, pk_of_short_code, short_code, sign, unsign
from booking.models import WaitingListEntry, WaitingListOffer

T = TypeVar("T")
ENTRY, OFFER = "booking.waiting", "booking.offer"
SHORT_ENTRY, SHORT_OFFER = "booking.waiting.short", "booking.offer.short"
NAMED = (
    *("entry__appointment", "entry__guardian__household", "entry__type", "entry__child"),
    *("hold", "practitioner", "site", "centre__department"),
)


def entry_token(entry: WaitingListEntry) -> str:
    """What opens this one request."""
    return sign(entry.uid, ENTRY)


def entry_for_link(token: str) -> WaitingListEntry:
    """The request a link opens, open or closed. Raises BadLink."""
    found = WaitingListEntry.objects.filter(uid=unsign(token, ENTRY)).select_related(
        "appointment", "guardian__household", "child", "type", "centre__department"
    )
    return _only(found.first())


def entry_url(entry: WaitingListEntry) -> str:
    return f"{settings.PUBLIC_URL}{reverse('waiting', args=[entry_token(entry)])}"


def entry_for_short_link(code: str) -> WaitingListEntry:
    """The request an SMS's link opens. Raises BadLink."""
    return _only(WaitingListEntry.objects.filter(pk=pk_of_short_code(code, SHORT_ENTRY)).first())


def entry_short_link(entry: WaitingListEntry) -> str:
    """The same page as entry_url's, in the letters an SMS has room for."""
    return f"{settings.PUBLIC_URL}/l/{short_code(entry.pk, SHORT_ENTRY)}"


def offer_token(offer: WaitingListOffer) -> str:
    """What opens this one offer, to be answered."""
    return sign(offer.uid, OFFER)


def offer_for_link(token: str) -> WaitingListOffer:
    """The offer a link opens, whatever has become of it. Raises BadLink."""
    return offer_of(unsign(token, OFFER))


def offer_of(uid: UUID) -> WaitingListOffer:
    """An offer with all that it names. Raises BadLink."""
    found = WaitingListOffer.objects.filter(uid=uid).select_related(*NAMED)
    return _only(found.first())


def offer_for_short_link(code: str) -> WaitingListOffer:
    """The offer an SMS's link opens. Raises BadLink."""
    return _only(WaitingListOffer.objects.filter(pk=pk_of_short_code(code, SHORT_OFFER)).first())


def offer_url(offer: WaitingListOffer) -> str:
    return f"{settings.PUBLIC_URL}{reverse('offer', args=[offer_token(offer)])}"


def offer_short_link(offer: WaitingListOffer) -> str:
    """The same page, in the letters an SMS has room for."""
    return f"{settings.PUBLIC_URL}/o/{short_code(offer.pk, SHORT_OFFER)}"


def _only(found: T | None) -> T:
    if found is None:
        raise BadLink
    return found
