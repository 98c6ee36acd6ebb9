"""What happened to an appointment, as one sentence a person would say; never fields and values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from booking.models import AppointmentEvent
from booking.planning import DayKey
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
    "uncancel": gettext_noop(
        "%(who)s a annulé l’annulation : le rendez-vous du %(new)s est maintenu."
    ),
    "accept": gettext_noop("%(who)s a accepté le nouveau rendez-vous du %(new)s."),
    "undo": gettext_noop("%(who)s a remis le rendez-vous au %(new)s, comme avant."),
    "again": gettext_noop("%(who)s a renvoyé la confirmation à la famille."),
    "walk_in": gettext_noop("%(who)s a noté que la famille est venue, sans rendez-vous."),
    "unnote": gettext_noop("%(who)s a retiré cette visite : elle avait été notée par erreur."),
    "retype": gettext_noop("%(who)s a corrigé le motif du rendez-vous du %(new)s."),
    "rechild": gettext_noop("%(who)s a corrigé l’enfant du rendez-vous du %(new)s."),
    "amend": gettext_noop("%(who)s a corrigé le motif et l’enfant du rendez-vous du %(new)s."),
    # Not what: the page may be read by who must not know what the visit is for.
    "redate": gettext_noop("%(who)s a complété ce qui est noté pour le rendez-vous du %(new)s."),
    "remark": gettext_noop("%(who)s a écrit une remarque."),
    "remark_changed": gettext_noop("%(who)s a changé la remarque."),
    "remark_removed": gettext_noop("%(who)s a retiré la remarque."),
    "arrive": gettext_noop("%(who)s a noté que la famille est arrivée."),
    "await": gettext_noop("%(who)s a noté que la famille est encore attendue."),
    "start": gettext_noop("%(who)s a reçu la famille."),
    "fulfil": gettext_noop("%(who)s a noté que le rendez-vous a eu lieu."),
    "noshow": gettext_noop("%(who)s a noté que la famille n’est pas venue."),
}
# Said by the sentence itself.
WITHOUT_REASON = ("walk_in", "unnote", "uncancel")
OTHER = gettext_noop("%(who)s a changé le rendez-vous du %(new)s.")
MOVED = gettext_noop("%(who)s a déplacé le rendez-vous du %(old)s au %(new)s.")
GIVEN = gettext_noop("%(who)s a confié le rendez-vous du %(new)s à %(practitioner)s.")
MOVED_AND_GIVEN = gettext_noop(
    "%(who)s a déplacé le rendez-vous du %(old)s au %(new)s, avec %(practitioner)s."
)
ELSEWHERE = gettext_noop("Lieu : %(place)s.")
REASON = gettext_noop("Motif : %(reason)s.")

# What a message has come to; its words are `message_words`' to tell at length. Past participles are
# those of the word “message”: what it says is now masculine, now feminine.
TOLD = {
    State.PLANNED: gettext_noop("%(what)s : partira par %(channel)s."),
    State.CLAIMED: gettext_noop("%(what)s : en cours d’envoi par %(channel)s."),
    State.SENDING: gettext_noop("%(what)s : en cours d’envoi par %(channel)s."),
    State.SENT: gettext_noop("%(what)s : message parti par %(channel)s à %(recipient)s."),
    State.DELIVERED: gettext_noop("%(what)s : message reçu par %(channel)s (%(recipient)s)."),
    State.UNCERTAIN: gettext_noop("%(what)s : message peut-être arrivé par %(channel)s."),
    State.SUPERSEDED: gettext_noop("%(what)s : message retiré, le rendez-vous avait changé."),
}
# What writes a message is on record a moment after the message's own instant.
PLANNED_WITHIN = timedelta(seconds=2)
LOST = gettext_noop("%(what)s : la famille n’a pas eu ce message par %(channel)s.")
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
    is_new = event.note and event.action not in WITHOUT_REASON
    if tells_why and is_new and (before is None or event.note != before.note):
        parts.append(_(REASON) % {"reason": event.note.rstrip(".")})
    return " ".join(parts)


def _pattern(event: AppointmentEvent, before: AppointmentEvent | None) -> str:
    if before is None or event.action != "move":
        return DONE.get(event.action, OTHER)
    is_given = event.practitioner_id != before.practitioner_id
    if event.starts_at == before.starts_at:
        return GIVEN if is_given else OTHER
    return MOVED_AND_GIVEN if is_given else MOVED


def message_sentence(
    message: OutboxMessage, events: Iterable[AppointmentEvent], *, zone: ZoneInfo
) -> Step:
    """What became of a message, in one line, at the moment it did. `events` are those of what it is
    about, as they happened: one of them is why it was withdrawn. Where none is known it has its
    place, but no hour of its own."""
    values = {
        "what": kind_of(message),
        "channel": message.get_channel_display(),
        "recipient": message.recipient or _(FORGOTTEN),
    }
    pattern = TOLD.get(State(message.state), LOST)
    at = message.delivered_at or message.sent_at or message.created_at
    step = Step(at, _(pattern) % values, is_trouble=pattern == LOST)
    if message.state != State.SUPERSEDED:
        return step
    why = withdrawn_by(message, events, zone=zone)
    return step._replace(at=why.at) if why else step._replace(is_dated=False)


def withdrawn_by(
    message: OutboxMessage, events: Iterable[AppointmentEvent], *, zone: ZoneInfo
) -> AppointmentEvent | None:
    """The event that made untrue what a message was to say, which the outbox does not note: the
    first of a later version of the appointment it is about; of those of a day, the first change of
    one of them after it was planned."""
    if not message.subject_ref.startswith("day:"):
        return next((each for each in events if each.sequence > message.version), None)
    on, since = DayKey.of(message.subject_ref).on, message.created_at + PLANNED_WITHIN
    return next((each for each in _changes(events, on, zone) if each.at > since), None)


def _changes(
    events: Iterable[AppointmentEvent], on: date, zone: ZoneInfo
) -> Iterator[AppointmentEvent]:
    """Those that made a new version of an appointment which then was on this day, or had been; to
    book one more changes no other."""
    before: dict[int, AppointmentEvent] = {}
    for event in events:
        former = before.get(event.appointment_id, event)
        days = {each.starts_at.astimezone(zone).date() for each in (former, event)}
        if event.sequence > former.sequence and on in days:
            yield event
        before[event.appointment_id] = event
