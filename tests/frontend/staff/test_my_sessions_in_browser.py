"""A practitioner's pages in a browser: accessible at every width, and by keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, time, timedelta

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from centres.models import Shift
from tests.factories import (
    PARIS,
    make_appointment,
    make_centre,
    make_child,
    make_guardian,
    make_household,
    make_shift,
    make_site,
)
from tests.frontend.bundles import serve_bundles
from tests.frontend.staff.practitioners import at_own_pages, make_exam

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def today() -> datetime:
    return datetime.combine(timezone.now().astimezone(PARIS), time(), PARIS)


@pytest.fixture
def shift() -> Shift:
    """A half-day with one of each row; the first child has a next appointment to propose."""
    redon = make_centre(name="CDAS de Redon")
    client, nadia = at_own_pages(redon)
    shift = make_shift(starts_at=today(), hours=13, site=make_site(redon), practitioner=nadia)
    turkish = make_household(language="tr", needs_interpreter=True)
    for number, state in enumerate(("booked", "arrived", "in_progress", "fulfilled", "noshow")):
        guardian = make_guardian(turkish)
        make_child(guardian, first_name=f"Enfant{number}")
        at = today() + timedelta(minutes=30 * number)
        make_appointment(shift, guardian=guardian, state=state, starts_at=at)
    exam = make_exam(certainty="likely", first_day=365, usual_day=394, until_day=450)
    make_shift(
        starts_at=today() + timedelta(days=14, hours=9),
        types=[each for each in (exam.doctor_type, exam.nurse_type) if each],
        site=shift.site,
        practitioner=nadia,
    )
    shift.session = client.cookies[settings.SESSION_COOKIE_NAME].value  # type: ignore[attr-defined]
    return shift


@pytest.fixture
def page(browser: Browser, live_server: LiveServer, shift: Shift) -> Iterator[Page]:
    """As the practitioner, whose scripts and styles are those of the sources."""
    context = browser.new_context(locale="fr-FR", reduced_motion="reduce", base_url=live_server.url)
    serve_bundles(context)
    session = shift.session  # type: ignore[attr-defined]
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": session, "url": live_server.url}])
    yield context.new_page()
    context.close()


def test_by_keyboard_alone_a_visit_is_noted_and_the_next_one_proposed(page: Page) -> None:
    page.goto("/equipe/mes-seances/")
    first = page.locator(".row").filter(has_text="Enfant0")
    first.get_by_role("button", name="Arrivé").focus()
    page.keyboard.press("Enter")
    expect(first.get_by_text("attend depuis")).to_be_visible()
    first.get_by_role("link", name="Proposer").first.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"kind=medecin&.*&from=\d{4}-\d\d-\d\d"))
    expect(page.locator("button.slot--big").first).to_be_visible()
