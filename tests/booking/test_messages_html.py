"""The HTML twin of every message: valid, and readable by everyone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser

from booking import messages
from booking.models import Verification
from notifications.models import OutboxMessage
from tests.accessibility import axe_violations
from tests.factories import make_appointment, make_shift, make_type, next_tuesday
from tests.html_checker import html_errors
from tests.messages import rendered

pytestmark = [pytest.mark.django_db, pytest.mark.browser]


@pytest.fixture
def pages() -> dict[str, str]:
    """Every kind of message, and the discreet form of one."""
    now = datetime.now(UTC)
    appointment = make_appointment()
    for tell in (messages.confirmation, messages.moved, messages.cancelled):
        tell(appointment, now=now)
    shift = make_shift(types=[make_type(is_discreet=True)], starts_at=next_tuesday())
    messages.confirmation(make_appointment(shift), now=now)
    verification = Verification.objects.create(
        purpose="booking",
        contact="karim@example.org",
        code_hash="x",
        created_at=now,
        expires_at=now + timedelta(minutes=15),
    )
    messages.code(verification, "042042", language="fr", now=now)
    found = {f"{m.kind} {m.pk}": rendered(m).html for m in OutboxMessage.objects.all()}
    assert len(found) == 5
    return found


def test_every_message_is_valid_html(pages: dict[str, str]) -> None:
    assert html_errors(pages) == []


def test_every_message_is_accessible_and_fits_a_small_phone(
    pages: dict[str, str], browser: Browser
) -> None:
    page = browser.new_page(viewport={"width": 320, "height": 640})
    for name, html in pages.items():
        page.set_content(html)
        assert axe_violations(page) == [], name
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, name
    page.close()
