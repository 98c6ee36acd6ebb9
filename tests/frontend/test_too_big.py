"""Forms too big and files nobody asked for: 413, a page that says so, and nothing changed."""

from io import BytesIO

import pytest
from django.conf import settings
from django.test import Client
from django.test.client import encode_multipart
from django.urls import reverse

from booking.models import Appointment, CallbackRequest
from tests.frontend.funnel import LEA, make_scene
from tests.frontend.pages import text

pytestmark = pytest.mark.django_db
TEN_MEGABYTES = 10_000_000
BOUNDARY = "a-boundary"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"
FORM = "application/x-www-form-urlencoded"


def attachment(size: int) -> BytesIO:
    file = BytesIO(b"x" * size)
    file.name = "ordonnance.pdf"
    return file


def sent(form: dict[str, object]) -> bytes:
    return encode_multipart(BOUNDARY, form)


BODIES = {
    "a long answer": (b"x=" + b"x" * TEN_MEGABYTES, FORM),
    "many answers": (b"&".join(b"x%d=1" % number for number in range(300)), FORM),
    "a long part": (sent({"x": "x" * TEN_MEGABYTES}), MULTIPART),
    "a large file": (sent({"x": attachment(TEN_MEGABYTES)}), MULTIPART),
    "a small file": (sent({**LEA, "x": attachment(1)}), MULTIPART),
}


@pytest.mark.parametrize("what", BODIES)
@pytest.mark.parametrize("checks_csrf", [True, False])
def test_it_is_answered_413_by_a_clear_page(what: str, *, checks_csrf: bool) -> None:
    scene = make_scene()
    body, content_type = BODIES[what]
    client = Client(enforce_csrf_checks=checks_csrf)
    client.cookies[settings.CSRF_COOKIE_NAME] = "c" * 32
    callback = reverse("callback", args=[scene.kind.slug, scene.centre.slug])
    for url in (scene.hold_url, callback):
        answer = client.post(url, body, content_type=content_type)
        assert answer.status_code == 413, url
        assert "dépasse de loin ce que cette page attend" in text(answer)
    assert not Appointment.objects.exists()
    assert not CallbackRequest.objects.exists()


def test_what_is_far_too_big_needs_no_cookie_to_be_told_so() -> None:
    body, content_type = BODIES["a large file"]
    client = Client(enforce_csrf_checks=True)
    assert client.post("/mes-rendez-vous/", body, content_type=content_type).status_code == 413


def test_a_form_in_parts_without_a_file_is_as_good_as_any() -> None:
    scene = make_scene()
    body = sent({"creneau": scene.choice()})
    answer = Client().post(scene.hold_url, body, content_type=MULTIPART)
    assert answer.status_code == 302
