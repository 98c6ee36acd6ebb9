"""Named refusals: one class per reason, each with a stable code and a sentence for people.

Messages are French source texts; pages pass them through gettext (`gettext_noop` marks them).
"""

from __future__ import annotations

from datetime import datetime


def gettext_noop(text: str) -> str:
    """Mark a text for translation without importing Django into the pure modules."""
    return text


class Refusal(Exception):
    """The rules said no. Nothing was changed."""

    code = "refused"
    message = gettext_noop("Cette action n’est pas possible.")
    status = 409

    def __init__(self, **details: object) -> None:
        super().__init__(self.code)
        self.details = details


class SlotTaken(Refusal):
    code = "slot_taken"
    message = gettext_noop("Ce créneau vient d’être pris. Voici les plus proches encore libres.")


class NotOffered(Refusal):
    code = "not_offered"
    message = gettext_noop("Ce créneau n’est pas proposé. Choisissez-en un dans la liste.")


class TooSoon(Refusal):
    code = "too_soon"
    message = gettext_noop("Ce créneau est trop proche pour être réservé en ligne.")


class VisitTooSoon(TooSoon):
    """Of what comes of a visit, noted before it can have happened."""

    code = "visit_too_soon"
    message = gettext_noop(
        "C’est trop tôt pour le noter. Vérifiez le jour et l’heure de ce rendez-vous."
    )


class SessionNotOpen(NotOffered):
    """Of who comes without an appointment."""

    code = "session_not_open"
    message = gettext_noop("Personne ne peut venir sans rendez-vous à cette séance.")


class CountChanged(Refusal):
    code = "count_changed"
    message = gettext_noop("Ce nombre a changé entre-temps. Le voici, comptez de nouveau.")


class AgentsOnly(Refusal):
    code = "agents_only"
    message = gettext_noop("Seul un agent du centre peut le faire.")
    status = 403


class TooFar(Refusal):
    code = "too_far"
    message = gettext_noop("Les rendez-vous de ce jour ne sont pas encore ouverts.")


class TooLate(Refusal):
    code = "too_late"
    message = gettext_noop(
        "Il est trop tard pour changer ce rendez-vous en ligne. Appelez le centre."
    )


class CentreNotOpen(Refusal):
    code = "centre_not_open"
    message = gettext_noop("Ce centre n’est pas ouvert à la réservation en ligne.")


class TypeNotBookable(Refusal):
    code = "type_not_bookable"
    message = gettext_noop("Ce rendez-vous ne se prend pas en ligne. Appelez le centre.")


class TypeNotAtCentre(Refusal):
    code = "type_not_at_centre"
    message = gettext_noop(
        "Ce centre ne propose pas ce motif : aucune place ne peut s’y libérer. "
        "Choisissez un autre centre."
    )


class HoldExpired(Refusal):
    code = "hold_expired"
    message = gettext_noop("Le temps est écoulé : ce créneau n’est plus retenu pour vous.")
    status = 410


class HoldNotExtendable(Refusal):
    code = "hold_not_extendable"
    message = gettext_noop("Vous avez déjà eu un quart d’heure de plus pour ce créneau.")


class ChildRequired(Refusal):
    code = "child_required"
    message = gettext_noop(
        "Ce rendez-vous est pour un enfant : il faut son prénom et sa date de naissance."
    )
    status = 422


class ContactRequired(Refusal):
    code = "contact_required"
    message = gettext_noop(
        "Pour prévenir cette famille, il faut un téléphone ou une adresse e-mail."
    )
    status = 422


class DueDateRequired(Refusal):
    code = "due_date_required"
    message = gettext_noop(
        "Ce rendez-vous est pour une grossesse : il faut la date prévue de l’accouchement."
    )
    status = 422


class AgeNotAllowed(Refusal):
    code = "age_not_allowed"
    message = gettext_noop("Ce rendez-vous n’est pas prévu pour cet âge à cette date.")
    status = 422


class WeeksNotAllowed(Refusal):
    code = "weeks_not_allowed"
    message = gettext_noop("Ce rendez-vous n’est pas prévu à ce moment de la grossesse.")
    status = 422


class LimitReached(Refusal):
    code = "limit_reached"
    message = gettext_noop(
        "Vous avez déjà le nombre maximal de rendez-vous à venir. "
        "Annulez-en un ou appelez le centre."
    )


class AlreadyBookedThen(Refusal):
    code = "already_booked_then"
    message = gettext_noop("Cet enfant a déjà un rendez-vous à ce moment-là.")


class PersonBookedThen(Refusal):
    code = "person_booked_then"
    message = gettext_noop("Cette personne a déjà un rendez-vous à ce moment-là.")


class WrongState(Refusal):
    code = "wrong_state"
    message = gettext_noop("Ce rendez-vous a changé entre-temps. Voici où il en est.")


class ReasonRequired(Refusal):
    code = "reason_required"
    message = gettext_noop("Une surréservation demande un motif.")
    status = 422


class PlanChanged(Refusal):
    code = "plan_changed"
    message = gettext_noop(
        "Des rendez-vous ont changé pendant que vous regardiez cette page. Rien n’a été enregistré."
        " Voici où ils en sont."
    )


class UndoTooLate(Refusal):
    code = "undo_too_late"
    message = gettext_noop(
        "Il est trop tard pour défaire : la minute est passée, et les messages partent."
        " Retirez l’absence ou la fermeture, puis rappelez les familles."
    )


class UncancelTooLate(Refusal):
    code = "uncancel_too_late"
    message = gettext_noop("La minute est passée : prenez un autre rendez-vous.")


class ImportTooOld(Refusal):
    code = "import_too_old"
    message = gettext_noop(
        "Il est trop tard pour tout annuler : dix minutes sont passées. Corrigez ligne par ligne, "
        "ou importez un fichier corrigé."
    )


class ImportChanged(Refusal):
    """Something of what a sheet wrote is not as it left it."""

    code = "import_changed"
    message = gettext_noop(
        "Rien n’est annulé : depuis l’import, quelqu’un a changé une de ces lignes, une de leurs "
        "demi-journées ou un rendez-vous. Corrigez ligne par ligne."
    )


class ImportBooked(Refusal):
    code = "import_booked"
    message = gettext_noop(
        "Rien n’est annulé : depuis l’import, une famille a pris un rendez-vous qui n’aurait plus "
        "de place. Corrigez ligne par ligne."
    )


class OverbookedEnough(Refusal):
    code = "overbooked_enough"
    message = gettext_noop(
        "Cette demi-journée a déjà toutes les surréservations permises. Choisissez-en une autre."
    )


class NotAtThisDesk(Refusal):
    code = "not_at_this_desk"
    message = gettext_noop("Cette feuille est pour les personnes qui travaillent dans ce centre.")
    status = 403


class ToldEnough(Refusal):
    code = "told_enough"
    message = gettext_noop(
        "Ce rendez-vous a déjà été renvoyé trois fois aujourd’hui. Dites-le de vive voix."
    )
    status = 429


class NoWayThere(Refusal):
    code = "no_way_there"
    message = gettext_noop(
        "Rien ne peut partir par ce moyen : la famille ne l’a pas, ou ne le souhaite pas."
    )


class CallbackClosed(Refusal):
    code = "callback_closed"
    message = gettext_noop("Cette demande de rappel a déjà été traitée.")


class CallbackTaken(Refusal):
    code = "callback_taken"
    message = gettext_noop("Une autre personne s’occupe déjà de cet appel.")


class AskedAgain(Refusal):
    """A closed request cannot be opened again: the family has asked anew since."""

    code = "asked_again"
    message = gettext_noop("Cette famille a fait une nouvelle demande depuis : elle est plus haut.")


class WaitingOver(Refusal):
    code = "waiting_over"
    message = gettext_noop("Cette demande en liste d’attente est close.")
    status = 410


class OfferOver(Refusal):
    """Answered already, too late, or what was offered is no more."""

    code = "offer_over"
    message = gettext_noop("Cette proposition n’est plus valable.")
    status = 410


class CodeWrong(Refusal):
    code = "code_wrong"
    message = gettext_noop("Ce code n’est pas le bon. Vérifiez les six chiffres.")
    status = 422


class CodeExpired(Refusal):
    code = "code_expired"
    message = gettext_noop("Ce code n’est plus valable. Demandez-en un nouveau.")
    status = 410


class TooManyAttempts(Refusal):
    code = "too_many_attempts"
    message = gettext_noop("Trop d’essais. Patientez quelques minutes, puis recommencez.")
    status = 429


class TooManySms(TooManyAttempts):
    """The number, or whoever asks, has had its codes: each SMS costs and rings."""

    code = "too_many_sms"
    message = gettext_noop(
        "Trop de codes sont partis par SMS. Patientez une heure, ou recevez le code par e-mail."
    )


class TooManyGuesses(Refusal):
    """So many wrong codes were tried for a contact today that whoever tries may be guessing;
    `again_at` in its details says until when none is looked at."""

    code = "too_many_guesses"
    message = gettext_noop(
        "Trop de codes faux ont été essayés pour ce contact. Par sécurité, aucun code n’est "
        "accepté avant %(again)s. D’ici là, prenez un autre contact, ou appelez le centre."
    )
    status = 429


class Unreachable(Refusal):
    """Messages are known not to arrive there, so no code will."""

    code = "unreachable"
    status = 422


class NumberUnreachable(Unreachable):
    code = "number_unreachable"
    message = gettext_noop(
        "Ce numéro ne reçoit pas nos SMS. Vérifiez-le, ou recevez le code par e-mail."
    )


class AddressUnreachable(Unreachable):
    code = "address_unreachable"
    message = gettext_noop(
        "Cette adresse ne reçoit pas nos e-mails. Vérifiez-la, ou donnez-en une autre."
    )


class DiscreetApart(Refusal):
    """Two households cannot become one: what is careful of the one would be lost, or imposed."""

    code = "discreet_apart"
    message = gettext_noop(
        "Une de ces familles a demandé un contact discret, l’autre non. Elles restent séparées."
    )


class LinkExpired(Refusal):
    code = "link_expired"
    message = gettext_noop("Ce lien n’est plus valable.")
    status = 410


class BadTime(Refusal):
    """An instant that a form cannot have offered (not a date, not whole minutes)."""

    code = "bad_time"
    message = gettext_noop("Cette date n’existe pas. Choisissez un créneau dans la liste.")
    status = 400

    def __init__(self, text: str = "", at: datetime | None = None) -> None:
        super().__init__(text=text, at=at)


class NotAsSeen(Refusal):
    """What was shown before saving is not what would happen now; `outcome` in its details is."""

    code = "not_as_seen"
    message = gettext_noop(
        "Depuis l’aperçu, quelque chose a changé. Rien n’est enregistré : relisez, puis "
        "enregistrez."
    )


class ColleagueBooked(Refusal):
    """An appointment cannot go along to a colleague, who has another then."""

    code = "colleague_booked"
    message = gettext_noop(
        "Les rendez-vous ne peuvent pas suivre : %(who)s en a déjà un le %(day)s à %(clock)s."
    )


class SamePerson(Refusal):
    """Somebody of the same name proved this address or number: two records of one person."""

    code = "same_person"
    message = gettext_noop(
        "Une personne du même nom a déjà cette adresse ou ce numéro. Cherchez-la : c’est "
        "peut-être la même famille, à réunir."
    )
    status = 422
