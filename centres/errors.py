"""Named refusals of opening hours, each with a stable code and a sentence for people (pure).

Sentences are French source texts; pages pass them through gettext (`gettext_noop` marks them).
"""

from __future__ import annotations


def gettext_noop(text: str) -> str:
    """Mark a text for translation without importing Django into the pure modules."""
    return text


class Refusal(Exception):
    """The rules said no. Nothing was changed."""

    code = "refused"
    message = gettext_noop("Cette modification n’est pas possible.")

    def __init__(self, message: str = "", **details: object) -> None:
        self.message = message or self.message
        self.details = details
        super().__init__(self.message % details)


class BadRecurrence(Refusal, ValueError):
    """The RRULE is not one an opening rule may use; the sentence says what is wrong with it."""

    code = "bad_recurrence"


class PractitionerBusy(Refusal):
    code = "practitioner_busy"
    message = gettext_noop("Cette personne travaille déjà ailleurs à ce moment-là.")


class PractitionerWorks(PractitionerBusy):
    """The same, by name."""

    code = "practitioner_works"
    message = gettext_noop(
        "%(who)s reçoit déjà le %(day)s de %(opens)s à %(closes)s, à cet endroit : %(place)s."
    )


class PractitionerAway(Refusal):
    code = "practitioner_away"
    message = gettext_noop("%(who)s a une absence le %(day)s.")


class NothingToSwap(Refusal):
    code = "nothing_to_swap"
    message = gettext_noop("Aucune des deux personnes ne reçoit à ce moment-là.")


class PractitionerGone(Refusal):
    code = "practitioner_gone"
    message = gettext_noop("Cette personne n’exerce plus ici.")


class SeatsTaken(Refusal):
    code = "seats_taken"
    message = gettext_noop("Des familles ont déjà les places que cela supprimerait.")


class SeatsDoNotFit(Refusal):
    """The places do not go with the types offered; the sentence says why."""

    code = "seats_do_not_fit"


class EndsTooEarly(Refusal):
    code = "ends_too_early"
    message = gettext_noop("La fin doit venir après le début.")


class TooLong(Refusal):
    code = "too_long"
    message = gettext_noop("Une demi-journée dure au plus 14 heures.")


class ShiftOver(Refusal):
    code = "shift_over"
    message = gettext_noop("Une demi-journée passée ne change plus.")


class ShiftCancelled(Refusal):
    code = "shift_cancelled"
    message = gettext_noop("Cette demi-journée est annulée. Rétablissez-la d’abord.")


class OtherCentre(Refusal):
    code = "other_centre"
    message = gettext_noop("Ce lieu dépend d’un autre centre.")


class DatesOutOfOrder(Refusal):
    code = "dates_out_of_order"
    message = gettext_noop("Le dernier jour doit venir après le premier.")


class NothingOffered(Refusal):
    code = "nothing_offered"
    message = gettext_noop("Choisissez au moins un motif.")


class RuleChanged(Refusal):
    """Somebody else has changed the rule since the page was shown."""

    code = "rule_changed"
    message = gettext_noop(
        "Cette plage a été modifiée entre-temps. Rien n’est enregistré : vérifiez, puis demandez "
        "un nouvel aperçu."
    )


class NotYours(Refusal):
    """A role or an account that is not theirs to touch: answered like one that does not exist."""

    code = "not_yours"
    message = gettext_noop("Ce compte ou ce rôle n’est pas de votre ressort.")


class AccountClosed(Refusal):
    code = "account_closed"
    message = gettext_noop("Ce compte est fermé. Demandez à l’administration de le rouvrir.")
