"""/metrics: the figures of the health page for who shows the token, whichever process answers."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import DjangoAssertNumQueries
from pytest_django import Settings as SettingsFixture

from notifications.alarms import RUNBOOKS
from notifications.models import Heartbeat
from tests.notifications.messages import make_route, make_row, make_sent

pytestmark = pytest.mark.django_db
TOKEN = "a token that Prometheus knows"


@pytest.fixture(autouse=True)
def _with_a_token(settings: SettingsFixture) -> None:
    settings.METRICS_TOKEN = TOKEN


def scrape(client: Client, accept: str = "text/plain") -> dict[str, float]:
    """Each sample by its name and labels."""
    response = client.get(
        "/metrics", headers={"authorization": f"Bearer {TOKEN}", "accept": accept}
    )
    assert response.status_code == 200
    assert response["Cache-Control"] == "private, no-store"
    return {
        f"{sample.name}{sorted(sample.labels.values())}": sample.value
        for family in text_string_to_metric_families(response.content.decode())
        for sample in family.samples
    }


@pytest.mark.parametrize("shown", ["", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", TOKEN, "é"])
def test_without_the_token_there_is_no_such_page(client: Client, shown: str) -> None:
    assert client.get("/metrics", headers={"authorization": shown}).status_code == 404


@pytest.mark.parametrize("shown", ["", "Bearer ", "Bearer"])
def test_where_no_token_is_set_nobody_gets_in(
    client: Client, settings: SettingsFixture, shown: str
) -> None:
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics", headers={"authorization": shown}).status_code == 404


def test_the_figures_are_those_of_the_database(client: Client) -> None:
    make_route("ovh", "sms", credit=12, credit_unit="sms", circuit="open", needs_person=True)
    make_sent(channel="sms", route="ovh", scope="redon", segments=2)
    make_row()
    Heartbeat.objects.create(name="beat", at=timezone.now())
    samples = scrape(client)
    month = timezone.localtime().strftime("%Y-%m")
    assert samples["emgav_messages_dead[]"] == 1
    assert samples["emgav_provider_credit['ovh', 'sms', 'sms']"] == 12
    assert samples["emgav_provider_circuit['open', 'ovh', 'sms']"] == 1
    assert samples["emgav_provider_circuit['closed', 'ovh', 'sms']"] == 0
    assert samples["emgav_sent_messages['24', 'sms']"] == 1
    assert samples[f"emgav_sms_segments['{month}', 'redon']"] == 2
    assert samples["emgav_silence_seconds['beat']"] < 5
    assert samples["emgav_send_seconds['0.5', '1', 'sms']"] == pytest.approx(1, abs=0.1)


def test_every_alarm_is_there_and_those_that_ring_say_so(client: Client) -> None:
    make_row()
    samples = scrape(client)
    for name, runbook in RUNBOOKS.items():
        rings = name in {"dead", "beat_silent", "worker_silent", "reconciler_silent"}
        assert samples[f"emgav_alarm{sorted([name, runbook])}"] == rings
    assert samples["emgav_alarm_critical['beat_silent']"] == 1
    assert samples["emgav_alarm_critical['dead']"] == 0


def test_the_reader_chooses_the_format(client: Client) -> None:
    headers = {"authorization": f"Bearer {TOKEN}", "accept": "application/openmetrics-text"}
    answer = client.get("/metrics", headers=headers)
    assert answer["Content-Type"].startswith("application/openmetrics-text")
    assert answer.content.endswith(b"# EOF\n")


def test_a_scrape_costs_the_same_at_any_size(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for rows in (1, 10):
        for number in range(rows):
            make_route(f"sms{number}", "sms", credit=3)
            make_sent(channel="sms", route=f"sms{number}", scope=f"centre-{number}")
        with django_assert_num_queries(7):
            scrape(client)
