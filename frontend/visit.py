"""An appointment as its family's pages show it: where it stands now, and what can still be done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from django.urls import reverse

from booking import queries, rules
from booking.access import manage_token
from booking.errors import Refusal, TooLate, WrongState
from booking.models import Appointment, Case
from booking.reaching import ways_of
from booking.rules import Days
from centres import directory
from centres.models import AppointmentType
from frontend.nearby import is_bookable

State = Appointment.State
A_DAY = timedelta(days=1)


class Standing(StrEnum):
    """Where an appointment stands for its family."""

    AHEAD = "ahead"
    HERE = "here"
    OVER = "over"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Visit:
    """One appointment at one moment."""

    appointment: Appointment
    now: datetime

    @property
    def token(self) -> str:
        return manage_token(self.appointment)

    @property
    def standing(self) -> Standing:
        state = self.appointment.state
        if state == State.CANCELLED:
            return Standing.CANCELLED
        if state in (State.ARRIVED, State.IN_PROGRESS):
            return Standing.HERE
        if state == State.BOOKED and self.now < self.appointment.ends_at:
            return Standing.AHEAD
        return Standing.OVER

    @property
    def refusal(self) -> Refusal | None:
        """Why the family cannot change it online any more, or nothing when it can."""
        if self.appointment.state != State.BOOKED or self.now >= self.appointment.ends_at:
            return WrongState()
        try:
            rules.check_still_changeable(
                starts_at=self.appointment.starts_at,
                notice_min=self.appointment.type.cancel_notice_min,
                now=self.now,
            )
        except TooLate as refusal:
            return refusal
        return None

    @property
    def told_by(self) -> str:
        """How its family is told of what is done here: by e-mail, by SMS, or not at all."""
        guardian, household = self.appointment.guardian, self.appointment.household
        if guardian is None or household is None:
            return ""
        known = ways_of(self.appointment, guardian, household, is_proved_only=True)
        return next((way.channel for way in known), "")

    @property
    def can_cancel(self) -> bool:
        return self.refusal is None

    @property
    def can_move(self) -> bool:
        return self.can_cancel and is_bookable(self.appointment.type)

    @property
    def can_wait(self) -> bool:
        """Whether a day earlier could still be found for it."""
        return self.can_cancel and self.starts - self.now > A_DAY

    @property
    def is_left_out(self) -> bool:
        """Whether its half-day does not receive it any more: the centre calls."""
        return self.standing is Standing.AHEAD and not self.appointment.is_received

    @property
    def is_too_late(self) -> bool:
        return self.standing is Standing.AHEAD and not self.can_cancel

    @property
    def fitting_days(self) -> Days:
        """When it may take place, by the child's age or the weeks of the pregnancy."""
        kind, child, due_on = self.appointment.type, self.appointment.child, self.appointment.due_on
        limits = queries.type_rules(kind)
        if kind.audience == AppointmentType.Audience.CHILD and child is not None:
            return rules.fitting_days(limits, born_on=child.born_on)
        if kind.audience == AppointmentType.Audience.PREGNANCY:
            return rules.fitting_days(limits, due_on=due_on)
        return rules.ANY_DAY

    def was_moved_since(self, held: Appointment) -> bool:
        """Whether the appointment was moved after this new time was held for it."""
        moved = self.appointment.last_action == "move"
        return moved and held.created_at < self.appointment.changed_at

    @property
    def starts(self) -> datetime:
        """The beginning on the clock of the centre."""
        return self.appointment.starts_at.astimezone(ZoneInfo(self.appointment.centre.time_zone))

    @property
    def day(self) -> date:
        return self.starts.date()

    @property
    def minutes(self) -> int:
        return int((self.appointment.ends_at - self.appointment.starts_at).total_seconds()) // 60

    @property
    def seconds_left(self) -> int:
        """How long a held time is still held."""
        expires_at = self.appointment.expires_at
        return max(0, int((expires_at - self.now).total_seconds())) if expires_at else 0

    @property
    def is_at_a_place(self) -> bool:
        """Whether the family goes somewhere: not by phone, by video or at home."""
        return self.appointment.type.is_at_a_place

    @property
    def is_address_sure(self) -> bool:
        return directory.is_address_sure(self.appointment.site)


@dataclass(frozen=True, slots=True)
class Proposal:
    """Another time that the centre holds for a family; or nothing yet: then it calls, as it does
    when the half-day does not receive the family any more."""

    case: Case | None
    visit: Visit

    @property
    def held(self) -> Visit | None:
        """The time, while the family can still say yes."""
        held = self.case.proposal if self.case else None
        if self.case is None or held is None or not self.case.is_open(now=self.visit.now):
            return None
        return Visit(held, self.visit.now) if held.state == State.HELD else None

    @property
    def answer_by(self) -> datetime:
        """The last moment for an answer, on the clock of the centre."""
        zone = ZoneInfo(self.visit.appointment.centre.time_zone)
        last = self.case.answer_by if self.case else None
        return (last or self.visit.now).astimezone(zone)


def address(name: str, visit: Visit, *, news: str = "") -> str:
    """The address of one of the appointment's pages; `news` says what just happened."""
    url = reverse(name, args=[visit.token])
    return f"{url}?{news}=1" if news else url
