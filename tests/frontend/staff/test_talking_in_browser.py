"""On the phone, by keyboard alone: a new family and its appointment, the card, and one key back."""

from __future__ import annotations

from datetime import datetime, time

import pytest
from playwright.sync_api import Page, expect

from booking.models import Appointment
from tests.accessibility import axe_violations, scrolls_sideways
from tests.booking.test_desk import visit
from tests.factories import PARIS, make_centre, make_guardian, make_shift, make_type
from tests.following import follow_by_key
from tests.frontend.staff.people import make_user
from tests.frontend.staff.test_book_page import school_day
from tests.frontend.staff.test_today_in_browser import Open, browse

__all__ = ["browse"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(browse: Open) -> Page:
    """The board of a centre with a morning to come, and a family that is known."""
    redon = make_centre(name="CDAS de Redon")
    karim = make_guardian(first_name="Karim", last_name="Benali", phone="+33639981234")
    site = visit(redon, guardian=karim).site
    starts_at = datetime.combine(school_day(), time(8), PARIS)
    make_shift(site=site, starts_at=starts_at, types=[make_type(slug="medecin")])
    make_user("claire@example.org", "reception", redon)
    return browse()


def number_of_first(page: Page) -> str:
    """What stands before the first of the last families."""
    first = page.locator(".choices--numbered > li").first
    return str(first.evaluate("item => getComputedStyle(item, '::before').content"))


def write(page: Page, field: str, text: str) -> None:
    page.focus(field)
    page.keyboard.type(text)
    page.keyboard.press("Tab")


def test_a_new_family_is_typed_and_booked_and_its_likes_show_meanwhile(page: Page) -> None:
    follow_by_key(page, "/")
    expect(page.locator("#id_q")).to_be_focused()
    page.keyboard.type("Haddad Nour")
    follow_by_key(page)
    expect(page.locator("#id_q")).to_be_focused()
    page.keyboard.press("ArrowDown")
    follow_by_key(page)
    expect(page.locator("#id_last_name")).to_have_value("Haddad")
    write(page, "#id_phone", "06 39 98 12 34")
    expect(page.locator("#likely")).to_contain_text("C’est cette famille")
    write(page, "#id_child_first_name", "Lila")
    write(page, "#id_child_born_on", "1/2/2026")
    page.select_option("#id_kind", "medecin")
    page.focus("#id_child_born_on")
    follow_by_key(page)
    page.wait_for_selector(".slot--big")
    assert axe_violations(page) == []
    page.set_viewport_size({"width": 320, "height": 700})
    assert not scrolls_sideways(page)
    page.focus(".slot--big >> nth=0")
    page.keyboard.press("Enter")
    page.wait_for_selector("#hand-over")
    assert Appointment.objects.filter(guardian__last_name="Haddad").exists()


def test_two_keys_open_the_last_family_and_its_card_is_for_everyone(page: Page) -> None:
    booked = Appointment.objects.get()
    family = f"/equipe/familles/{booked.household_id}/"
    page.goto(family)
    page.goto("/equipe/aujourdhui/")
    page.wait_for_selector("#board")
    follow_by_key(page, "/")
    expect(page.locator("#id_q")).to_be_focused()
    assert number_of_first(page) == "counter(choice)"
    usual = page.viewport_size
    page.set_viewport_size({"width": 360, "height": 700})
    expect(page.get_by_text("Un chiffre puis Entrée")).to_be_hidden()
    assert number_of_first(page) == "none"
    page.set_viewport_size(usual or {"width": 1280, "height": 720})
    expect(page.get_by_text("Un chiffre puis Entrée")).to_be_visible()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{family}")
    assert axe_violations(page) == []
    page.goto(f"/equipe/rendez-vous/{booked.spoken_reference}/carte/?langue=ar")
    assert axe_violations(page) == []
    page.set_viewport_size({"width": 320, "height": 700})
    assert not scrolls_sideways(page)
