"""The only writers of appointments. Each action is one transaction, and refuses by name."""

from booking.actions.callbacks import close_callback, request_callback
from booking.actions.changing import cancel, move
from booking.actions.confirming import confirm, overbook
from booking.actions.contacting import ContactChoices, choose_contact, replan_household
from booking.actions.holding import extend_hold, hold, lapse_expired_holds, release_hold
from booking.actions.visiting import arrive, fulfil, mark_noshow, start

__all__ = [
    "ContactChoices",
    "arrive",
    "cancel",
    "choose_contact",
    "close_callback",
    "confirm",
    "extend_hold",
    "fulfil",
    "hold",
    "lapse_expired_holds",
    "mark_noshow",
    "move",
    "overbook",
    "release_hold",
    "replan_household",
    "request_callback",
    "start",
]
