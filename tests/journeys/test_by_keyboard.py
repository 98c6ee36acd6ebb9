"""The whole way without a mouse: every stop is visible, in order, and nothing traps the focus."""

from itertools import pairwise

import pytest

from booking.models import Appointment
from centres.models import Centre
from tests.frontend.funnel import code_sent
from tests.journeys.keyboard import Keyboard, Stop
from tests.journeys.visitor import LEA, SUBMIT, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NURSE = "/rdv/rdv-puericultrice/"


def out_of_order(stops: list[Stop]) -> list[tuple[str, str]]:
    """Neighbours whose second stands before the first, in the page or (far) above it on screen."""
    return [
        (a.name, b.name)
        for a, b in pairwise(stops)
        if b.place <= a.place or b.top < a.top - 60 * (b.place - a.place)
    ]


def test_the_whole_way_by_keyboard(visitor: Visitor, redon: Centre) -> None:
    keys = Keyboard(visitor)
    _choose(keys)
    _mend_what_was_wrong(keys)
    keys.type(**LEA)
    keys.reach("#id_needs_interpreter")
    visitor.page.keyboard.press("Space")
    keys.press(SUBMIT, "Space")
    keys.type(code=code_sent())
    keys.enter()
    assert visitor.title == "C’est noté !"
    keys.press("a[href$='/deplacer/']")
    keys.press(".days .slot", "Space")
    keys.press(SUBMIT)
    keys.press("a[href$='/annuler/']")
    keys.reach("[name=reason]")
    visitor.page.keyboard.press("ArrowDown")
    keys.press(SUBMIT)
    booked = Appointment.objects.get(guardian__email=LEA["email"])
    assert (booked.state, booked.sequence) == ("cancelled", 2)


def _choose(keys: Keyboard) -> None:
    """For what, where, when: the days are narrowed down on the way."""
    keys.visitor.open("/")
    keys.press("a[href='/motifs/enfant/']")
    keys.press(f"a[href='{NURSE}']")
    keys.type(q="redon")
    keys.enter()
    keys.press(f".card--here a[href='{NURSE}redon/']")
    keys.reach(".filters summary")
    keys.page.keyboard.press("Enter")
    keys.reach("[name=moment]")
    keys.page.keyboard.press("ArrowDown")
    keys.press(".filters button")
    assert "moment=matin" in keys.visitor.path
    keys.press(".proposals button")


def _mend_what_was_wrong(keys: Keyboard) -> None:
    """After a refused form the focus is on the list of errors, whose links lead to the fields."""
    focused = "document.activeElement"
    keys.press(SUBMIT)
    assert keys.visitor.status == 422
    assert keys.page.evaluate(f"{focused}.className") == "error-summary"
    keys.reach(".error-summary a")
    keys.page.keyboard.press("Enter")
    assert keys.page.evaluate(f"{focused}.id") == "id_child_first_name"
    keys.page.keyboard.press("Shift+Tab")


def test_tab_goes_through_each_page_in_order_and_out_of_it(visitor: Visitor, redon: Centre) -> None:
    keys = Keyboard(visitor)
    for path in ("/", f"{NURSE}?q=redon", f"{NURSE}redon/", "/centre/redon/", "/mes-rendez-vous/"):
        visitor.open(path)
        stops = keys.go_round()
        assert stops[0].name == "A Aller au contenu"
        assert len(stops) > 8
        assert out_of_order(stops) == [], path
    visitor.press("a.brand")
    visitor.page.keyboard.press("Tab")
    visitor.page.keyboard.press("Enter")
    assert visitor.page.evaluate("document.activeElement.id") == "main"
    visitor.open(f"{NURSE}redon/")
    visitor.press(".proposals button")
    assert out_of_order(keys.go_round()) == []
