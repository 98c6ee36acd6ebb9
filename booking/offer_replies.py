"""What a family's SMS says to a time it was offered: « 1 » or yes takes it, « 2 » or no declines.

Never on a guess: to more than one open question, or to one that is over, the answer is the link of
a page that shows what is still so. What was not understood is read by somebody in any case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from booking import access, actions
from booking.actors import FAMILY_BY_SMS
from booking.errors import Refusal, WrongState
from booking.loading import load_appointments
from booking.messages import CONFIRMATION, MOVED, PROPOSED
from booking.models import Appointment, Case, WaitingListOffer
from booking.offer_messages import OFFER
from booking.telling import short_values
from booking.waiting_links import offer_short_link
from notifications import replies
from notifications.models import Inbound, OutboxMessage
from notifications.replies import ASK, LEFT, READ_IN, Outcome

Meaning = Inbound.Meaning
# Who answers later than this writes about something else.
LOOK_BACK = timedelta(days=8)
ANSWER_FOR = timedelta(hours=24)
# Who says the same again so soon has pressed twice; later, it is about something else.
AGAIN_FOR = timedelta(minutes=10)
# What an offer is, and a proposal's answer, once that was replied.
SAID: dict[str, str] = {Meaning.KEEP: "accepted", Meaning.CANCEL: "refused"}
NAMED = ("hold", "centre", "entry__appointment__centre")


@dataclass(frozen=True, slots=True)
class Question:
    """One time offered to this number: by the waiting list, or instead of a time that is off."""

    subject: WaitingListOffer | Case
    message: OutboxMessage
    held: Appointment | None
    is_open: bool

    def is_answered_by(self, meaning: str) -> bool:
        """Whether just that was said already."""
        subject = self.subject
        said = subject.state if isinstance(subject, WaitingListOffer) else subject.answer
        return said == SAID.get(meaning)

    def is_fresh(self, *, at: datetime) -> bool:
        """Whether it was answered just before: pressed twice is pressed once."""
        answered_at = self.subject.answered_at
        return answered_at is not None and at <= answered_at + AGAIN_FOR

    @property
    def short_link(self) -> str:
        if isinstance(self.subject, WaitingListOffer):
            return offer_short_link(self.subject)
        return access.short_link(self.subject.appointment)

    @property
    def phone(self) -> str:
        subject = self.subject
        centre = (
            subject.centre if isinstance(subject, WaitingListOffer) else subject.appointment.centre
        )
        return centre.phone

    def accept(self, *, now: datetime) -> Appointment:
        """Raises Refusal."""
        if isinstance(self.subject, WaitingListOffer):
            return actions.accept_offer(uid=self.subject.uid, now=now)
        return actions.accept_proposal(case_id=self.subject.pk, now=now)

    def decline(self, *, now: datetime) -> None:
        """Raises Refusal."""
        if isinstance(self.subject, WaitingListOffer):
            actions.end_offer(uid=self.subject.uid, now=now, actor=FAMILY_BY_SMS, is_refused=True)
        else:
            actions.refuse_proposal(case_id=self.subject.pk, now=now)


def act(inbound: Inbound, now: datetime) -> Outcome | None:
    """Do what the reply asks for; None when it answers no time that was offered."""
    asked = [] if inbound.meaning == Meaning.CALL else questions(inbound, now=now)
    if not asked:
        return None
    last, still_open = asked[-1], [each for each in asked if each.is_open]
    if inbound.meaning == Meaning.UNKNOWN and not still_open:
        return None
    other = inbound.answers
    if other is not None and _is_later(other, last.message):
        # Asked about something else since: what is said to « cancel? » is said to that alone.
        is_plain = other.kind == ASK or not still_open
        return None if is_plain else _show(inbound, still_open[-1], now=now)
    # « cancel? » still waits for its answer, and 1 or 2 would be one to both.
    is_asked_both = replies.answers_question(inbound)
    is_said = not still_open and last.is_answered_by(inbound.meaning)
    is_again = is_said and last.is_fresh(at=inbound.at)
    if is_said and not is_again and other is not None and not is_asked_both:
        return None  # that offer has its answer: this is about the day they were reminded of
    _belongs_to(inbound, last.message)
    if is_asked_both or not (still_open == [last] or is_again):
        return _show(inbound, still_open[-1] if still_open else last, now=now)
    return _follow(inbound, last, now=now)


def _follow(inbound: Inbound, question: Question, *, now: datetime) -> Outcome:
    """One question, one answer: as far as that can be."""
    if inbound.meaning == Meaning.UNKNOWN:
        return _show(inbound, question, now=now)
    try:
        with transaction.atomic():
            return _do(inbound, question, now=now)
    except Refusal:
        return _show(inbound, question, now=now, needs_person=True)


def questions(inbound: Inbound, *, now: datetime) -> list[Question]:
    """The times offered lately to this number by SMS that it can have read, in the order they were
    sent: three queries."""
    offers = {
        each.subject_ref: each
        for each in WaitingListOffer.objects.filter(
            entry__guardian__phone=inbound.sender, answer_by__gt=now - LOOK_BACK
        ).select_related(*NAMED)
    }
    cases = {
        str(each.appointment.uid): each
        for each in Case.objects.filter(
            choice=Case.Choice.PROPOSE,
            appointment__guardian__phone=inbound.sender,
            answer_by__gt=now - LOOK_BACK,
        )
        .select_related("appointment__centre", "proposal")
        .order_by("pk")
    }
    if not offers and not cases:
        return []
    sent = OutboxMessage.objects.filter(
        subject_ref__in=[*offers, *cases],
        kind__in=(OFFER, PROPOSED),
        channel=OutboxMessage.Channel.SMS,
        recipient=inbound.sender,
        state__in=LEFT,
        sent_at__lte=inbound.receipt.received_at - READ_IN,
    ).order_by("sent_at", "pk")
    last = {each.subject_ref: each for each in sent}  # the newest of each
    found = []
    for ref, message in last.items():
        if ref in offers:
            offer = offers[ref]
            is_open = offer.is_open and inbound.at <= offer.answer_by
            found.append(Question(offer, message, offer.hold, is_open))
        elif message.kind == PROPOSED:
            case = cases[ref]
            is_open = case.is_open(now=now) and not case.is_undone
            found.append(Question(case, message, case.proposal, is_open))
    return sorted(found, key=lambda each: (each.message.sent_at or now, each.message.pk))


def _is_later(other: OutboxMessage, message: OutboxMessage) -> bool:
    """Whether it was sent after this one; what is just leaving is the last."""
    if other.sent_at is None or message.sent_at is None:
        return other.sent_at is None
    return other.sent_at > message.sent_at


def _belongs_to(inbound: Inbound, message: OutboxMessage) -> None:
    """It stands beside this message in every story, and is its centre's."""
    inbound.answers, inbound.scope = message, message.scope
    inbound.save(update_fields=["answers", "scope"])


def _do(inbound: Inbound, question: Question, *, now: datetime) -> Outcome:
    """Raises Refusal; then nothing has changed."""
    held = question.held
    if inbound.meaning == Meaning.KEEP:
        taken = question.accept(now=now)
        visit = load_appointments([taken.uid])[taken.uid]
        if visit.state != Appointment.State.BOOKED:
            raise WrongState
        for kind in (MOVED, CONFIRMATION):
            replies.withdraw_sms(inbound, subject_refs=[str(taken.uid)], kind=kind)
        _answer(inbound, "reply_kept", question, visit, now=now)
        return Outcome("accepted")
    about = load_appointments([held.uid])[held.uid] if held is not None else None
    question.decline(now=now)
    if about is not None:
        _answer(inbound, "reply_declined", question, about, now=now)
    return Outcome("declined")


def _answer(
    inbound: Inbound, kind: str, question: Question, visit: Appointment, *, now: datetime
) -> None:
    """About this visit; useful until it begins, at the latest."""
    values = short_values([visit], question.message.language)
    until = min(now + ANSWER_FOR, visit.starts_at)
    _reply(inbound, kind, question, values, now=now, valid_until=until)


def _reply(
    inbound: Inbound,
    kind: str,
    question: Question,
    values: Mapping[str, Any],
    *,
    now: datetime,
    valid_until: datetime,
) -> None:
    asked = question.message
    replies.answer(
        inbound,
        kind,
        {**values, "centre_slug": asked.scope},
        language=asked.language,
        subject_ref=asked.subject_ref,
        now=now,
        valid_until=valid_until,
    )


def _show(
    inbound: Inbound, question: Question, *, now: datetime, needs_person: bool = False
) -> Outcome:
    """Nothing is done: where to see what is offered, and to answer it. What they wrote in words of
    their own is left to a person."""
    values = {"short_link": question.short_link, "phone": question.phone}
    _reply(inbound, "reply_link", question, values, now=now, valid_until=now + ANSWER_FOR)
    needs_person = needs_person or inbound.meaning == Meaning.UNKNOWN
    return Outcome("shown", needs_person=needs_person, scope=question.message.scope)
