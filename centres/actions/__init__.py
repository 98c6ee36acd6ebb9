"""The only writers of opening hours and rollout. Each action is one transaction."""

from centres.actions.clashes import Clash
from centres.actions.closing import declare_absence, declare_closure, withdraw
from centres.actions.expanding import HORIZON_MONTHS, Expansion, expand_rules
from centres.actions.shifts import Change, cancel_shift, cancel_shifts_of, edit_shift, restore_shift
from centres.actions.staging import change_stage
from centres.calendar import months_after

__all__ = [
    "HORIZON_MONTHS",
    "Change",
    "Clash",
    "Expansion",
    "cancel_shift",
    "cancel_shifts_of",
    "change_stage",
    "declare_absence",
    "declare_closure",
    "edit_shift",
    "expand_rules",
    "months_after",
    "restore_shift",
    "withdraw",
]
