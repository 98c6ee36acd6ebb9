"""A practitioner's pages in a browser: accessible at every width, and by keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Browser, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from booking.models import Appointment
from centres.models import Shift
from frontend.bundles import BUNDLES
from tests.accessibility import axe_by_day_and_night
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
from tests.following import follow
from tests.frontend.staff.practitioners import at_own_pages, make_exam
from tests.html_checker import html_errors

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WIDTHS = (320, 360, 768, 1280)


def _serve(text: str, kind: str) -> Callable[[Route], None]:
    return lambda route: route.fulfill(body=text, content_type=kind)


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
    for path, text in BUNDLES.items():
        kind = "text/css" if path.endswith(".css") else "text/javascript"
        context.route(f"**/static/{path}", _serve(text(), kind))
    session = shift.session  # type: ignore[attr-defined]
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": session, "url": live_server.url}])
    yield context.new_page()
    context.close()


def test_every_page_is_accessible_valid_and_fits_a_phone(page: Page, shift: Shift) -> None:
    family = Appointment.objects.filter(shift=shift).values_list("household", flat=True)[0]
    faults, html = [], {}

    def look(name: str) -> None:
        html[name] = page.content()
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 740})
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                faults.append(f"{name}: scrolls sideways at {width}")
        faults.extend(f"{name} {line}" for line in axe_by_day_and_night(page))

    for name, path in (
        ("sessions", "/equipe/mes-seances/"),
        ("session", f"/equipe/mes-seances/{shift.pk}/"),
        ("family", f"/equipe/familles/{family}/"),
        ("calendar", "/equipe/mes-seances/agenda/"),
    ):
        page.goto(path)
        look(name)
    follow(page, "button:has-text('Faire mon adresse')")
    expect(page.get_by_label("Adresse à copier")).to_be_visible()
    look("made")
    assert faults == []
    assert html_errors(html) == []


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
