"""The only writers of opening hours, rollout and staff accounts. Each action is one transaction."""

from centres.actions.accounts import (
    address_to_choose,
    choose_password,
    lapse_memberships,
    link_to_choose,
    note_key,
    note_use,
    reset_log_in,
    restore_memberships,
)
from centres.actions.clashes import Clash
from centres.actions.closing import declare_absence, declare_absences, declare_closure, withdraw
from centres.actions.expanding import HORIZON_MONTHS, Expansion, expand_rules
from centres.actions.rights import give_role, person_of, renew_role, theirs, withdraw_role
from centres.actions.ruling import Edit, RuleFields, Saved, save_rules, undo_rules
from centres.actions.shifts import (
    Change,
    cancel_shift,
    cancel_shifts_of,
    edit_shift,
    restore_shift,
    swap_shifts,
)
from centres.actions.staging import change_stage
from centres.calendar import months_after

__all__ = [
    "HORIZON_MONTHS",
    "Change",
    "Clash",
    "Edit",
    "Expansion",
    "RuleFields",
    "Saved",
    "address_to_choose",
    "cancel_shift",
    "cancel_shifts_of",
    "change_stage",
    "choose_password",
    "declare_absence",
    "declare_absences",
    "declare_closure",
    "edit_shift",
    "expand_rules",
    "give_role",
    "lapse_memberships",
    "link_to_choose",
    "months_after",
    "note_key",
    "note_use",
    "person_of",
    "renew_role",
    "reset_log_in",
    "restore_memberships",
    "restore_shift",
    "save_rules",
    "swap_shifts",
    "theirs",
    "undo_rules",
    "withdraw",
    "withdraw_role",
]
