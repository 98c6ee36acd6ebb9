"""A remark on an appointment: who writes it, what a colleague wrote meanwhile, when it is gone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from booking import actions, daybook
from booking.actions.remarking import RemarkChanged
from booking.actors import FAMILY, Actor
from booking.errors import AgentsOnly, WrongState
from booking.models import Appointment, AppointmentEvent, AppointmentRemark
from booking.models.remark import remark_of
from booking.tasks import REMARKS_KEPT, forget_leftovers
from notifications.models import OutboxMessage
from tests.booking.scene import AGENT, TUESDAY, after, open_morning
from tests.factories import make_appointment, make_guardian, make_shift

pytestmark = pytest.mark.django_db
PAUL = Actor("agent", "paul@example.org")
PRAM = "Poussette double"


def write(
    booked: Appointment, text: str, seen: str = "", *, actor: Actor = AGENT, minutes: int = 1
) -> str:
    return actions.write_remark(
        uid=booked.uid, text=text, seen=seen, now=after(minutes), actor=actor
    )


def history(booked: Appointment) -> list[tuple[str, str]]:
    events = AppointmentEvent.objects.filter(appointment=booked).order_by("id")
    return list(events.values_list("action", "actor"))


def test_a_remark_is_written_changed_and_removed_and_the_history_says_by_whom() -> None:
    booked = open_morning().book()
    write(booked, f"  {PRAM}\r\n sur  le palier ")
    assert AppointmentRemark.objects.get().text == f"{PRAM} sur le palier"
    write(booked, PRAM, f"{PRAM} sur le palier", actor=PAUL)
    write(booked, "", PRAM)
    assert not AppointmentRemark.objects.exists()
    assert history(booked)[1:] == [
        ("remark", AGENT.label),
        ("remark_changed", PAUL.label),
        ("remark_removed", AGENT.label),
    ]


def test_neither_a_message_nor_a_version_comes_of_it() -> None:
    booked = open_morning().book()
    before = OutboxMessage.objects.count()
    write(booked, PRAM)
    booked.refresh_from_db()
    assert (booked.sequence, OutboxMessage.objects.count()) == (0, before)
    assert not OutboxMessage.objects.filter(context__icontains="poussette").exists()


def test_the_boards_that_show_the_day_notice_it() -> None:
    booked = open_morning().book()
    span = daybook.span_of(booked.centre, TUESDAY)
    seen = daybook.version(span, now=after(2))
    write(booked, PRAM)
    assert daybook.version(span, now=after(2)) != seen


def test_without_the_row_being_touched_no_board_would_notice() -> None:
    booked = open_morning().book()
    span = daybook.span_of(booked.centre, TUESDAY)
    seen = daybook.version(span, now=after(2))
    AppointmentRemark.objects.create(
        appointment=booked, text=PRAM, written_at=after(1), written_by=AGENT.label
    )
    assert daybook.version(span, now=after(2)) == seen


def test_what_a_colleague_wrote_meanwhile_is_told_and_not_lost() -> None:
    booked = open_morning().book()
    write(booked, PRAM)
    with pytest.raises(RemarkChanged) as refused:
        write(booked, "Vient avec sa sœur", seen="", actor=PAUL)
    assert refused.value.details == {"stands": PRAM, "by": AGENT.label}
    assert AppointmentRemark.objects.get().text == PRAM
    # Seen, it may be written over.
    assert write(booked, "Vient avec sa sœur", seen=PRAM, actor=PAUL) == "Vient avec sa sœur"


def test_what_a_colleague_removed_meanwhile_is_not_brought_back_unseen() -> None:
    booked = open_morning().book()
    write(booked, PRAM)
    write(booked, "", PRAM)
    with pytest.raises(RemarkChanged):
        write(booked, f"{PRAM}, et un vélo", seen=PRAM, actor=PAUL)


def test_pressed_twice_it_is_written_once() -> None:
    booked = open_morning().book()
    write(booked, PRAM)
    assert write(booked, PRAM) == PRAM
    assert len(history(booked)) == 2


def test_families_write_none() -> None:
    booked = open_morning().book()
    with pytest.raises(AgentsOnly):
        write(booked, PRAM, actor=FAMILY)


@pytest.mark.parametrize("state", ["cancelled", "held", "lapsed"])
def test_what_does_not_take_place_has_none(state: str) -> None:
    booked = open_morning().book()
    Appointment.objects.filter(pk=booked.pk).update(state=state, expires_at=after(5))
    with pytest.raises(WrongState):
        write(booked, PRAM)


def test_it_is_forgotten_a_week_after_the_visit_and_not_before() -> None:
    now = timezone.now()
    for days, is_kept in ((REMARKS_KEPT.days - 1, True), (REMARKS_KEPT.days + 1, False)):
        shift = make_shift(starts_at=now - timedelta(days=days))
        old = make_appointment(shift, guardian=make_guardian(), state="fulfilled")
        AppointmentRemark.objects.create(
            appointment=old, text=PRAM, written_at=now, written_by="claire@example.org"
        )
        forget_leftovers()
        assert remark_of(Appointment.objects.get(pk=old.pk)) == (PRAM if is_kept else "")
        assert AppointmentEvent.objects.filter(appointment=old).exists()
