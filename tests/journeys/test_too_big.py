"""The real server takes in what is too big before it answers: the page arrives, nothing is kept."""

from http.client import HTTPConnection

import pytest

from booking.models import Verification
from tests.journeys.website import Website

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
MEGABYTES = b"x" * 10_000_000
PART = b'--b\r\nContent-Disposition: form-data; name="x"'


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", b"email=" + MEGABYTES),
        ("multipart/form-data; boundary=b", PART + b"\r\n\r\n" + MEGABYTES + b"\r\n--b--\r\n"),
        (
            "multipart/form-data; boundary=b",
            PART + b'; filename="x.pdf"\r\n\r\n' + MEGABYTES + b"\r\n--b--\r\n",
        ),
    ],
    ids=["a form", "a part", "a file"],
)
def test_ten_megabytes_are_answered_by_a_page(
    site: Website, content_type: str, body: bytes
) -> None:
    connection = HTTPConnection("localhost", site.port, timeout=20)
    connection.request("POST", "/mes-rendez-vous/", body, {"Content-Type": content_type})
    answer = connection.getresponse()
    assert answer.status == 413
    assert "Envoi trop lourd" in answer.read().decode()
    connection.close()
    assert not Verification.objects.exists()
