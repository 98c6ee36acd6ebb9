"""A message's life in plain French: what it was to say, why nobody got it, what happened when.

Codes of providers and states of the database are never shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from notifications.models import Attempt, ContactProblem, Inbound, OutboxMessage

State, Channel, Handled = OutboxMessage.State, OutboxMessage.Channel, OutboxMessage.Handled
Outcome, Reason = Attempt.Outcome, ContactProblem.Reason

KINDS = {
    "confirmation": gettext_noop("Confirmation du rendez-vous"),
    "together": gettext_noop("Confirmation de plusieurs rendez-vous"),
    "moved": gettext_noop("Changement d’horaire"),
    "corrected": gettext_noop("Motif corrigé"),
    "cancelled": gettext_noop("Annulation du rendez-vous"),
    "closed": gettext_noop("Annulation par le centre"),
    "proposed": gettext_noop("Autre créneau proposé"),
    "to_call": gettext_noop("Rendez-vous à changer avec la famille"),
    "proposal_refused": gettext_noop("Rendez-vous à changer avec la famille"),
    "proposal_unanswered": gettext_noop("Rendez-vous à changer avec la famille"),
    "time_kept": gettext_noop("Rendez-vous gardé comme au début"),
    "paper": gettext_noop("Feuille du lendemain"),
    "reminder": gettext_noop("Rappel du rendez-vous"),
    "reminder_no_reply": gettext_noop("Rappel du rendez-vous"),
    "offer": gettext_noop("Proposition d’une place qui se libère"),
    "waiting": gettext_noop("Demande en liste d’attente notée"),
    "code": gettext_noop("Code à six chiffres"),
    "account": gettext_noop("Lien d’un agent pour choisir son mot de passe"),
}
REPLY = gettext_noop("Réponse à un SMS de la famille")

BY_PROBLEM: dict[tuple[str, str], str] = {
    (Channel.SMS, Reason.DEAD): gettext_noop("Ce numéro n’est plus attribué."),
    (Channel.EMAIL, Reason.DEAD): gettext_noop("Cette adresse e-mail n’existe pas."),
    (Channel.EMAIL, Reason.COMPLAINT): gettext_noop(
        "La personne a signalé nos e-mails comme indésirables."
    ),
    (Channel.SMS, Reason.COMPLAINT): gettext_noop(
        "La personne a signalé nos SMS comme indésirables."
    ),
    (Channel.SMS, Reason.STOP): gettext_noop("La personne a répondu STOP : plus de SMS."),
}
BY_STATE: dict[tuple[str, str], str] = {
    (Channel.SMS, State.UNDELIVERABLE): gettext_noop(
        "Le téléphone ne l’a pas reçu : éteint, hors réseau, ou numéro faux."
    ),
    (Channel.EMAIL, State.UNDELIVERABLE): gettext_noop(
        "La boîte de réception l’a renvoyé : pleine, fermée, ou adresse fausse."
    ),
    (Channel.SMS, State.EXPIRED): gettext_noop("Le SMS n’a pas pu partir à temps."),
    (Channel.EMAIL, State.EXPIRED): gettext_noop("L’e-mail n’a pas pu partir à temps."),
    (Channel.SMS, State.SUPPRESSED): gettext_noop("Ce numéro ne reçoit plus nos SMS."),
    (Channel.EMAIL, State.SUPPRESSED): gettext_noop("Cette adresse ne reçoit plus nos e-mails."),
    (Channel.SMS, State.UNCERTAIN): gettext_noop(
        "Le prestataire n’a pas répondu : le SMS est peut-être arrivé."
    ),
    (Channel.EMAIL, State.UNCERTAIN): gettext_noop(
        "Le serveur de courrier n’a pas répondu : l’e-mail est peut-être arrivé."
    ),
}
BY_OUTCOME: dict[str, str] = {
    Outcome.REFUSED: gettext_noop("Refusé à l’envoi : l’adresse ou le numéro est sans doute faux."),
    Outcome.NOT_TAKEN: gettext_noop("Le prestataire n’a pas pris ce message, plusieurs fois."),
    Outcome.ABSENT: gettext_noop("Le prestataire ne l’a jamais reçu, et il était trop tard."),
    Outcome.GIVEN_UP: gettext_noop(
        "Le prestataire n’a jamais répondu : il est peut-être arrivé, peut-être pas."
    ),
}
NOWHERE = gettext_noop("Aucun message ne peut joindre cette famille, ou pas à temps.")
BY_KIND = {
    "to_call": gettext_noop(
        "Absence, fermeture, demi-journée annulée ou changée : la famille est à prévenir au "
        "téléphone."
    ),
    "proposal_refused": gettext_noop("La famille a refusé le créneau proposé."),
    "proposal_unanswered": gettext_noop("La famille n’a pas répondu au créneau proposé."),
    "time_kept": gettext_noop(
        "L’absence ou la fermeture est retirée, ou la demi-journée rétablie : dites à la famille "
        "que son rendez-vous tient."
    ),
}
NOT_WRITTEN = gettext_noop("Le message n’a pas pu être préparé.")

TRIED = {
    Outcome.ACCEPTED: gettext_noop("Remis au prestataire."),
    Outcome.NOT_TAKEN: gettext_noop("Le prestataire ne l’a pas pris."),
    Outcome.REFUSED: gettext_noop("Refusé par le prestataire."),
    Outcome.FOUND: gettext_noop("Retrouvé chez le prestataire : il était bien parti."),
    Outcome.ABSENT: gettext_noop("Le prestataire, interrogé, ne l’avait pas."),
    Outcome.GIVEN_UP: gettext_noop("Resté sans réponse, essais terminés."),
}
ENDED = {
    State.SUPERSEDED: gettext_noop("Retiré avant de partir : le rendez-vous avait changé."),
    State.EXPIRED: gettext_noop("N’a pas pu partir à temps."),
    State.SUPPRESSED: gettext_noop(
        "Retenu : cette adresse ne marche pas, ou la famille n’en veut plus."
    ),
    State.FAILED: gettext_noop("N’est pas parti."),
    State.UNDELIVERABLE: gettext_noop("N’a pas été remis."),
}
HANDLED = {
    Handled.TOLD: gettext_noop("Famille prévenue par téléphone (%(who)s)."),
    Handled.RESENT: gettext_noop("Renvoyé (%(who)s)."),
    Handled.CORRECTED: gettext_noop("Renvoyé à une autre adresse (%(who)s)."),
    Handled.CLOSED: gettext_noop("Classé sans suite (%(who)s)."),
    Handled.AUTOMATIC: gettext_noop("Un autre message est parti à sa place, par un autre canal."),
}


class Step(NamedTuple):
    """One thing that happened to a message; without a time when nobody noted it. One that is not
    dated has its place among others by a time that is not told."""

    at: datetime | None
    says: str
    is_trouble: bool = False
    is_dated: bool = True


def kind_of(message: OutboxMessage) -> str:
    """What a message was to say, in a few words."""
    return _(KINDS.get(message.kind, REPLY if message.kind.startswith("reply") else message.kind))


def why(message: OutboxMessage, *, problem: str = "", outcome: str = "") -> str:
    """Why nobody got it, for the person who is about to phone: what is known of the address, else
    how it ended."""
    if not message.recipient:
        return _(BY_KIND.get(message.kind, NOWHERE))
    known = BY_PROBLEM.get((message.channel, problem))
    ended = BY_STATE.get((message.channel, message.state))
    return _(known or ended or BY_OUTCOME.get(outcome, NOT_WRITTEN))


def understood(reply: Inbound) -> str:
    """What a family wrote back, in words."""
    values = {"text": reply.text, "meaning": reply.get_meaning_display()}
    if reply.meaning == Inbound.Meaning.UNKNOWN:
        return _("La famille a répondu « %(text)s » : à lire.") % values
    return _("La famille a répondu « %(text)s » (%(meaning)s).") % values


def timeline(message: OutboxMessage) -> list[Step]:
    """Everything known of one message, as it happened; what has no time comes last."""
    steps = [*_planned(message), *_tried(message), *_came_back(message), *_after(message)]
    return sorted((s for s in steps if s.at), key=lambda step: step.at or message.created_at) + [
        step for step in steps if step.at is None
    ]


def _planned(message: OutboxMessage) -> Iterator[Step]:
    yield Step(message.created_at, _("Prévu."))
    if message.state in OutboxMessage.State.values[:2] and message.send_at > message.created_at:
        yield Step(message.send_at, _("Partira à ce moment-là."))


def _tried(message: OutboxMessage) -> Iterator[Step]:
    for attempt in message.ledger.all():
        if attempt.unknown_since:
            yield Step(attempt.unknown_since, _("Le prestataire n’a pas répondu."), is_trouble=True)
        elif not attempt.closed_at:
            yield Step(attempt.opened_at, _("En cours d’envoi."))
        if attempt.closed_at:
            is_well = attempt.outcome in (Outcome.ACCEPTED, Outcome.FOUND)
            yield Step(
                attempt.closed_at,
                _(TRIED[Outcome(attempt.outcome)]),
                is_trouble=not is_well,
            )
    if message.sent_at and not message.ledger.all():
        yield Step(message.sent_at, _("Envoyé."))


def _came_back(message: OutboxMessage) -> Iterator[Step]:
    if message.delivered_at:
        yield Step(message.delivered_at, _("Reçu par la famille."))
    for receipt in message.receipts.all():
        if receipt.state == State.UNDELIVERABLE:
            at = receipt.happened_at or receipt.received_at
            text = _("Numéro hors service.") if receipt.is_number_dead else _("Non remis.")
            yield Step(at, text, is_trouble=True)
    for reply in message.replies.all():
        yield Step(reply.at, understood(reply))
        if reply.handled_at:
            who = {"who": reply.handled_by}
            yield Step(reply.handled_at, _("Réponse lue (%(who)s).") % who)


def _after(message: OutboxMessage) -> Iterator[Step]:
    if message.state in ENDED and not message.recipient:
        yield Step(None, _(BY_KIND.get(message.kind, NOWHERE)), is_trouble=True)
    elif message.state in ENDED:
        yield Step(None, _(ENDED[State(message.state)]), is_trouble=True)
    for other in message.replacements.all():
        values = {"channel": other.get_channel_display(), "recipient": other.recipient}
        text = _("Un autre message l’a remplacé : %(channel)s à %(recipient)s.") % values
        yield Step(other.created_at, text)
    if message.handled_as:
        said = _(HANDLED[Handled(message.handled_as)])
        yield Step(message.handled_at, said % {"who": message.handled_by})
