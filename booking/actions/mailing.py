"""The paper list by e-mail: wanted, not wanted any more, and sent once a day and place."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from booking import paper
from booking.errors import NotAtThisDesk
from booking.models import PaperOrder
from booking.paper import AT_A_DESK, PAPER, Due
from centres.models import Membership, Site
from notifications import outbox
from notifications.outbox import Intent
from notifications.words.kinds import FRENCH


@transaction.atomic
def order_paper(*, user_id: int, site_id: int) -> PaperOrder:
    """Have the next day's list of a site mailed to a member of its centre each evening. Raises
    NotAtThisDesk."""
    centre = Site.objects.values_list("centre", flat=True).get(pk=site_id)
    is_theirs = Membership.objects.filter(
        user=user_id, centre=centre, suspended_at=None, role__in=AT_A_DESK
    ).exists()
    if not is_theirs:
        raise NotAtThisDesk
    order, _is_new = PaperOrder.objects.get_or_create(user_id=user_id, site_id=site_id)
    return order


@transaction.atomic
def stop_paper(*, user_id: int, site_id: int) -> None:
    """Not any more. Nothing happens when it was not."""
    PaperOrder.objects.filter(user=user_id, site=site_id).delete()


@transaction.atomic
def mail_papers(*, now: datetime) -> int:
    """Write the messages of all lists that are due; how many. Done again, or by two at once, each
    list of a day is written once: its key says so."""
    orders = PaperOrder.objects.select_related("user", "site__centre")
    due = paper.open_days(paper.due(paper.working(orders), now=now))
    return len(outbox.enqueue([_intent(each, now=now) for each in due], now=now))


def _intent(due: Due, *, now: datetime) -> Intent:
    return Intent(
        intent_key=due.subject_ref,
        kind=PAPER,
        subject_ref=due.subject_ref,
        scope=due.order.site.centre.slug,
        recipient=due.order.user.email,
        language=FRENCH,
        send_at=now,
        valid_until=due.until,
    )
