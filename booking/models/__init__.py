"""With whom and when: families, their appointments and what is kept while they book."""

from booking.models.appointment import HERE, MISTAKEN, Appointment, AppointmentEvent
from booking.models.arrivals import CountedArrival
from booking.models.declaration import Case, Declaration
from booking.models.family import (
    Child,
    ChildAdded,
    FamilyCorrection,
    Guardian,
    Guardianship,
    Household,
)
from booking.models.feeds import CalendarLink
from booking.models.finding import FamilyMerge, FamilyRead, FamilySearch, FamilyToIndex
from booking.models.following import NextVisit
from booking.models.paper import PaperOrder
from booking.models.remark import AppointmentRemark
from booking.models.reminders import ReminderRule
from booking.models.requests import CallbackRequest, CallbackTry, RateCounter, Verification
from booking.models.waiting import NewTime, WaitingListEntry, WaitingListOffer

__all__ = [
    "HERE",
    "MISTAKEN",
    "Appointment",
    "AppointmentEvent",
    "AppointmentRemark",
    "CalendarLink",
    "CallbackRequest",
    "CallbackTry",
    "Case",
    "Child",
    "ChildAdded",
    "CountedArrival",
    "Declaration",
    "FamilyCorrection",
    "FamilyMerge",
    "FamilyRead",
    "FamilySearch",
    "FamilyToIndex",
    "Guardian",
    "Guardianship",
    "Household",
    "NewTime",
    "NextVisit",
    "PaperOrder",
    "RateCounter",
    "ReminderRule",
    "Verification",
    "WaitingListEntry",
    "WaitingListOffer",
]
