"""Pages about one family are on record: who opened which, and by right of which centres.

A list (a board, whom to phone, what is found) is no reading of its families; a page of one is.
"""

from __future__ import annotations

from datetime import datetime

from booking import actions, finding
from booking.models import Appointment, FamilyRead, Household
from frontend.staff import Desk

Page = FamilyRead.Page


def note_family(household: Household, desk: Desk, *, now: datetime) -> None:
    """Its record was looked at, on its own page or on another that shows it.

    By right of all centres of the desk that receive this family: each manager of one of them sees
    the line, and no other, neither another centre's of the family nor another's of the reader. Who
    sees everything reads by right of all that receive it.
    """
    centres = finding.centres_of(household.pk, desk.scope(now=now))
    _note(desk, household.pk, centres, Page.FAMILY, now=now)


def note_visit(appointment: Appointment, desk: Desk, *, now: datetime) -> None:
    """A page of one appointment was opened: its centre's matter, whoever else knows the family."""
    if appointment.household_id:
        centres = [appointment.centre_id]
        _note(desk, appointment.household_id, centres, Page.APPOINTMENT, now=now)


def note_message(household: int, centre: int, desk: Desk, *, now: datetime) -> None:
    """What was written to a family was read: a matter of the centre that wrote."""
    _note(desk, household, [centre], Page.MESSAGE, now=now)


def note_reads(household: int, desk: Desk, *, now: datetime) -> None:
    """Who looked after a family's readers, by right of the centres they manage or audit."""
    centres = finding.centres_of(household, desk.audit_scope(now=now))
    _note(desk, household, centres, Page.READS, now=now)


def _note(desk: Desk, household: int, centres: list[int], page: Page, *, now: datetime) -> None:
    actions.note_read(
        reader=desk.label, household_id=household, centres=centres, page=page, now=now
    )
