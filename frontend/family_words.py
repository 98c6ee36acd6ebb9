"""What happened to a family beside its appointments, as sentences: who noted, called, merged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from zoneinfo import ZoneInfo

from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from booking.models import (
    CallbackRequest,
    CallbackTry,
    ChildAdded,
    FamilyCorrection,
    FamilyMerge,
    NextVisit,
    WaitingListEntry,
    WaitingListOffer,
)
from booking.wording import spoken_day, spoken_instant
from frontend.history_words import Named, who
from frontend.message_words import Step

What = FamilyCorrection.What
Ending = WaitingListEntry.Ending
Offer = WaitingListOffer.State

CHILD_ADDED = gettext_noop("%(who)s a ajouté l’enfant %(child)s.")
CORRECTED = gettext_noop("%(who)s a corrigé %(what)s (%(person)s).")
NOTED = {
    What.ADDED: gettext_noop("%(who)s a ajouté %(person)s à la famille."),
    What.JOINED: gettext_noop("%(who)s a réuni deux fiches (%(person)s)."),
    What.LANGUAGE: gettext_noop("%(who)s a noté la langue que parle la famille."),
    What.INTERPRETER: gettext_noop("%(who)s a noté qu’il faut un interprète."),
    What.NO_INTERPRETER: gettext_noop("%(who)s a noté qu’il ne faut plus d’interprète."),
    What.MESSAGES: gettext_noop("%(who)s a changé la façon de recevoir les messages."),
    What.NEXT: gettext_noop("%(who)s a décidé du prochain rendez-vous (%(person)s)."),
    What.BY_AGE: gettext_noop(
        "%(who)s a remis le prochain rendez-vous à l’âge habituel (%(person)s)."
    ),
}
MERGED = gettext_noop("%(who)s a réuni à cette famille une autre fiche (%(people)s).")
MERGED_PLAINLY = gettext_noop("%(who)s a réuni deux fiches en celle de cette famille.")
DECIDED = gettext_noop("%(who)s veut revoir %(child)s vers le %(day)s.")

WAITS = gettext_noop("%(who)s a inscrit %(person)s sur la liste d’attente.")
WAITS_FOR = gettext_noop("%(who)s a inscrit %(person)s sur la liste d’attente (%(what)s).")
TAKEN_OFF = gettext_noop("%(who)s a retiré %(person)s de la liste d’attente.")
ENDED = {
    Ending.WITHDRAWN: gettext_noop("La demande en liste d’attente (%(person)s) a été retirée."),
    Ending.SILENT: gettext_noop(
        "%(person)s n’est plus en liste d’attente : les propositions sont restées sans réponse."
    ),
    Ending.USELESS: gettext_noop(
        "%(person)s n’est plus en liste d’attente : il n’y avait plus rien à chercher."
    ),
}
OFFERED = {
    WaitingListOffer.Way.MESSAGE: gettext_noop(
        "Le rendez-vous du %(new)s, qui se libérait, a été proposé à la famille par message."
    ),
    WaitingListOffer.Way.CALL: gettext_noop(
        "Le rendez-vous du %(new)s, qui se libérait, a été retenu pour la famille, "
        "à lui proposer par téléphone."
    ),
}
ANSWERED = {
    Offer.ACCEPTED: gettext_noop("La famille a accepté le rendez-vous proposé du %(new)s."),
    Offer.REFUSED: gettext_noop("La famille a refusé le rendez-vous proposé du %(new)s."),
    Offer.EXPIRED: gettext_noop("La famille n’a pas répondu pour le rendez-vous du %(new)s."),
    Offer.WITHDRAWN: gettext_noop("Le rendez-vous du %(new)s ne lui est plus proposé."),
}
ANSWERED_ON_THE_PHONE = {
    Offer.ACCEPTED: gettext_noop(
        "%(who)s a noté que la famille accepte le rendez-vous proposé du %(new)s."
    ),
    Offer.REFUSED: gettext_noop(
        "%(who)s a noté que la famille refuse le rendez-vous proposé du %(new)s."
    ),
    Offer.WITHDRAWN: gettext_noop(
        "%(who)s n’a pas pu joindre la famille : le rendez-vous du %(new)s ne lui est plus proposé."
    ),
}
CALL_ASKED = gettext_noop("La famille a demandé à être rappelée.")
CALLED = gettext_noop("%(who)s a rappelé la famille : %(outcome)s.")
NOT_REACHED = gettext_noop("%(who)s n’a pas pu joindre la famille.")
AGAIN = gettext_noop("À rappeler le %(day)s.")
NOTE = gettext_noop("Note : %(note)s.")
MISTAKEN = gettext_noop("C’était une erreur, défaite depuis.")


def child_step(added: ChildAdded, named: Named) -> Step:
    """Who wrote a child down."""
    values = {"who": who(added.by, named), "child": added.child.first_name}
    return Step(added.at, _(CHILD_ADDED) % values)


def correction_step(done: FamilyCorrection, named: Named) -> Step:
    """Who put right or noted what, of whom; never what it was before."""
    values = {"who": who(done.by, named), "person": done.person}
    kinds = [What(each) for each in done.what]
    said = [_(NOTED[kind]) % values for kind in kinds if kind in NOTED]
    if right := [str(kind.label) for kind in kinds if kind not in NOTED]:
        said.insert(0, _(CORRECTED) % (values | {"what": get_text_list(right, _("et"))}))
    return Step(done.at, " ".join(said))


def merge_step(merge: FamilyMerge, people: Mapping[int, str], named: Named) -> Step:
    """Whose record became a part of this one; `people` are the parents that are there today."""
    moved = [people[pk] for pk in merge.guardians if pk in people]
    pattern = MERGED if moved else MERGED_PLAINLY
    values = {"who": who(merge.actor, named), "people": get_text_list(moved, _("et"))}
    return Step(merge.at, _(pattern) % values)


def decided_step(decided: NextVisit, named: Named) -> Step:
    """The day somebody decided for a child's next visit."""
    values = {
        "who": who(decided.decided_by, named),
        "child": decided.child.first_name,
        "day": spoken_day(decided.on, has_year=True),
    }
    return Step(decided.decided_at, _(DECIDED) % values)


def waiting_steps(entry: WaitingListEntry, named: Named, *, tells_why: bool) -> Iterator[Step]:
    """Put on the waiting list, offered what, answered what, taken off."""
    person = str(entry.child or entry.guardian)
    values = {"who": who(entry.asked_by, named), "person": person, "what": entry.type.local_label}
    yield Step(entry.asked_at, _(WAITS_FOR if tells_why else WAITS) % values)
    for offer in entry.offers.all():
        yield from _offer_steps(offer, ZoneInfo(entry.centre.time_zone), named)
    # Of one that was served, the answer tells.
    if entry.closed_at is not None and entry.ending in ENDED:
        by_hand = entry.ending == Ending.WITHDRAWN and entry.closed_by
        pattern = TAKEN_OFF if by_hand else ENDED[Ending(entry.ending)]
        values["who"] = who(entry.closed_by, named)
        yield Step(entry.closed_at, _(pattern) % values)


def _offer_steps(offer: WaitingListOffer, zone: ZoneInfo, named: Named) -> Iterator[Step]:
    new = spoken_instant(offer.starts_at.astimezone(zone))
    yield Step(offer.offered_at, _(OFFERED[WaitingListOffer.Way(offer.way)]) % {"new": new})
    state = Offer(offer.state)
    if offer.answered_at is not None and state in ANSWERED:
        on_the_phone = "@" in offer.answered_by and state in ANSWERED_ON_THE_PHONE
        pattern = ANSWERED_ON_THE_PHONE[state] if on_the_phone else ANSWERED[state]
        values = {"new": new, "who": who(offer.answered_by, named)}
        yield Step(offer.answered_at, _(pattern) % values)


def call_steps(asked: CallbackRequest, named: Named, *, tells_why: bool) -> Iterator[Step]:
    """A call that was asked for, and each that was made. What was noted in free text may say what
    it is about."""
    yield Step(asked.created_at, _(CALL_ASKED))
    for made in asked.tries.all():
        yield Step(made.at, _call(made, named, tells_why=tells_why))


def _call(made: CallbackTry, named: Named, *, tells_why: bool) -> str:
    is_missed = made.outcome == CallbackRequest.Outcome.UNREACHED
    values = {"who": who(made.by, named), "outcome": made.get_outcome_display()}
    said = [_(NOT_REACHED if is_missed else CALLED) % values]
    if made.again_on is not None:
        said.append(_(AGAIN) % {"day": spoken_day(made.again_on)})
    if made.note and tells_why:
        said.append(_(NOTE) % {"note": made.note.rstrip(".")})
    if made.undone_at is not None:
        said.append(_(MISTAKEN))
    return " ".join(said)
