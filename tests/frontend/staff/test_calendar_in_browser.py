"""The calendar in a browser: dragged by a mouse, walked by keyboard, beside a colleague."""

from __future__ import annotations

import time as clocks
from collections.abc import Iterator
from datetime import datetime, time, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, ConsoleMessage, Page, expect
from pytest_django.live_server_helper import LiveServer

from booking import actions
from booking.models import Appointment
from centres.calendar import to_minute
from centres.models import Centre, User
from tests.accessibility import axe_by_day_and_night, too_wide
from tests.booking.scene import AGENT
from tests.factories import (
    PARIS,
    make_appointment,
    make_centre,
    make_child,
    make_guardian,
    make_practitioner,
    make_shift,
    make_site,
    make_type,
)
from tests.frontend.bundles import serve_bundles
from tests.frontend.staff.people import come_in, make_user
from tests.html_checker import html_errors

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WIDTHS = (320, 360, 768, 1280)
FIVE_SECONDS = 5.0
# Pixels: a quarter of an hour is thirty.
PER_MINUTE = 2
BOX = """(element) => {
  const {x, y, width, height} = element.getBoundingClientRect();
  return [x, y, width, height];
}"""
FOCUSED = "document.activeElement.dataset.key"


def next_monday(clock: str = "09:00") -> datetime:
    today = timezone.now().astimezone(PARIS).date()
    on = today + timedelta(days=7 - today.weekday())
    return datetime.combine(on, time.fromisoformat(clock), PARIS)


@pytest.fixture
def centre() -> Centre:
    """A morning of one doctor with two visits, a hold and a closed hour; another doctor; a
    session."""
    centre = make_centre(name="CDAS de Redon")
    make_user("claire@example.org", "reception", centre)
    site, kind = make_site(centre), make_type()
    ten = to_minute(next_monday("10:30"))
    morning = {"starts_at": next_monday(), "types": [kind]}
    # Columns stand in the order of names.
    first, second, third = (
        make_practitioner(centre.department, last_name=name)
        for name in ("Abgrall", "Bihan", "Corre")
    )
    shift = make_shift(site=site, practitioner=first, closed=[ten, ten + 30], **morning)
    for number in range(2):
        guardian = make_guardian()
        make_child(guardian, first_name=f"Enfant{number}")
        starts_at = next_monday() + timedelta(minutes=30 * number)
        make_appointment(shift, guardian=guardian, starts_at=starts_at)
    make_appointment(
        shift,
        state="held",
        guardian=None,
        starts_at=next_monday("10:00"),
        expires_at=timezone.now() + timedelta(minutes=9),
    )
    annexe = make_site(centre, name="Annexe")
    make_shift(site=annexe, practitioner=second, agent_reserve=2, **morning)
    group = make_type(label="Éveil musical", mode="group", capacity=8)
    session = make_shift(
        starts_at=next_monday(), types=[group], seats=8, site=site, practitioner=third
    )
    make_appointment(session)
    return centre


@pytest.fixture
def page(browser: Browser, live_server: LiveServer, centre: Centre) -> Iterator[Page]:
    """Next Monday's grid, of somebody whose own clock is far from the centre's."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 1500},
        locale="fr-FR",
        timezone_id="America/Guadeloupe",
        reduced_motion="reduce",
        base_url=live_server.url,
    )
    serve_bundles(context)
    come_in(context, User.objects.get(email="claire@example.org"), live_server.url)
    page = context.new_page()
    page.goto(address(centre))
    page.wait_for_selector(block(0))
    yield page
    context.close()


def address(centre: Centre, **query: str) -> str:
    asked = {"le": next_monday().date().isoformat(), "vue": "jour"} | query
    return f"/equipe/calendrier/{centre.slug}/?" + "&".join(f"{k}={v}" for k, v in asked.items())


def visit(number: int) -> Appointment:
    return Appointment.objects.get(child__first_name=f"Enfant{number}")


def block(number: int) -> str:
    return f".ec-event:has([data-key=v{visit(number).pk}])"


def box(page: Page, selector: str) -> list[float]:
    """Where it is and how large, found and measured at once: it may be drawn anew at any time."""
    measured: list[float] = page.eval_on_selector(selector, BOX)
    return measured


def drag(page: Page, number: int, minutes: int, columns: int = 0) -> None:
    """Press a block's middle, move it by so many minutes and columns, let it go, and see the days
    drawn anew."""
    left, top, width, height = box(page, block(number))
    aside = columns * box(page, ".ec-col-head")[2]
    x, y = left + width / 2, top + height / 2
    with page.expect_response("**/donnees/**"):
        page.mouse.move(x, y)
        page.mouse.down()
        for part in (0.5, 1.0):
            page.mouse.move(x + aside * part, y + minutes * PER_MINUTE * part)
        page.mouse.up()


def apart(page: Page) -> float:
    """How many minutes the one visit stands below the other."""
    return (box(page, block(1))[1] - box(page, block(0))[1]) / PER_MINUTE


def test_both_forms_are_accessible_valid_and_fit_and_break_no_policy(
    page: Page, centre: Centre
) -> None:
    faults, html = [], {}
    page.on("console", lambda each: faults.append(each.text) if is_fault(each) else None)
    addresses = {
        "day": address(centre),
        "week": address(centre, vue="semaine", colonnes="lieux"),
        "list": address(centre, vue="semaine", forme="liste"),
    }
    for name, path in addresses.items():
        html[name] = page.request.get(path).text()
        page.goto(path)
        if name in ("day", "week"):
            page.wait_for_selector(block(0))
            assert page.locator("#calendar").is_hidden()
        page.set_viewport_size({"width": WIDTHS[0], "height": 740})
        assert page.locator("#calendar").is_visible()
        found = [*too_wide(page, WIDTHS), *axe_by_day_and_night(page)]
        faults += [f"{name}: {line}" for line in found]
    assert faults == []
    assert html_errors(html) == []


def is_fault(message: ConsoleMessage) -> bool:
    return message.type == "error" or "Content Security Policy" in message.text


def test_a_visit_is_dragged_a_refusal_goes_back_and_a_colleague_s_change_comes(
    page: Page, centre: Centre
) -> None:
    said = page.locator("[data-calendar-said]")
    before = apart(page)
    drag(page, 1, 30)
    expect(said).to_contain_text("Quelqu’un remplit ce créneau")
    assert visit(1).starts_at == next_monday("09:30")
    assert apart(page) == pytest.approx(before, abs=1)
    drag(page, 1, 122)
    expect(said).to_contain_text("à 11 h 30")
    assert visit(1).starts_at == next_monday("11:30")
    expect(page.locator(f"{block(1)} b")).to_have_text("11 h 30")
    drag(page, 1, 0, columns=1)
    assert visit(1).site.name == "Annexe"
    page.locator(f"{block(0)} button").focus()
    began = clocks.monotonic()
    start = to_minute(next_monday("09:15"))
    actions.move_to(uid=visit(0).uid, start=start, now=timezone.now(), actor=AGENT)
    expect(page.locator(f"{block(0)} b")).to_have_text("9 h 15", timeout=FIVE_SECONDS * 1000)
    assert clocks.monotonic() - began < FIVE_SECONDS
    assert page.evaluate(FOCUSED) == f"v{visit(0).pk}"


def test_all_that_a_mouse_does_the_keys_do_too(page: Page, centre: Centre) -> None:
    page.locator(f"{block(0)} button").focus()
    assert page.locator("[data-key][tabindex='0']").count() == 1
    page.keyboard.press("ArrowDown")
    assert page.evaluate(FOCUSED) == f"v{visit(1).pk}"
    page.keyboard.press("ArrowRight")
    assert page.evaluate(FOCUSED).startswith(("f", "g"))
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Enfant1")
    page.keyboard.press("Escape")
    assert page.evaluate(FOCUSED) == f"v{visit(1).pk}"
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.wait_for_url("**/deplacer/")
    page.locator("a.slot:has-text('11')").first.focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Déplacer et prévenir la famille").focus()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("Déplacé au")
    assert visit(1).starts_at == next_monday("11:00")


def pull(page: Page, selector: str, aside: float = 0, down: float = 0) -> None:
    """Press a block's middle once it stands still, pull it so far, and let it go there."""
    page.locator(selector).hover()
    left, top, width, height = box(page, selector)
    x, y = left + width / 2, top + height / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for part in (0.5, 1.0):
        page.mouse.move(x + aside * part, y + down * part)
    page.mouse.up()


def test_what_cannot_be_dragged_says_why_at_the_attempt(page: Page, centre: Centre) -> None:
    said = page.locator("[data-calendar-said]")
    pull(page, ".ec-event.is-session", down=60)
    expect(said).to_contain_text("Une séance ne se glisse pas")
    expect(page.get_by_role("dialog")).to_be_hidden()
    pull(page, ".ec-event.is-hold", down=20)
    expect(said).to_contain_text("ce créneau est retenu")
    page.locator(".ec-event.is-session button").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    before, (left, _top, width, _height) = apart(page), box(page, block(0))
    pull(page, block(0), aside=-left - width, down=120)
    expect(said).to_contain_text("Lâché hors de la grille")
    assert box(page, block(0))[0] == left
    assert apart(page) == pytest.approx(before, abs=1)
    assert visit(0).sequence == 0


def swipe(page: Page, selector: str, *, down: float, pressed: float = 0) -> None:
    """A finger on a block's middle, for so many milliseconds, that then pulls it so far."""
    page.locator(selector).hover()
    left, top, width, height = box(page, selector)
    x, y = left + width / 2, top + height / 2
    finger = page.context.new_cdp_session(page)
    for kind, points in (
        ("touchStart", [{"x": x, "y": y}]),
        *(("touchMove", [{"x": x, "y": y + down * part}]) for part in (0.3, 0.6, 1.0)),
        ("touchEnd", []),
    ):
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        if kind == "touchStart":
            page.wait_for_timeout(pressed)
    finger.detach()


def test_a_finger_that_pulls_is_told_how_to_move(page: Page, centre: Centre) -> None:
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.set_viewport_size({"width": 1024, "height": 900})
    said = page.locator("[data-calendar-said]")
    swipe(page, ".ec-event.is-session", down=-40)
    expect(said).to_be_hidden()
    swipe(page, block(0), down=-40)
    expect(said).to_contain_text("touchez-le, puis choisissez «\u00a0Déplacer\u00a0»")
    expect(said).to_be_in_viewport()
    swipe(page, ".ec-event.is-session", down=-40, pressed=350)
    expect(said).to_contain_text("Une séance ne se glisse pas")
    assert visit(0).sequence == 0
    assert not faults


def test_on_a_phone_the_filters_are_one_press_away_and_the_way_out_stays_above(
    page: Page, centre: Centre
) -> None:
    summary, field = page.locator(".calendar-filters summary"), page.get_by_label("Motif")
    expect(field).to_be_visible()
    expect(summary).to_be_hidden()
    for width in WIDTHS[:2]:
        page.set_viewport_size({"width": width, "height": 800})
        expect(field).to_be_hidden()
        expect(page.locator("#calendar h2")).to_be_visible()
        assert box(page, "#calendar h2")[1] < 800
        name, leave = (box(page, each) for each in (".brand__name", ".desk-leave"))
        assert leave[1] < name[1] + name[3], "in one line"
    summary.focus()
    page.keyboard.press("Enter")
    expect(field).to_be_visible()
    field.select_option(index=1)
    page.get_by_role("button", name="Voir").click()
    expect(summary).to_contain_text("Filtres")


def test_in_a_week_who_is_not_there_takes_no_room(page: Page, centre: Centre) -> None:
    site = centre.sites.get(name="Annexe")
    make_shift(starts_at=next_monday() + timedelta(days=1), site=site)
    page.goto(address(centre, vue="semaine"))
    page.wait_for_selector(block(0))
    missing = page.locator("[data-calendar-missing]")
    expect(missing).to_contain_text("4 colonnes vides")
    expect(page.locator(".ec-col-head.is-nobody")).to_have_count(3)
    heads = page.eval_on_selector_all(".ec-col-head", "all => all.map((each) => each.offsetWidth)")
    # Monday three of four, Tuesday one; of the three other days one each, without a name.
    assert [each > 0 for each in heads].count(True) == 3 + 1 + 3
    assert all(each == 0 or each > 100 for each in heads)
    expect(missing.locator("li").first).to_be_hidden()
    missing.locator("summary").click()
    expect(missing.locator("li")).to_have_count(2)


def test_a_day_with_a_whole_day_s_absence_opens_at_its_first_visit(
    page: Page, centre: Centre
) -> None:
    """A quiet day: nobody but one who is away, and one who receives in the afternoon."""
    tuesday, site = next_monday("00:00") + timedelta(days=1), centre.sites.first()
    midnight = to_minute(tuesday)
    away = {"closed": [midnight, midnight + 24 * 60], "site": site}
    make_shift(starts_at=tuesday.replace(hour=9), **away)
    afternoon = make_shift(starts_at=tuesday.replace(hour=14), site=site)
    first = make_appointment(afternoon)
    page.set_viewport_size({"width": 1280, "height": 700})
    page.goto(address(centre, le=tuesday.date().isoformat()))
    selector = f".ec-event:has([data-key=v{first.pk}])"
    page.wait_for_selector(selector)
    top, shown = box(page, ".ec-main")[1], box(page, selector)[1]
    assert top < shown < top + 200, "not scrolled away, and not far below"
    hours = page.locator(".ec-sidebar").last.inner_text().replace("\xa0", " ").split("\n")
    assert next(each for each in hours if each.strip()) == "9 h", "the grid begins at eight"
