"""A doctor is ill and nine families are to come: solved on one screen, by mouse and by keyboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from booking.access import manage_token
from booking.models import Appointment, Case, Declaration
from centres.models import Absence, Shift, User
from tests.accessibility import axe_violations, scrolls_sideways, too_wide
from tests.factories import (
    PARIS,
    make_appointment,
    make_centre,
    make_child,
    make_guardian,
    make_shift,
    make_site,
    next_tuesday,
)
from tests.following import follow
from tests.frontend.bundles import serve_bundles
from tests.frontend.staff.people import come_in, make_user
from tests.html_checker import html_errors

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WIDTHS = (320, 360, 768, 1280)
FAMILIES = 9
Open = Callable[..., Page]


@pytest.fixture
def browse(browser: Browser, live_server: LiveServer) -> Iterator[Open]:
    """A page of somebody logged in; without an address, of a family."""
    contexts = []

    def start(email: str = "", **options: bool) -> Page:
        context = browser.new_context(
            viewport={"width": 1280, "height": 800},
            locale="fr-FR",
            reduced_motion="reduce",
            base_url=live_server.url,
            **options,
        )
        contexts.append(context)
        serve_bundles(context)
        if email:
            come_in(context, User.objects.get(email=email), live_server.url)
        return context.new_page()

    yield start
    for context in contexts:
        context.close()


@pytest.fixture
def shift() -> Shift:
    """A morning with nine families; the doctor's next two Tuesdays are free."""
    centre = make_centre(name="CDAS de Redon")
    make_user("boss@example.org", "manager", centre)
    first = make_shift(site=make_site(centre), hours=5)
    kind = first.offers.get().type
    for weeks in (1, 2):
        make_shift(
            starts_at=next_tuesday() + timedelta(weeks=weeks),
            hours=6,
            site=first.site,
            practitioner=first.practitioner,
            types=[kind],
        )
    for number in range(FAMILIES):
        guardian = make_guardian(last_name=f"Le Goff {number}")
        make_child(guardian, first_name=f"Enfant{number}")
        starts_at = first.starts_at + timedelta(minutes=30 * number)
        make_appointment(first, guardian=guardian, starts_at=starts_at)
    return first


def _address(shift: Shift) -> str:
    return f"/equipe/planning/{shift.centre.slug}/declarer/"


def _day(shift: Shift) -> str:
    return shift.starts_at.astimezone(PARIS).date().isoformat()


def test_by_mouse_nine_families_are_moved_and_told_in_one_screen(
    browse: Open, shift: Shift
) -> None:
    page = browse("boss@example.org")
    page.goto(_address(shift))
    page.select_option("[name=what]", f"p{shift.practitioner_id}")
    page.fill("[name=since_on]", _day(shift))
    follow(page, "[value=voir]")
    faults = [*too_wide(page, WIDTHS), *axe_violations(page)]
    html = {"families": page.content()}
    assert page.locator(".hit").count() == FAMILIES
    page.locator(".hit select").first.select_option("p1")
    page.click("[value=declarer]")
    page.wait_for_url("**/declare/**")
    html["done"] = page.content()
    faults += axe_violations(page)
    assert faults == []
    assert html_errors(html) == []
    choices = list(Case.objects.values_list("choice", flat=True))
    assert (choices.count("move"), choices.count("propose")) == (FAMILIES - 1, 1)
    _family_accepts_with_one_tap(browse)


def _family_accepts_with_one_tap(browse: Open) -> None:
    """Without a script, as an old phone would."""
    case = Case.objects.select_related("appointment", "proposal").get(choice="propose")
    assert case.proposal is not None
    wanted = case.proposal.starts_at
    page = browse(java_script_enabled=False)
    page.set_viewport_size({"width": 320, "height": 700})
    page.goto(f"/r/{manage_token(case.appointment)}/")
    assert not scrolls_sideways(page)
    case.refresh_from_db()
    assert case.answer == "", "looking is not answering"
    page.click("[name=reponse][value=oui]")
    page.wait_for_url("**?deplace=1")
    case.refresh_from_db()
    assert case.answer == "accepted"
    assert Appointment.objects.get(pk=case.appointment_id).starts_at == wanted


def _tab_to(page: Page, name: str) -> None:
    """By Tab alone, to the button of this value or of these words."""
    focused = "document.activeElement.value || document.activeElement.textContent.trim()"
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate(focused) == name:
            return
    raise AssertionError(f"Tab does not lead to {name}")


def test_by_keyboard_alone_and_back_within_the_minute(browse: Open, shift: Shift) -> None:
    page = browse("boss@example.org")
    page.goto(f"{_address(shift)}?what=p{shift.practitioner_id}&since_on={_day(shift)}")
    assert page.locator(".hit").count() == FAMILIES
    _tab_to(page, "declarer")
    page.keyboard.press("Enter")
    page.wait_for_url("**/declare/**")
    assert Absence.objects.exists()
    _tab_to(page, "Défaire")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Tout est comme avant")
    assert not Absence.objects.exists()
    assert Appointment.objects.filter(shift=shift, state="booked").count() == FAMILIES
    assert Declaration.objects.get().undone_by == "boss@example.org"
