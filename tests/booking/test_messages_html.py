"""The HTML twin of every message: valid, and readable by everyone, from right to left too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser

from booking import messages, planning
from booking.models import Appointment, Verification
from notifications.composing import compose
from notifications.models import OutboxMessage
from notifications.words.compose import compose_email
from tests.accessibility import axe_violations
from tests.booking.proposing import propose
from tests.factories import make_appointment, make_shift, make_type, next_tuesday
from tests.html_checker import html_errors

pytestmark = [pytest.mark.django_db, pytest.mark.browser]


def html(kind: str, language: str, ref: str) -> str:
    message = OutboxMessage(
        kind=kind, channel="email", subject_ref=ref, language=language, created_at=now()
    )
    said = compose(message)
    assert said is not None
    return compose_email(
        kind, language, said.context, french_values=said.context.get("french")
    ).html


def now() -> datetime:
    return datetime.now(UTC)


def day_ref(appointment: Appointment) -> str:
    key = planning.day_of(appointment)
    assert key is not None
    return key.subject_ref


@pytest.fixture
def pages() -> dict[str, str]:
    """Every kind of message in two languages, and the discreet form of one."""
    appointment = make_appointment()
    shift = make_shift(types=[make_type(is_discreet=True)], starts_at=next_tuesday())
    discreet = make_appointment(shift)
    away = make_appointment()
    propose(away)
    found = {}
    for language in ("fr", "ar"):
        for kind in messages.ABOUT_APPOINTMENT:
            about = away if kind == messages.PROPOSED else appointment
            found[f"{kind} {language}"] = html(kind, language, str(about.uid))
        found[f"reminder {language}"] = html("reminder", language, day_ref(appointment))
    found["discreet"] = html("confirmation", "fr", str(discreet.uid))
    asked = Verification.objects.create(
        purpose="booking",
        contact="karim@example.org",
        code_hash="x",
        created_at=now(),
        expires_at=now() + timedelta(minutes=15),
    )
    messages.code(asked, "042042", language="ar", now=now())
    code = OutboxMessage.objects.get().context
    found["code"] = compose_email("code", "ar", code, french_values=code["french"]).html
    return found


def test_every_message_is_valid_html(pages: dict[str, str]) -> None:
    assert html_errors(pages) == []


def test_every_message_is_accessible_and_fits_a_small_phone(
    pages: dict[str, str], browser: Browser
) -> None:
    page = browser.new_page(viewport={"width": 320, "height": 640})
    for name, text in pages.items():
        page.set_content(text)
        assert axe_violations(page) == [], name
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, name
    page.close()
