"""Who leaves the desk is logged out after a while, and finds what was typed after logging in."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from pytest_django import Settings

from booking.models import CallbackRequest
from centres.models import Centre, Membership, User
from frontend import idle
from tests.booking.test_desk import asked
from tests.factories import make_centre
from tests.frontend.pages import text
from tests.frontend.staff.people import PASSWORD, code_of, log_in, make_user, protect

pytestmark = pytest.mark.django_db
LOGIN, CODE, RESUME = (
    "/equipe/connexion/",
    "/equipe/connexion/code/",
    "/equipe/connexion/reprendre/",
)
GO_ON, DESK = "/equipe/connexion/continuer/", "/equipe/familles/"
CLAIRE = "claire@example.org"


@pytest.fixture
def centre() -> Centre:
    return make_centre()


@pytest.fixture
def claire(centre: Centre) -> Iterator[Client]:
    user = protect(make_user(CLAIRE, "reception", centre))
    client = Client()
    log_in(client, user)
    return client


def wait(client: Client, minutes: float) -> None:
    """As if nothing had been heard of them since."""
    session = client.session
    session[idle.SEEN] -= int(minutes * 60)
    session.save()


def come_back(client: Client, answer_to: str, email: str = CLAIRE, *, later: int = 0) -> str:
    """Log in again from where one was sent; the page one gets to."""
    client.get(answer_to)
    wanted = re.search(r"next=([^&]+)", answer_to)
    form = {"username": email, "password": PASSWORD}
    form |= {"next": wanted[1]} if wanted else {}
    client.post(LOGIN, form)
    return client.post(CODE, {"code": code_of(later=later)})["Location"]


def test_a_page_opened_after_half_an_hour_asks_to_log_in_and_comes_back(claire: Client) -> None:
    wait(claire, 31)
    answer = claire.get(DESK)
    assert answer["Location"] == f"{LOGIN}?next={DESK}"
    assert "_auth_user_id" not in claire.session
    assert come_back(claire, answer["Location"]) == DESK


@pytest.mark.parametrize("script", ["HTTP_X_BOARD", "HTTP_X_CALENDAR"])
def test_a_page_that_shows_itself_anew_is_nobody_working(
    claire: Client, centre: Centre, script: str
) -> None:
    board = f"/equipe/aujourdhui/{centre.slug}/"
    wait(claire, 20)
    assert claire.get(board, **{script: "1"}).status_code == 200
    wait(claire, 11)
    answer = claire.get(board, **{script: "1"})
    assert answer["Location"].startswith(LOGIN)
    assert "_auth_user_id" not in claire.session


def test_what_a_script_presses_is_somebody_working(claire: Client, centre: Centre) -> None:
    board = f"/equipe/aujourdhui/{centre.slug}/"
    for _ in range(3):
        wait(claire, 20)
        claire.post(f"{board}noter/", {"id": "0", "do": "arrive"}, HTTP_X_BOARD="1")
        assert claire.get(board, HTTP_X_BOARD="1").status_code == 200


def test_whoever_goes_on_working_stays(claire: Client) -> None:
    for _ in range(4):
        wait(claire, 20)
        assert claire.get(DESK).status_code == 200


def test_the_button_of_the_warning_keeps_the_session(claire: Client) -> None:
    wait(claire, 29)
    assert claire.post(GO_ON).status_code == 204
    wait(claire, 29)
    assert claire.get(DESK).status_code == 200
    wait(claire, 31)
    assert claire.post(GO_ON).status_code == 302


def test_the_time_is_a_setting(claire: Client, settings: Settings) -> None:
    settings.IDLE_MINUTES = 60
    wait(claire, 31)
    page = claire.get(DESK)
    assert page.status_code == 200
    assert 'data-idle="3600"' in page.content.decode()


def test_a_form_sent_too_late_waits_until_its_author_is_back(
    claire: Client, centre: Centre
) -> None:
    request = asked(centre)
    path = f"/equipe/rappels/{request.uid}/"
    wait(claire, 31)
    answer = claire.post(path, {"outcome": "no_answer", "note": "Rappeler à 18 h <b>"})
    assert answer["Location"] == f"{LOGIN}?next={RESUME}"
    request.refresh_from_db()
    assert request.state == CallbackRequest.State.OPEN, "nothing is done before the log-in"
    assert "est gardé" in text(claire.get(answer["Location"]))
    assert come_back(claire, answer["Location"]) == RESUME
    page = claire.get(RESUME).content.decode()
    assert f'action="{path}"' in page
    assert 'name="outcome" value="no_answer"' in page
    assert "Rappeler à 18 h &lt;b&gt;" in page
    assert "csrfmiddlewaretoken" not in str(claire.session[idle.KEPT])
    claire.post(path, {"outcome": "no_answer"})
    assert claire.get(RESUME).status_code == 302, "sent: it waits no more"


def test_what_somebody_typed_is_not_shown_to_whoever_logs_in_next(
    claire: Client, centre: Centre
) -> None:
    protect(make_user("paul@example.org", "reception", centre))
    wait(claire, 31)
    answer = claire.post(f"/equipe/rappels/{asked(centre).uid}/", {"note": "très privé"})
    assert come_back(claire, answer["Location"], "paul@example.org") == RESUME
    assert claire.get(RESUME).status_code == 302
    assert idle.KEPT not in claire.session


def test_a_kept_form_can_be_given_up(claire: Client, centre: Centre) -> None:
    wait(claire, 31)
    answer = claire.post(f"/equipe/rappels/{asked(centre).uid}/", {"note": "Rappeler"})
    come_back(claire, answer["Location"])
    claire.post(RESUME)
    assert idle.KEPT not in claire.session


def test_passwords_typed_too_late_are_not_kept(centre: Centre) -> None:
    chief = make_user("chief@example.org", "administrator")
    User.objects.filter(pk=chief.pk).update(is_staff=True, is_superuser=True)
    client = Client()
    log_in(client, chief)
    wait(client, 31)
    client.post("/admin/password_change/", {"new_password1": "secret", "first_name": "Anne"})
    assert "secret" not in str(dict(client.session))
    assert "Anne" in str(dict(client.session))


def test_the_last_use_of_rights_is_written_once_a_day(claire: Client) -> None:
    membership = Membership.objects.get(user__email=CLAIRE)
    assert membership.last_used_at is None
    session = claire.session
    session[idle.USED] = "2001-01-01"
    session.save()
    claire.get(DESK)
    membership.refresh_from_db()
    first = membership.last_used_at
    assert first is not None
    other = Client()
    log_in(other, membership.user)
    session = other.session
    del session[idle.USED]
    session.save()
    other.get(DESK)
    membership.refresh_from_db()
    assert membership.last_used_at == first
