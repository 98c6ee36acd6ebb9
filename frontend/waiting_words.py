"""A place on the waiting list, in words: what the family wishes, and where its offer stands."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from booking.models import CallbackRequest, CallbackTry, WaitingListEntry, WaitingListOffer
from booking.ringback import Calls, Place
from booking.wording import spoken_day, spoken_instant, spoken_time
from centres.models import AppointmentType, Site
from frontend.calling import speaks
from frontend.forms_waiting import DAYS
from frontend.history_words import Named, who
from frontend.staff import Desk

HOW = {
    WaitingListOffer.Way.MESSAGE: gettext_lazy("proposé par message"),
    WaitingListOffer.Way.CALL: gettext_lazy("à proposer par téléphone"),
}


class Asked:
    """A request to be called back, as the desk reads it."""

    def __init__(self, asked: CallbackRequest, desk: Desk) -> None:
        self.asked, self.desk = asked, desk

    @property
    def name(self) -> str:
        return f"{self.asked.first_name} {self.asked.last_name}".strip()

    @property
    def reason(self) -> str:
        """What for: a discreet type is its manager's to read."""
        return reason_of(self.asked.type, self.asked.centre_id, self.desk)

    @property
    def language(self) -> str:
        return speaks(None, self.asked.language)


class Call(Asked):
    """The same on the list of calls, with what was tried and by whom; of a log-in address, `named`
    knows the name."""

    def __init__(self, asked: CallbackRequest, desk: Desk, now: datetime, named: Named) -> None:
        super().__init__(asked, desk)
        made: list[CallbackTry] = asked.made  # type: ignore[attr-defined]  # prefetched
        self.tries = [(each, who(each.by, named)) for each in made]
        taken_by = asked.taken(now=now)
        self.is_mine = taken_by == desk.label
        self.taken_by = who(taken_by, named) if taken_by else ""
        self.closed_by = who(asked.closed_by, named)

    @property
    def missed(self) -> int:
        """How often nobody answered."""
        unreached = CallbackRequest.Outcome.UNREACHED
        return sum(each.outcome == unreached for each, _by in self.tries)


def signed_by(found: Calls) -> set[str]:
    """All who made, closed or took one of these calls."""
    shown = [*found.overdue, *found.today, *found.later, *found.done]
    tries = {each.by for asked in shown for each in asked.made}  # type: ignore[attr-defined]
    return tries.union(*({asked.closed_by, asked.taken_by} for asked in shown))


def reason_of(kind: AppointmentType, centre_id: int, desk: Desk) -> str:
    return _("Rendez-vous") if is_hidden(kind, centre_id, desk) else kind.local_label


def is_hidden(kind: AppointmentType, centre_id: int, desk: Desk) -> bool:
    """Whether what somebody comes for is not this desk's to read."""
    return kind.is_discreet and centre_id not in desk.managed


class Line:
    """One family that waits, as the desk reads it."""

    def __init__(self, place: Place, sites: dict[int, Site], desk: Desk) -> None:
        self.turn, self.entry, self.offer = place.turn, place.entry, place.offer
        self.zone = ZoneInfo(place.entry.centre.time_zone)
        self.sites, self.desk = sites, desk

    @property
    def name(self) -> str:
        return name_of(self.entry)

    @property
    def reason(self) -> str:
        """What for: a discreet type is its manager's to read."""
        return reason_of(self.entry.type, self.entry.centre_id, self.desk)

    @property
    def has_now(self) -> str:
        """The appointment it would come before."""
        appointment = self.entry.appointment
        if appointment is None:
            return _("sans rendez-vous")
        return spoken_instant(appointment.starts_at.astimezone(self.zone))

    @property
    def wishes(self) -> str:
        return ", ".join(wishes_of(self.entry, self.sites))

    @property
    def asked(self) -> str:
        return spoken_day(self.entry.asked_at.astimezone(self.zone).date())

    @property
    def offered(self) -> str:
        """What is offered just now, how and until when; else how often it said no."""
        if self.offer is not None:
            return _("%(how)s : %(time)s, jusqu’à %(until)s") % {
                "how": HOW[WaitingListOffer.Way(self.offer.way)],
                "time": spoken_instant(self.offer.starts_at.astimezone(self.zone)),
                "until": spoken_time(self.offer.answer_by.astimezone(self.zone)),
            }
        count = getattr(self.entry, "offered", 0)
        said = ngettext("%(count)s proposition", "%(count)s propositions", count)
        return said % {"count": count} if count else _("rien encore")


def name_of(entry: WaitingListEntry) -> str:
    """The child, with the parent; else who asks."""
    return f"{entry.child} ({entry.guardian})" if entry.child else str(entry.guardian)


def wishes_of(entry: WaitingListEntry, sites: dict[int, Site]) -> list[str]:
    """What limits it, a few words each; that nothing does, if so."""
    found = []
    if len(entry.days) < len(DAYS):
        named_days = [str(name) for number, name in DAYS if int(number) in entry.days]
        found.append(get_text_list(named_days, _("et")))
    if entry.opens is not None:
        found.append(_("à partir de %(clock)s") % {"clock": spoken_time(entry.opens)})
    if entry.closes is not None:
        found.append(_("avant %(clock)s") % {"clock": spoken_time(entry.closes)})
    if entry.from_on is not None:
        found.append(_("pas avant le %(day)s") % {"day": spoken_day(entry.from_on)})
    if entry.until_on is not None:
        found.append(_("pas après le %(day)s") % {"day": spoken_day(entry.until_on)})
    if entry.practitioner is not None:
        found.append(_("avec %(name)s") % {"name": entry.practitioner})
    named = [sites[pk].name for pk in entry.sites if pk in sites]
    if named and len(named) < len(sites):
        found.append(" / ".join(named))
    return found or [_("tout lui va")]
