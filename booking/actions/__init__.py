"""The only writers of appointments. Each action is one transaction, and refuses by name."""

from booking.actions.amending import amend
from booking.actions.answering import accept_proposal, chase_proposals, refuse_proposal
from booking.actions.arriving import (
    count_arrival,
    note_arrival,
    note_newcomer,
    uncount_arrival,
)
from booking.actions.callbacks import (
    book_called,
    call_again,
    call_to_book,
    close_callback,
    leave_callback,
    request_callback,
    take_callback,
    undo_call,
)
from booking.actions.calling_off import cancel_for_centre
from booking.actions.changing import cancel, move
from booking.actions.children import add_child
from booking.actions.confirming import confirm, overbook
from booking.actions.contacting import choose_contact, note_language, note_wishes, replan_household
from booking.actions.declaring import declare
from booking.actions.defaults import load_default_rules
from booking.actions.feeding import (
    make_calendar_link,
    note_calendar_read,
    stop_calendar_link,
)
from booking.actions.filling import offer_new_times
from booking.actions.following import decide_next, forget_next
from booking.actions.healing import heal_calls, heal_reminders
from booking.actions.holding import extend_hold, hold, lapse_expired_holds, release_hold
from booking.actions.joining import join_children, join_guardians
from booking.actions.lending import change_half_day, swap_half_days
from booking.actions.mailing import mail_papers, order_paper, stop_paper
from booking.actions.merging import merge_households
from booking.actions.offering import accept_offer, end_offer, offer_freed
from booking.actions.people import add_guardian, correct_child, correct_guardian
from booking.actions.queuing import wait_for_newcomer
from booking.actions.reading import note_read
from booking.actions.relocating import move_to
from booking.actions.remarking import write_remark
from booking.actions.repeating import send_again
from booking.actions.restoring import uncancel
from booking.actions.ruling import save_rules, undo_rule, undo_rules
from booking.actions.sheets import declare_absences, import_rules
from booking.actions.staffing import invite_colleague, renew_colleague, reset_colleague, send_link
from booking.actions.talking import (
    book_for,
    book_for_newcomer,
    book_siblings,
    overbook_for,
    overbook_newcomer,
)
from booking.actions.undoing import take_back, undo
from booking.actions.visiting import arrive, await_again, fulfil, mark_noshow, start
from booking.actions.waiting import (
    ask_for_any,
    ask_for_each,
    ask_for_earlier,
    change_wishes,
    join_waiting_list,
    stop_waiting,
)
from booking.actions.withdrawing import undo_import

__all__ = [
    "accept_offer",
    "accept_proposal",
    "add_child",
    "add_guardian",
    "amend",
    "arrive",
    "ask_for_any",
    "ask_for_each",
    "ask_for_earlier",
    "await_again",
    "book_called",
    "book_for",
    "book_for_newcomer",
    "book_siblings",
    "call_again",
    "call_to_book",
    "cancel",
    "cancel_for_centre",
    "change_half_day",
    "change_wishes",
    "chase_proposals",
    "choose_contact",
    "close_callback",
    "confirm",
    "correct_child",
    "correct_guardian",
    "count_arrival",
    "decide_next",
    "declare",
    "declare_absences",
    "end_offer",
    "extend_hold",
    "forget_next",
    "fulfil",
    "heal_calls",
    "heal_reminders",
    "hold",
    "import_rules",
    "invite_colleague",
    "join_children",
    "join_guardians",
    "join_waiting_list",
    "lapse_expired_holds",
    "leave_callback",
    "load_default_rules",
    "mail_papers",
    "make_calendar_link",
    "mark_noshow",
    "merge_households",
    "move",
    "move_to",
    "note_arrival",
    "note_calendar_read",
    "note_language",
    "note_newcomer",
    "note_read",
    "note_wishes",
    "offer_freed",
    "offer_new_times",
    "order_paper",
    "overbook",
    "overbook_for",
    "overbook_newcomer",
    "refuse_proposal",
    "release_hold",
    "renew_colleague",
    "replan_household",
    "request_callback",
    "reset_colleague",
    "save_rules",
    "send_again",
    "send_link",
    "start",
    "stop_calendar_link",
    "stop_paper",
    "stop_waiting",
    "swap_half_days",
    "take_back",
    "take_callback",
    "uncancel",
    "uncount_arrival",
    "undo",
    "undo_call",
    "undo_import",
    "undo_rule",
    "undo_rules",
    "wait_for_newcomer",
    "write_remark",
]
