"""One line of the list of people to phone, as the page shows it."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from booking.desk import Call
from booking.models import Guardian, Household
from frontend.message_words import kind_of, understood, why
from notifications.models import OutboxMessage

Channel = OutboxMessage.Channel
# What to expect on the telephone, when it is not French.
SPOKEN = {
    "en": gettext_noop("anglais"),
    "ar": gettext_noop("arabe"),
    "tr": gettext_noop("turc"),
    "pt": gettext_noop("portugais"),
    "uk": gettext_noop("ukrainien"),
}


class Line:
    """A call with its words. What is not said is empty."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.name = call.name
        self.phone = call.phone
        self.message = call.message
        self.reply = call.reply
        self.callback = call.callback

    @property
    def what(self) -> str:
        """What the message was to say, what the family wrote, or what it waits for."""
        if self.message:
            return kind_of(self.message)
        if self.reply:
            return understood(self.reply)
        return _("Rappel promis :")

    @property
    def reason(self) -> str:
        if not self.message:
            return ""
        return why(self.message, problem=self.call.problem, outcome=self.call.outcome)

    @property
    def is_unsure(self) -> bool:
        return self.message is not None and self.message.state == OutboxMessage.State.UNCERTAIN

    @property
    def language(self) -> str:
        """The language to speak, and whether an interpreter is needed."""
        household = next((a.household for a in self.call.appointments if a.household), None)
        return speaks(household, getattr(self.callback, "language", "fr"))


def speaks(household: Household | None, otherwise: str = "fr") -> str:
    """The language to speak with a family, and whether an interpreter is needed; empty when there
    is nothing to know."""
    code = household.language if household else otherwise
    spoken = _(SPOKEN[code]) if code in SPOKEN else ""
    if household and household.needs_interpreter:
        return _("Besoin d’un interprète (%(language)s)") % {
            "language": spoken or _("langue non dite")
        }
    return _("Parle : %(language)s") % {"language": spoken} if spoken else ""


def other_ways(
    message: OutboxMessage, guardian: Guardian | None, ways: list[str]
) -> list[dict[str, str]]:
    """Addresses we know beside the one that failed: those written with the message, then those of
    the guardian."""
    known = [(each["channel"], each["recipient"]) for each in message.alternatives]
    if guardian:
        known += [(Channel.EMAIL, guardian.email), (Channel.SMS, str(guardian.phone or ""))]
    return [
        {"channel": str(channel), "address": address, "label": str(Channel(channel).label)}
        for channel, address in dict.fromkeys(known)
        if address
        and channel in ways
        and (channel, address) != (message.channel, message.recipient)
    ]
