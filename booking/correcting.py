"""Correcting how a family is reached, when a message did not: message and guardian in one go."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from booking.actions.people import correct_guardian
from booking.actors import Actor
from booking.errors import SamePerson
from booking.models import Guardian
from notifications import handling
from notifications.handling import Channel, Done, NotHandled, clean_address


class TakenAddress(NotHandled):
    """Somebody of the same name already has this address: two records of one person."""

    code = "taken_address"
    message = handling.gettext_noop(
        "Une personne du même nom a déjà cette adresse. Envoyez le message sans corriger la fiche."
    )
    status = 422


@transaction.atomic
def redirect(
    *,
    pk: int,
    channel: str,
    address: str,
    by: str,
    now: datetime,
    guardian: Guardian | None = None,
) -> Done:
    """Send a lost message to another address. With a `guardian`, theirs is corrected too, and what
    is still to leave for them goes there. Raises TakenAddress and what handling.redirect raises."""
    if guardian is not None:
        _correct(guardian, channel, clean_address(channel, address), by=by, now=now)
    return handling.redirect(pk=pk, channel=channel, address=address, by=by, now=now)


def _correct(guardian: Guardian, channel: str, address: str, *, by: str, now: datetime) -> None:
    """Before the message is locked: families come first (booking.locking)."""
    try:
        correct_guardian(
            household_id=guardian.household_id,
            guardian_id=guardian.pk,
            changes={"email" if channel == Channel.EMAIL else "phone": address},
            now=now,
            actor=Actor("agent", by[:80]),
        )
    except SamePerson as error:
        raise TakenAddress from error
