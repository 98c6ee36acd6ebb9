"""Which refusal a broken database constraint stands for."""

from __future__ import annotations

from django.db import IntegrityError

from booking.errors import Refusal, SlotTaken

SLOT_CONSTRAINTS = frozenset(
    {
        "appointment_no_double_booking",
        "appointment_seat_exists",
        "appointment_seat_spans_session",
    }
)


def broken_constraint(error: IntegrityError) -> str:
    """The name of the constraint PostgreSQL refused by, or an empty text."""
    diagnosis = getattr(error.__cause__, "diag", None)
    return getattr(diagnosis, "constraint_name", None) or ""


def refuse_clash(error: IntegrityError) -> Refusal:
    """SlotTaken when the clash is about a time or a seat; any other error is a bug and goes on."""
    if broken_constraint(error) in SLOT_CONSTRAINTS:
        return SlotTaken()
    raise error
