"""/metrics: the figures of the health page for Prometheus, read from the database at each scrape.

Nothing is counted in a process: whichever answers, the figures are those of the whole service.
"""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from frontend.access import access
from notifications import health
from notifications.alarms import RUNBOOKS, Figures, alarms

MESSAGES = {
    "due": "Messages due now",
    "planned": "Messages planned for later",
    "sending": "Attempts in progress",
    "uncertain": "Attempts without a sure answer",
    "dead": "Messages that reached nobody and wait for a person",
    "unbalanced": "Messages that contradict their ledger",
}
CIRCUITS = ("closed", "half_open", "open")


class Health(Collector):
    """The figures as metric families."""

    def __init__(self, figures: Figures) -> None:
        self.figures = figures

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield from self._messages()
        yield from self._providers()
        yield from self._speeds()
        yield from self._spending()
        yield from self._alarms()

    def _messages(self) -> Iterator[GaugeMetricFamily]:
        for name, help_text in MESSAGES.items():
            value = getattr(self.figures, name)
            yield GaugeMetricFamily(f"emgav_messages_{name}", help_text, value=value)
        seconds = {
            "emgav_messages_overdue_seconds": ("Age of the oldest message due", "overdue"),
            "emgav_messages_uncertain_seconds": ("Age of the oldest doubt", "uncertain_for"),
            "emgav_clock_drift_seconds": ("This host's clock minus the database's", "drift"),
        }
        for name, (help_text, field) in seconds.items():
            yield GaugeMetricFamily(name, help_text, value=getattr(self.figures, field))
        silence = GaugeMetricFamily(
            "emgav_silence_seconds", "Since the last sign of life", labels=["name"]
        )
        for name, value in self.figures.silent.items():
            silence.add_metric([name], value)
        yield silence

    def _providers(self) -> Iterator[GaugeMetricFamily]:
        labels = ["provider", "channel"]
        enabled = GaugeMetricFamily("emgav_provider_enabled", "Whether it is used", labels=labels)
        circuit = GaugeMetricFamily(
            "emgav_provider_circuit", "1 for the state it is in", labels=[*labels, "state"]
        )
        credit = GaugeMetricFamily(
            "emgav_provider_credit", "What is left", labels=[*labels, "unit"]
        )
        days = GaugeMetricFamily(
            "emgav_provider_credit_days", "How long it lasts at the present pace", labels=labels
        )
        accepted = GaugeMetricFamily(
            "emgav_provider_last_accepted_timestamp_seconds", "Last acceptance", labels=labels
        )
        for each in self.figures.providers:
            names = [each.name, each.channel]
            enabled.add_metric(names, each.is_enabled)
            for state in CIRCUITS:
                circuit.add_metric([*names, state], each.circuit == state)
            if each.credit is not None:
                credit.add_metric([*names, each.credit_unit], float(each.credit))
            if each.days_left is not None:
                days.add_metric(names, each.days_left)
            if each.last_accepted_at:
                accepted.add_metric(names, each.last_accepted_at.timestamp())
        yield from (enabled, circuit, credit, days, accepted)

    def _speeds(self) -> Iterator[GaugeMetricFamily]:
        labels = ["channel", "hours"]
        seconds = GaugeMetricFamily(
            "emgav_send_seconds", "From due to accepted", labels=[*labels, "quantile"]
        )
        count = GaugeMetricFamily("emgav_sent_messages", "Accepted messages", labels=labels)
        for speed in self.figures.speeds:
            names = [speed.channel, str(speed.hours)]
            count.add_metric(names, speed.messages)
            for quantile, value in (("0.5", speed.p50), ("0.95", speed.p95), ("0.99", speed.p99)):
                seconds.add_metric([*names, quantile], value)
        yield from (seconds, count)

    def _spending(self) -> Iterator[GaugeMetricFamily]:
        labels = ["centre", "month"]
        segments = GaugeMetricFamily("emgav_sms_segments", "Parts of SMS sent", labels=labels)
        cost = GaugeMetricFamily("emgav_sms_cost", "As providers say it", labels=labels)
        for row in self.figures.spending:
            segments.add_metric([row.centre, row.month], row.segments)
            cost.add_metric([row.centre, row.month], float(row.cost))
        yield from (segments, cost)

    def _alarms(self) -> Iterator[GaugeMetricFamily]:
        ringing = {alarm.name: alarm.severity for alarm in reversed(alarms(self.figures))}
        family = GaugeMetricFamily(
            "emgav_alarm",
            "1 while it rings; its runbook says what to do",
            labels=["name", "runbook"],
        )
        critical = GaugeMetricFamily(
            "emgav_alarm_critical", "1 while it is urgent", labels=["name"]
        )
        for name, runbook in RUNBOOKS.items():
            family.add_metric([name, runbook], name in ringing)
            critical.add_metric([name], ringing.get(name) == "critical")
        yield from (family, critical)


@access("metrics")
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """In the format the reader asks for: Prometheus text or OpenMetrics."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Health(health.read(now=timezone.now(), zone=ZoneInfo(settings.TIME_ZONE))))
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return HttpResponse(encode(registry), content_type=content_type)
