"""What happened to an appointment, as one sentence a person would say; never fields and values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from zoneinfo import ZoneInfo

from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from booking.models import AppointmentEvent, ChildAdded, FamilyCorrection
from booking.wording import spoken_instant
from frontend.message_words import Step, kind_of
from notifications.models import OutboxMessage

Named = Mapping[str, tuple[str, str]]
State = OutboxMessage.State

DONE = {
    "book": gettext_noop("%(who)s a pris le rendez-vous du %(new)s."),
    "import": gettext_noop("%(who)s a repris le rendez-vous du %(new)s d’un autre logiciel."),
    "overbook": gettext_noop("%(who)s a ajouté le rendez-vous du %(new)s, en plus des autres."),
    "cancel": gettext_noop("%(who)s a annulé le rendez-vous du %(new)s."),
    "call_off": gettext_noop(
        "%(who)s a annulé le rendez-vous du %(new)s : le centre ne peut pas recevoir la famille."
    ),
    "accept": gettext_noop("%(who)s a accepté le nouveau rendez-vous du %(new)s."),
    "undo": gettext_noop("%(who)s a remis le rendez-vous au %(new)s, comme avant."),
    "again": gettext_noop("%(who)s a renvoyé la confirmation à la famille."),
    "arrive": gettext_noop("%(who)s a noté que la famille est arrivée."),
    "await": gettext_noop("%(who)s a noté que la famille est encore attendue."),
    "start": gettext_noop("%(who)s a reçu la famille."),
    "fulfil": gettext_noop("%(who)s a noté que le rendez-vous a eu lieu."),
    "noshow": gettext_noop("%(who)s a noté que la famille n’est pas venue."),
}
CORRECTED = gettext_noop("%(who)s a corrigé %(what)s de %(person)s.")
PARENT_ADDED = gettext_noop("%(who)s a ajouté %(person)s à la famille.")
CHILD_ADDED = gettext_noop("%(who)s a ajouté l’enfant %(child)s.")
OTHER = gettext_noop("%(who)s a changé le rendez-vous du %(new)s.")
MOVED = gettext_noop("%(who)s a déplacé le rendez-vous du %(old)s au %(new)s.")
GIVEN = gettext_noop("%(who)s a confié le rendez-vous du %(new)s à %(practitioner)s.")
MOVED_AND_GIVEN = gettext_noop(
    "%(who)s a déplacé le rendez-vous du %(old)s au %(new)s, avec %(practitioner)s."
)
ELSEWHERE = gettext_noop("Lieu : %(place)s.")
REASON = gettext_noop("Motif : %(reason)s.")

# What a message has come to; its words are `message_words`' to tell at length.
TOLD = {
    State.PLANNED: gettext_noop("%(what)s : partira par %(channel)s."),
    State.CLAIMED: gettext_noop("%(what)s : en cours d’envoi par %(channel)s."),
    State.SENDING: gettext_noop("%(what)s : en cours d’envoi par %(channel)s."),
    State.SENT: gettext_noop("%(what)s : parti par %(channel)s à %(recipient)s."),
    State.DELIVERED: gettext_noop("%(what)s : reçu par %(channel)s (%(recipient)s)."),
    State.UNCERTAIN: gettext_noop("%(what)s : peut-être arrivé par %(channel)s."),
    State.SUPERSEDED: gettext_noop("%(what)s : retiré, le rendez-vous avait changé."),
}
LOST = gettext_noop("%(what)s : la famille ne l’a pas eu par %(channel)s.")
FORGOTTEN = gettext_noop("adresse effacée")


def who(actor: str, named: Named) -> str:
    """Claire Martin (accueil), the family, or the system."""
    if actor.startswith("family"):
        return _("La famille")
    if actor in named:
        name, role = named[actor]
        return f"{name} ({role})" if role else name
    return actor if "@" in actor else _("Le système")


def sentences(
    events: Iterable[AppointmentEvent], *, zone: ZoneInfo, named: Named, tells_why: bool
) -> list[Step]:
    """The history of one appointment, as it happened. `tells_why`: whether who reads may know what
    it is for; a reason in free text says that too."""
    before: AppointmentEvent | None = None
    told = []
    for event in events:
        words = sentence(event, before, zone=zone, named=named, tells_why=tells_why)
        told.append(Step(event.at, words))
        before = event
    return told


def sentence(
    event: AppointmentEvent,
    before: AppointmentEvent | None,
    *,
    zone: ZoneInfo,
    named: Named,
    tells_why: bool,
) -> str:
    """One thing that was done, told with what stood before it."""
    values = {
        "who": who(event.actor, named),
        "new": spoken_instant(event.starts_at.astimezone(zone)),
        "old": spoken_instant(before.starts_at.astimezone(zone)) if before else "",
        "practitioner": str(event.practitioner),
    }
    parts = [_(_pattern(event, before)) % values]
    if before and event.site_id != before.site_id:
        parts.append(_(ELSEWHERE) % {"place": event.site.name})
    if tells_why and event.note and (before is None or event.note != before.note):
        parts.append(_(REASON) % {"reason": event.note.rstrip(".")})
    return " ".join(parts)


def _pattern(event: AppointmentEvent, before: AppointmentEvent | None) -> str:
    if before is None or event.action != "move":
        return DONE.get(event.action, OTHER)
    is_given = event.practitioner_id != before.practitioner_id
    if event.starts_at == before.starts_at:
        return GIVEN if is_given else OTHER
    return MOVED_AND_GIVEN if is_given else MOVED


def child_sentence(added: ChildAdded, named: Named) -> Step:
    """Who wrote a child down."""
    values = {"who": who(added.by, named), "child": added.child.first_name}
    return Step(added.at, _(CHILD_ADDED) % values)


def correction_sentence(done: FamilyCorrection, named: Named) -> Step:
    """Who put right what of whom; never what it was before."""
    what = [str(FamilyCorrection.What(each).label) for each in done.what]
    values = {
        "who": who(done.by, named),
        "person": done.person,
        "what": get_text_list(what, _("et")),
    }
    is_added = FamilyCorrection.What.ADDED in done.what
    return Step(done.at, _(PARENT_ADDED if is_added else CORRECTED) % values)


def message_sentence(message: OutboxMessage) -> Step:
    """What became of a message, in one line, at the moment it did."""
    values = {
        "what": kind_of(message),
        "channel": message.get_channel_display(),
        "recipient": message.recipient or _(FORGOTTEN),
    }
    at = message.delivered_at or message.sent_at or message.created_at
    pattern = TOLD.get(State(message.state), LOST)
    return Step(at, _(pattern) % values, is_trouble=pattern == LOST)
