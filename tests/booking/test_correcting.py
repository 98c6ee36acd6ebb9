"""A corrected address serves the lost message, the family's record and what is still to leave."""

from __future__ import annotations

import pytest
from django.utils import timezone

from booking import correcting
from booking.models import Guardian
from notifications import composing
from notifications.composing import Content
from notifications.models import OutboxMessage
from tests.factories import make_appointment, make_guardian
from tests.notifications.messages import KIND, make_route, make_row

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _always_true(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(composing._composers, KIND, lambda message: Content(message.context))


@pytest.fixture
def karim() -> Guardian:
    return make_guardian(email="karim@example.org")


def redirect(
    message: OutboxMessage, channel: str, address: str, guardian: Guardian | None = None
) -> None:
    correcting.redirect(
        pk=message.pk,
        channel=channel,
        address=address,
        by="claire@example.org",
        now=timezone.now(),
        guardian=guardian,
    )


def theirs(karim: Guardian, **fields: str) -> OutboxMessage:
    return make_row(recipient="karim@example.org", person_ref=f"guardian:{karim.pk}", **fields)


def test_only_the_message_goes_elsewhere_unless_asked(karim: Guardian) -> None:
    redirect(theirs(karim), "email", "autre@example.org")
    karim.refresh_from_db()
    assert karim.email == "karim@example.org"


def test_on_demand_the_record_and_what_is_to_leave_follow(karim: Guardian) -> None:
    planned = make_row(
        state="planned",
        recipient="karim@example.org",
        person_ref=f"household:{karim.household_id}",
        subject_ref=str(make_appointment(guardian=karim).uid),
    )
    redirect(theirs(karim), "email", "Autre@example.org", karim)
    karim.refresh_from_db()
    planned.refresh_from_db()
    assert karim.email == planned.recipient == "autre@example.org"
    assert karim.email_verified_at is None, "an agent typed it"


def test_a_mobile_is_corrected_too(karim: Guardian) -> None:
    make_route("ovh", "sms")
    redirect(theirs(karim), "sms", "06 39 98 12 34", karim)
    karim.refresh_from_db()
    assert (str(karim.phone), karim.email) == ("+33639981234", "karim@example.org")
    assert karim.phone_verified_at is None
    assert karim.email_verified_at is not None, "what nobody touched still is"


def test_an_address_of_a_namesake_is_refused_and_nothing_leaves(karim: Guardian) -> None:
    make_guardian(email="double@example.org")
    message = theirs(karim)
    with pytest.raises(correcting.TakenAddress):
        redirect(message, "email", "double@example.org", karim)
    message.refresh_from_db()
    assert message.handled_as == ""
    assert not message.replacements.exists()
