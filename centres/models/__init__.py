"""Who receives families, where, and when: the records every other house builds on."""

from centres.models.childhood import ChildExam, VaccineAge
from centres.models.opening import (
    Absence,
    Closure,
    OpeningRule,
    PublicHoliday,
    RuleChange,
    SchoolHoliday,
    Shift,
    ShiftChange,
    ShiftType,
)
from centres.models.people import AccountEvent, Membership, Practitioner, User
from centres.models.places import Centre, Commune, Department, District, Site, StageChange
from centres.models.reference import ReferenceRecord
from centres.models.sheets import SheetImport
from centres.models.types import AppointmentType

__all__ = [
    "Absence",
    "AccountEvent",
    "AppointmentType",
    "Centre",
    "ChildExam",
    "Closure",
    "Commune",
    "Department",
    "District",
    "Membership",
    "OpeningRule",
    "Practitioner",
    "PublicHoliday",
    "ReferenceRecord",
    "RuleChange",
    "SchoolHoliday",
    "SheetImport",
    "Shift",
    "ShiftChange",
    "ShiftType",
    "Site",
    "StageChange",
    "User",
    "VaccineAge",
]
