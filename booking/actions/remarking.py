"""A remark on an appointment, for whoever receives the family: written, changed, removed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F

from booking.actors import Actor, check_agent
from booking.errors import Refusal, WrongState, gettext_noop
from booking.locking import lock_appointments
from booking.models import Appointment, AppointmentEvent, AppointmentRemark

State = Appointment.State
NOTED, CHANGED, REMOVED = "remark", "remark_changed", "remark_removed"
# What nobody comes to any more needs no remark.
GONE = (State.HELD, State.LAPSED, State.CANCELLED)


class RemarkChanged(Refusal):
    """A colleague wrote another remark meanwhile: what `stands` and who wrote it (`by`)."""

    code = "remark_changed"
    message = gettext_noop("Quelqu’un a écrit autre chose entre-temps. Rien n’est enregistré.")


@transaction.atomic
def write_remark(*, uid: UUID, text: str, seen: str, now: datetime, actor: Actor) -> str:
    """Write down what helps to receive this family; an empty text removes it. What stands then.

    `seen` is the text that stood on the agent's page: what a colleague wrote since is not lost.
    Writing what stands already is no change. Raises AgentsOnly, WrongState when it was cancelled,
    RemarkChanged with what `stands` and who wrote it (`by`).
    """
    check_agent(actor)
    appointment = lock_appointments([uid]).get(uid)
    if appointment is None or appointment.state in GONE:
        raise WrongState
    known = AppointmentRemark.objects.filter(appointment=appointment).first()
    stands, text = known.text if known else "", one_line(text)
    if text == stands:
        return stands
    if one_line(seen) != stands:
        raise RemarkChanged(stands=stands, by=known.written_by if known else "")
    if text:
        values = {"text": text, "written_at": now, "written_by": actor.label}
        AppointmentRemark.objects.update_or_create(appointment=appointment, defaults=values)
    elif known:
        known.delete()
    action = REMOVED if not text else CHANGED if stands else NOTED
    _write_down(appointment, action, now=now, actor=actor)
    return text


def one_line(text: str) -> str:
    """Without the line ends and double spaces of how it was typed."""
    return " ".join(text.split())


def _write_down(appointment: Appointment, action: str, *, now: datetime, actor: Actor) -> None:
    """Who did what, never what was written. The row is touched, unchanged, so that the boards that
    show it notice (daybook.version)."""
    Appointment.objects.filter(pk=appointment.pk).update(note=F("note"))
    AppointmentEvent.beside(appointment, action, at=now, by=actor.label).save()
