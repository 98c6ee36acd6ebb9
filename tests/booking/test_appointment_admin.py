"""Appointments in the administration: found by what families are told to give."""

import pytest
from django.test import Client

from booking.models import Appointment
from centres.models import User
from tests.factories import make_appointment
from tests.frontend.staff.people import log_in

pytestmark = pytest.mark.django_db
LIST = "/admin/booking/appointment/"


@pytest.fixture
def admin(client: Client) -> Client:
    log_in(client, User.objects.create_superuser("claire@example.org", "x"))
    return client


def found(admin: Client, words: str) -> list[Appointment]:
    return list(admin.get(LIST, {"q": words}).context["cl"].result_list)


@pytest.mark.parametrize(
    "spoken", ["{0}-{1}", "{0}{1}", "{0} {1}", " {0} - {1} ", "{0}\u2011{1}", "{1}"]
)
def test_the_reference_families_have_finds_their_appointment(admin: Client, spoken: str) -> None:
    wanted, other = make_appointment(), make_appointment()
    reference = wanted.spoken_reference
    assert reference != other.spoken_reference
    words = spoken.format(*reference.split("-"))
    assert found(admin, words) == [wanted]
    assert found(admin, words.lower()) == [wanted]


def test_without_words_all_are_shown_and_wrong_ones_find_none(admin: Client) -> None:
    shown = make_appointment()
    assert found(admin, "") == [shown]
    assert found(admin, "0000-0000") == []
