"""What real families do: press twice, open two tabs, go back, come back too late."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Route

from booking.access import hold_token, manage_token
from booking.models import Appointment, Verification
from notifications.models import OutboxMessage
from tests.factories import make_appointment
from tests.frontend.funnel import Scene, code_sent, held_at
from tests.journeys.visitor import LEA, SUBMIT, Arrive, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SLOT, MORE_TIME = ".days .slot", "[data-part='extend'] button.button"


def hold(visitor: Visitor, scene: Scene, number: int = 0) -> None:
    visitor.open(scene.when_url)
    visitor.press(f"{SLOT} >> nth={number}")


def book(visitor: Visitor, scene: Scene, number: int = 0) -> None:
    hold(visitor, scene, number)
    visitor.fill_in(**LEA)
    visitor.press(SUBMIT)
    visitor.fill_in(code=code_sent())
    visitor.press(SUBMIT)
    assert "/r/" in visitor.path


def expire_holds() -> None:
    Appointment.objects.update(expires_at=datetime.now(UTC) - timedelta(seconds=1))


def _press_twice(visitor: Visitor, selector: str, then: str) -> None:
    visitor.page.dblclick(selector, no_wait_after=True)
    visitor.page.wait_for_url(then)
    visitor.page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("has_scripts", [True, False], ids=["scripts", "no scripts"])
def test_pressing_twice_does_it_once(arrive: Arrive, scene: Scene, *, has_scripts: bool) -> None:
    lea = arrive(java_script_enabled=has_scripts)
    lea.open(scene.when_url)
    _press_twice(lea, SLOT, "**/retenu/*/")
    lea.fill_in(**LEA)
    _press_twice(lea, SUBMIT, "**/code/*/")
    lea.fill_in(code=code_sent())
    _press_twice(lea, SUBMIT, "**/r/*/?nouveau=1")
    assert Appointment.objects.get().state == "booked"
    assert Verification.objects.count() == 1
    told = OutboxMessage.objects.exclude(kind="reminder")  # whether any is due depends on the day
    assert sorted(told.values_list("kind", flat=True)) == ["code", "confirmation"]


@pytest.mark.parametrize("has_scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_press_whose_answer_never_came_can_be_repeated(
    arrive: Arrive, scene: Scene, *, has_scripts: bool
) -> None:
    lea = arrive(java_script_enabled=has_scripts)
    lea.open(scene.when_url)
    lea.page.route("**/retenir/", _lose_the_answer)
    with lea.page.expect_event("requestfailed"):
        lea.page.click(SLOT, no_wait_after=True)
    lea.context.clear_cookies(name="hold")  # it came with the answer
    lea.page.unroute("**/retenir/")
    if has_scripts:
        lea.page.evaluate("dispatchEvent(new Event('pageshow'))")  # as when it is come back to
    lea.press(SLOT)
    assert "/retenu/" in lea.path
    assert Appointment.objects.get().state == "held"


def _lose_the_answer(route: Route) -> None:
    assert route.fetch(max_redirects=0).status == 302
    route.abort("aborted")


def test_going_back_after_confirming_is_harmless(visitor: Visitor, scene: Scene) -> None:
    book(visitor, scene)
    for _ in range(3):
        visitor.page.go_back()
        visitor.page.reload()
    assert Appointment.objects.get().state == "booked"
    assert OutboxMessage.objects.filter(kind="confirmation").count() == 1


def test_a_second_tab_takes_the_place_of_the_first(visitor: Visitor, scene: Scene) -> None:
    hold(visitor, scene)
    visitor.fill_in(**LEA)
    with visitor.another_tab():
        hold(visitor, scene, 2)
        visitor.press("a.brand")
    assert Appointment.objects.filter(state="held").count() == 1
    visitor.press(SUBMIT)
    assert visitor.title == "Le temps est écoulé"
    visitor.press(SUBMIT)
    assert "/code/" in visitor.path, "what was typed went on with the time taken again"
    assert Appointment.objects.filter(state="held").count() == 1


@pytest.mark.parametrize("has_scripts", [True, False], ids=["scripts", "no scripts"])
def test_more_time_is_given_once_and_keeps_what_was_typed(
    arrive: Arrive, scene: Scene, *, has_scripts: bool
) -> None:
    lea = arrive(java_script_enabled=has_scripts)
    hold(lea, scene)
    until = held_at(lea.path).expires_at
    lea.fill_in(first_name="Léa", child_born_on_0="31")
    lea.press(MORE_TIME)
    assert "un quart d’heure de plus" in lea.text(".notice--success")
    assert lea.page.locator(MORE_TIME).count() == 0
    assert (lea.typed()["first_name"], lea.typed()["child_born_on_0"]) == ("Léa", "31")
    held = Appointment.objects.get()
    assert held.expires_at
    assert until
    assert held.expires_at >= until + timedelta(minutes=14)


@pytest.mark.parametrize("has_scripts", [True, False], ids=["scripts", "no scripts"])
def test_too_late_but_still_free(arrive: Arrive, scene: Scene, *, has_scripts: bool) -> None:
    lea = arrive(java_script_enabled=has_scripts)
    hold(lea, scene)
    lea.fill_in(**LEA)
    expire_holds()
    lea.press(SUBMIT)
    assert (lea.status, lea.title) == (410, "Le temps est écoulé")
    assert "gardé" in lea.text()
    lea.press(SUBMIT)
    assert "/code/" in lea.path
    lea.fill_in(code=code_sent())
    lea.press(SUBMIT)
    assert "/r/" in lea.path
    booked = Appointment.objects.get(state="booked")
    assert booked.starts_at == scene.shift.starts_at
    assert booked.child is not None
    assert booked.child.first_name == LEA["child_first_name"]


def test_too_late_and_taken_meanwhile(visitor: Visitor, scene: Scene) -> None:
    hold(visitor, scene)
    visitor.fill_in(**LEA)
    expire_holds()
    Appointment.objects.update(state="lapsed")
    make_appointment(scene.shift, starts_at=scene.shift.starts_at)
    visitor.press(SUBMIT)
    visitor.press(SUBMIT)
    assert (visitor.status, visitor.title) == (409, "Ce créneau n’est plus libre")
    visitor.press(".proposals button")
    assert "/code/" in visitor.path, "the nearest time went on with what was typed"


EITHER_WAY = pytest.mark.parametrize("has_scripts", [True, False], ids=["scripts", "no scripts"])
DETAILS = {name: value for name, value in LEA.items() if name != "phone"} | {"email": "lea@ici"}


def kept(visitor: Visitor) -> dict[str, str]:
    typed = visitor.typed()
    return {name: typed.get(name, "") for name in DETAILS}


@EITHER_WAY
def test_reading_what_becomes_of_ones_data_loses_nothing(
    arrive: Arrive, scene: Scene, *, has_scripts: bool
) -> None:
    lea = arrive(java_script_enabled=has_scripts)
    hold(lea, scene)
    lea.fill_in(**DETAILS)
    lea.page.click("#who-form summary")
    assert "24 mois" in lea.text("#who-form details")
    assert kept(lea) == DETAILS
    lea.press("#who-form details button")
    assert lea.path == "/donnees-personnelles/"
    lea.go_back()
    assert kept(lea) == DETAILS


@EITHER_WAY
@pytest.mark.parametrize("link", ["a.brand", ".footer__links a", "a[href='/mes-rendez-vous/']"])
def test_following_another_link_and_coming_back_loses_nothing(
    arrive: Arrive, scene: Scene, link: str, *, has_scripts: bool
) -> None:
    lea = arrive(java_script_enabled=has_scripts)
    hold(lea, scene)
    lea.fill_in(**DETAILS)
    lea.press(f"{link} >> nth=0")
    lea.go_back()
    assert kept(lea) == DETAILS


@EITHER_WAY
def test_leaving_a_page_with_a_mistake_and_coming_back_loses_nothing(
    arrive: Arrive, scene: Scene, *, has_scripts: bool
) -> None:
    lea = arrive(java_script_enabled=has_scripts)
    hold(lea, scene)
    lea.fill_in(**DETAILS)
    lea.press(SUBMIT)
    assert lea.status == 422
    lea.press("a.brand")
    lea.go_back()
    assert kept(lea) == DETAILS
    lea.page.reload()
    assert kept(lea) == DETAILS


@EITHER_WAY
def test_another_language_loses_nothing(arrive: Arrive, scene: Scene, *, has_scripts: bool) -> None:
    lea = arrive(java_script_enabled=has_scripts)
    hold(lea, scene)
    who = lea.path
    lea.fill_in(**DETAILS)
    lea.press(".lang__button[value='en']")
    assert (lea.page.locator("html").get_attribute("lang"), lea.path) == ("en", who)
    assert kept(lea) == DETAILS


@EITHER_WAY
def test_another_time_loses_nothing(arrive: Arrive, scene: Scene, *, has_scripts: bool) -> None:
    lea = arrive(java_script_enabled=has_scripts)
    hold(lea, scene)
    lea.fill_in(**DETAILS)
    lea.press("button[formaction$='/rendre/']:visible")
    assert lea.path == scene.when_url
    assert not Appointment.objects.filter(state="held").exists()
    lea.press(f"{SLOT} >> nth=3")
    assert kept(lea) == DETAILS


def test_other_times_after_the_end_lose_nothing(visitor: Visitor, scene: Scene) -> None:
    hold(visitor, scene)
    visitor.fill_in(**DETAILS)
    expire_holds()
    visitor.press(SUBMIT)
    visitor.press("text=Voir les autres horaires")
    visitor.press(f"{SLOT} >> nth=3")
    assert kept(visitor) == DETAILS


@EITHER_WAY
def test_a_call_back_form_survives_another_language_and_a_mistake(
    arrive: Arrive, scene: Scene, *, has_scripts: bool
) -> None:
    lea = arrive(java_script_enabled=has_scripts)
    lea.open(f"/rappel/{scene.kind.slug}/{scene.centre.slug}/")
    wrong = {"first_name": "Léa", "last_name": "Le Goff", "phone": "12", "email": "lea@ici"}
    lea.fill_in(**wrong)
    lea.page.check("[value='noon']")
    lea.press(".lang__button[value='en']")
    assert lea.page.locator("html").get_attribute("lang") == "en"
    assert (lea.status, lea.typed(), lea.page.is_checked("[value='noon']")) == (200, wrong, True)
    with lea.page.expect_navigation():
        lea.page.press("#id_phone", "Enter")
    assert lea.status == 422
    lea.press("a.brand")
    lea.go_back()
    assert lea.typed() == wrong


@EITHER_WAY
def test_enter_sends_the_details(arrive: Arrive, scene: Scene, *, has_scripts: bool) -> None:
    """Not the language, nor the time held, which have buttons of the same form."""
    lea = arrive(java_script_enabled=has_scripts)
    hold(lea, scene)
    lea.fill_in(**LEA)
    with lea.page.expect_navigation():
        lea.page.press("#id_email", "Enter")
    assert "/code/" in lea.path


def test_once_confirmed_nothing_typed_is_kept(visitor: Visitor, scene: Scene) -> None:
    book(visitor, scene)
    assert "draft" not in {cookie.get("name") for cookie in visitor.context.cookies()}


def test_forged_stale_and_misused_addresses_open_nothing(visitor: Visitor, scene: Scene) -> None:
    booked, held = make_appointment(scene.shift), scene.shift.appointments
    before = list(held.values_list("id", "state", "sequence"))
    good, other = manage_token(booked), hold_token(booked)
    forged = good[:-3] + ("AAA" if good[-3:] != "AAA" else "BBB")
    for path in (
        f"/r/{forged}/",
        f"/r/{forged}/annuler/",
        f"/r/{other}/",
        f"/r/{good[:40]}/deplacer/",
        f"/retenu/{good}/",
        "/retenu/x/",
        f"/r/{good}/deplacer/{good}/",
    ):
        visitor.open(path)
        assert (visitor.status, visitor.title) == (404, "Page introuvable"), path
    visitor.open(f"/retenu/{other}/")
    assert visitor.title == "Ce rendez-vous est déjà confirmé"
    assert list(held.values_list("id", "state", "sequence")) == before


def test_a_link_read_long_after_the_visit_says_so(visitor: Visitor, scene: Scene) -> None:
    booked = make_appointment(scene.shift)
    past = {
        name: getattr(booked, name) - timedelta(days=30)
        for name in ("starts_at", "ends_at", "busy_from", "busy_until")
    }
    Appointment.objects.filter(pk=booked.pk).update(**past)
    visitor.open(f"/r/{manage_token(booked)}/")
    assert visitor.status == 410
    assert visitor.page.locator("a[href='/mes-rendez-vous/'], a[href='/']").first.is_visible()
