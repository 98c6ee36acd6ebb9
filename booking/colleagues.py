"""The e-mail that brings a member of staff the link to choose a password (kind "account").

The link is made when the message leaves, and the text is not kept: no copy of the database opens
an account.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from centres.actions import address_to_choose
from centres.models import Membership, User
from notifications import outbox
from notifications.composing import Content
from notifications.models import OutboxMessage
from notifications.outbox import Intent

ACCOUNT = "account"
USER = "user"
# As long as the link in it lives.
USEFUL_FOR = timedelta(days=3)


def link_sent(membership: Membership, *, number: int, now: datetime) -> None:
    """The link to choose a password, to this person alone; `number` tells one press from the next,
    and a former message that has not left yet no longer does."""
    ref = subject_of(membership.user_id)
    outbox.supersede(subject_refs=[ref], kinds=[ACCOUNT])
    values = {
        "centre": membership.centre.name if membership.centre else "",
        "department": membership.department.name,
    }
    intent = Intent(
        intent_key=f"{ACCOUNT}:{number}",
        kind=ACCOUNT,
        subject_ref=ref,
        recipient=membership.user.email,
        language="fr",
        context={**values, outbox.SECRET: True},
        send_at=now,
        valid_until=now + USEFUL_FOR,
        priority=outbox.URGENT,
    )
    outbox.enqueue([intent], now=now)


def subject_of(user_id: int) -> str:
    """What these messages are about, in the outbox."""
    return f"{USER}:{user_id}"


def about_account(message: OutboxMessage) -> Content | None:
    """What it says when it leaves; None once the account is closed or gone."""
    pk = message.subject_ref.partition(":")[2]
    user = User.objects.filter(pk=int(pk), is_active=True).first() if pk.isdecimal() else None
    if user is None:
        return None
    return Content({**message.context, "link": address_to_choose(user)})
