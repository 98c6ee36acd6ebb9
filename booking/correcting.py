"""Correcting how a family is reached, when a message did not: message and guardian in one go."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

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
        _correct(guardian.pk, channel, clean_address(channel, address))
    return done


def _correct(guardian_id: int, channel: str, address: str) -> None:
    """What an agent types proves nothing, even with the person on the telephone: one letter wrong
    would open their appointments to a stranger."""
    guardian = Guardian.objects.select_for_update(of=("self",)).get(pk=guardian_id)
    name = "email" if channel == Channel.EMAIL else "phone"
    former = str(getattr(guardian, name))
    namesakes = Guardian.objects.filter(
        **{name: address, f"{name}_verified_at__isnull": False},
        first_name__iexact=guardian.first_name,
        last_name__iexact=guardian.last_name,
    )
    if namesakes.exclude(pk=guardian.pk).exists():
        raise TakenAddress
    setattr(guardian, name, address)
    setattr(guardian, f"{name}_verified_at", None)
    guardian.save(update_fields=[name, f"{name}_verified_at"])
    people = [f"guardian:{guardian.pk}", f"household:{guardian.household_id}"]
    if former:
        handling.readdress(channel=channel, former=former, address=address, person_refs=people)
