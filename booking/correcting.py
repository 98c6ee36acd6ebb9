"""Correcting how a family is reached, when a message did not: message and guardian in one go."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

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
    done = handling.redirect(pk=pk, channel=channel, address=address, by=by, now=now)
    if guardian is not None:
        _correct(guardian.pk, channel, clean_address(channel, address), now=now)
    return done


def _correct(guardian_id: int, channel: str, address: str, *, now: datetime) -> None:
    """An agent who has the person on the telephone proves an address as a code would."""
    guardian = Guardian.objects.select_for_update(of=("self",)).get(pk=guardian_id)
    name = "email" if channel == Channel.EMAIL else "phone"
    former = str(getattr(guardian, name))
    setattr(guardian, name, address)
    setattr(guardian, f"{name}_verified_at", now)
    try:
        with transaction.atomic():
            guardian.save(update_fields=[name, f"{name}_verified_at"])
    except IntegrityError as error:
        raise TakenAddress from error
    people = [f"guardian:{guardian.pk}", f"household:{guardian.household_id}"]
    if former:
        handling.readdress(channel=channel, former=former, address=address, person_refs=people)
