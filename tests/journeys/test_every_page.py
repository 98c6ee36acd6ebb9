"""Every page and state, in both languages, widths and schemes: no axe violation, valid HTML, and no
sideways scroll at 320 pixels."""

import pytest

from centres.models import Centre
from tests.journeys import tour
from tests.journeys.inspection import VIEWS, Inspection
from tests.journeys.visitor import Arrive

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LOCALES = {"fr": "fr-FR", "en": "en-GB"}


@pytest.mark.parametrize("language", VIEWS)
def test_every_page_is_accessible_and_valid(arrive: Arrive, redon: Centre, language: str) -> None:
    inspection = Inspection(arrive(locale=LOCALES[language]), language)
    tour.open_to_all(inspection)
    tour.on_the_way(inspection)
    tour.of_an_appointment(inspection)
    tour.at_other_times(inspection, redon)
    tour.of_my_appointments(inspection, redon)
    tour.of_a_call_back(inspection)
    tour.of_the_waiting_list(inspection)
    tour.of_what_goes_wrong(inspection)
    assert inspection.verdict() == []
