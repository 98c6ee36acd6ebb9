"""The ways a send can go wrong, whatever carries the message."""

from __future__ import annotations


class SendError(Exception):
    """The message was not sent, or nobody knows."""


class NotTaken(SendError):
    """Surely not accepted: it may be tried again soon."""


class Refused(SendError):
    """Surely not accepted, and never will be as it is."""


class BadAddress(Refused):
    """Nothing can be received there: the number or the mailbox does not exist."""


class Uncertain(SendError):
    """The provider may have accepted it and its answer was lost."""
