"""The only writers of appointments. Each action is one transaction, and refuses by name."""

from booking.actions.answering import accept_proposal, chase_proposals, refuse_proposal
from booking.actions.callbacks import close_callback, request_callback
from booking.actions.calling_off import cancel_for_centre
from booking.actions.changing import cancel, move
from booking.actions.confirming import confirm, overbook
from booking.actions.contacting import choose_contact, replan_household
from booking.actions.declaring import declare
from booking.actions.defaults import load_default_rules
from booking.actions.feeding import (
    make_calendar_link,
    note_calendar_read,
    stop_calendar_link,
)
from booking.actions.following import decide_next, forget_next
from booking.actions.healing import heal_reminders
from booking.actions.holding import extend_hold, hold, lapse_expired_holds, release_hold
from booking.actions.lending import change_half_day, swap_half_days
from booking.actions.merging import merge_households
from booking.actions.reading import note_read
from booking.actions.relocating import move_to
from booking.actions.ruling import save_rules, undo_rule
from booking.actions.sheets import declare_absences
from booking.actions.talking import book_for, book_for_newcomer, book_siblings
from booking.actions.undoing import take_back, undo
from booking.actions.visiting import arrive, await_again, fulfil, mark_noshow, start

__all__ = [
    "accept_proposal",
    "arrive",
    "await_again",
    "book_for",
    "book_for_newcomer",
    "book_siblings",
    "cancel",
    "cancel_for_centre",
    "change_half_day",
    "chase_proposals",
    "choose_contact",
    "close_callback",
    "confirm",
    "decide_next",
    "declare",
    "declare_absences",
    "extend_hold",
    "forget_next",
    "fulfil",
    "heal_reminders",
    "hold",
    "lapse_expired_holds",
    "load_default_rules",
    "make_calendar_link",
    "mark_noshow",
    "merge_households",
    "move",
    "move_to",
    "note_calendar_read",
    "note_read",
    "overbook",
    "refuse_proposal",
    "release_hold",
    "replan_household",
    "request_callback",
    "save_rules",
    "start",
    "stop_calendar_link",
    "swap_half_days",
    "take_back",
    "undo",
    "undo_rule",
]
