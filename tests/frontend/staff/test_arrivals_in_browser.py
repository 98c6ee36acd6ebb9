"""An open session in a browser: counted by one key, a family noted by keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from booking.models import Appointment, CountedArrival
from centres.models import AppointmentType, Shift
from tests.accessibility import faults_of_pages
from tests.booking.test_desk import visit
from tests.factories import PARIS, make_child, make_guardian, make_shift, make_site, make_type
from tests.frontend.bundles import serve_bundles
from tests.frontend.staff.people import come_in, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WIDTHS = (320, 360, 1280)


@pytest.fixture
def session() -> Shift:
    """All of today; two families of its centre, one with two parents and two children."""
    kind = make_type(booking=AppointmentType.Booking.WALK_IN, label="Permanence pesée")
    midnight = datetime.now(PARIS).replace(hour=0, minute=0, second=0, microsecond=0)
    session = make_shift(starts_at=midnight, hours=13, site=make_site(), types=[kind])
    for name in ("Benali", "Benalia"):
        karim = make_guardian(last_name=name)
        make_child(karim, first_name="Inès")
        visit(session.centre, guardian=karim)
    make_guardian(karim.household, first_name="Nadia", last_name="Benalia")
    make_child(karim, first_name="Malo")
    return session


@pytest.fixture
def browse(browser: Browser, live_server: LiveServer, session: Shift) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": 1280, "height": 740},
        locale="fr-FR",
        reduced_motion="reduce",
        base_url=live_server.url,
    )
    serve_bundles(context)
    come_in(context, make_user("claire@example.org", "reception", session.centre), live_server.url)
    yield context.new_page()
    context.close()


def test_each_page_is_accessible_valid_and_fits(browse: Page, session: Shift) -> None:
    own = f"/equipe/aujourdhui/{session.centre.slug}/"
    pages = {
        "search": f"{own}seance/{session.pk}/",
        "found": f"{own}seance/{session.pk}/?q=benali",
        "new": f"{own}seance/{session.pk}/nouvelle/?q=benali",
    }
    assert faults_of_pages(browse, pages, widths=WIDTHS) == []


def test_by_keyboard_one_key_counts_and_a_family_is_found_and_noted(
    browse: Page, session: Shift
) -> None:
    browse.goto(f"/equipe/aujourdhui/{session.centre.slug}/")
    door = browse.locator(f"#w{session.pk}")
    door.locator("a").focus()
    for told in ("1 arrivée", "2 arrivées"):
        browse.keyboard.press("p")
        expect(door).to_contain_text(told)
    browse.keyboard.press("u")
    expect(door).to_contain_text("1 arrivée")
    assert CountedArrival.objects.count() == 1
    door.locator("a").focus()
    browse.keyboard.press("Enter")
    browse.wait_for_selector("#id_q:focus")
    browse.keyboard.type("karim benali")
    browse.keyboard.press("Enter")
    browse.wait_for_selector("#found")
    browse.focus("#id_q")
    browse.keyboard.press("ArrowDown")
    browse.keyboard.press("Enter")
    browse.wait_for_selector("text=C’est noté")
    noted = Appointment.objects.get(shift=session)
    assert noted.state == "arrived"
    expect(browse.locator(f"#v{noted.pk}")).to_contain_text("attend depuis")


def test_two_families_counted_before_the_first_answer_are_two(browse: Page, session: Shift) -> None:
    browse.goto(f"/equipe/aujourdhui/{session.centre.slug}/")
    door = browse.locator(f"#w{session.pk}")
    door.locator("button[value^='p.']").evaluate("each => { each.click(); each.click(); }")
    expect(door).to_contain_text("2 arrivées")
    assert CountedArrival.objects.count() == 2
