"""What must not go unseen, decided from figures alone: above all good that fails to happen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Literal, NamedTuple

Severity = Literal["critical", "warning"]

LATE_SECONDS = 60
SILENCE_SECONDS = 300
UNCERTAIN_SECONDS = 15 * 60
DRIFT_SECONDS = 5
# How long each may be silent. The reconciler looks each minute, beat and workers each ten seconds.
BEATS = MappingProxyType({"beat": 60, "worker": 60, "reconciler": 300})
CREDIT_DAYS, CREDIT_DAYS_LAST = 14, 3


def gettext_noop(text: str) -> str:
    """Mark a text for translation without importing Django into the pure modules."""
    return text


class Speed(NamedTuple):
    """How long messages took from due to accepted, in seconds, over so many hours."""

    channel: str
    hours: int
    messages: int
    p50: float
    p95: float
    p99: float


class Spending(NamedTuple):
    """SMS of a centre in a month."""

    centre: str
    month: str
    messages: int
    segments: int
    cost: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One route as it stands. `per_day` is what it uses a day, in the unit of its credit."""

    name: str
    channel: str
    is_enabled: bool = True
    circuit: str = "closed"
    reason: str = ""
    needs_person: bool = False
    opened_at: datetime | None = None
    credit: Decimal | None = None
    credit_unit: str = ""
    credit_at: datetime | None = None
    per_day: Decimal = Decimal()
    last_accepted_at: datetime | None = None
    changed_by: str = ""
    changed_at: datetime | None = None

    @property
    def days_left(self) -> int | None:
        """How long the credit lasts at the present pace; None when nobody can say."""
        if self.credit is None or not self.per_day:
            return None
        return max(0, int(self.credit / self.per_day))

    @property
    def is_broken(self) -> bool:
        return self.circuit == "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How the messages fare, read at one moment on the clock of the database."""

    at: datetime
    drift: float = 0.0
    due: int = 0
    overdue: float = 0.0
    planned: int = 0
    sending: int = 0
    uncertain: int = 0
    uncertain_for: float = 0.0
    dead: int = 0
    unbalanced: int = 0
    # Seconds since each last gave a sign of life; missing: never.
    silent: Mapping[str, float] = field(default_factory=dict)
    providers: tuple[Provider, ...] = ()
    speeds: tuple[Speed, ...] = ()
    spending: tuple[Spending, ...] = ()

    @property
    def last_accepted_at(self) -> datetime | None:
        known = [each.last_accepted_at for each in self.providers if each.last_accepted_at]
        return max(known, default=None)

    @property
    def is_held(self) -> bool:
        """Somebody has stopped all sending."""
        return bool(self.providers) and not any(each.is_enabled for each in self.providers)


class Alarm(NamedTuple):
    """Something to be seen to. `says` is a French text with the values to fill in."""

    name: str
    severity: Severity
    says: str
    values: Mapping[str, object] = MappingProxyType({})

    @property
    def runbook(self) -> str:
        return RUNBOOKS[self.name]


RUNBOOKS: Mapping[str, str] = MappingProxyType(
    {
        "held": "restore-from-backup",
        "nothing_accepted": "outbox-stuck",
        "overdue": "outbox-stuck",
        "uncertain": "uncertain-messages",
        "dead": "uncertain-messages",
        "unbalanced": "uncertain-messages",
        "circuit_open": "provider-down",
        "needs_person": "provider-down",
        "credit_low": "credit-out",
        "credit_out": "credit-out",
        "beat_silent": "redis-lost",
        "worker_silent": "redis-lost",
        "reconciler_silent": "redis-lost",
        "clock_drift": "outbox-stuck",
    }
)
SILENT = {
    "beat": gettext_noop("L’horloge des tâches (beat) ne donne plus signe de vie."),
    "worker": gettext_noop("Aucun processus d’envoi (worker) ne donne plus signe de vie."),
    "reconciler": gettext_noop("Le contrôle des envois ne donne plus signe de vie."),
}


def alarms(figures: Figures) -> list[Alarm]:
    """What is wrong, the worst first."""
    found = [*_sending(figures), *_lost(figures), *_providers(figures), *_machines(figures)]
    return sorted(found, key=lambda alarm: alarm.severity != "critical")


def _sending(figures: Figures) -> Iterator[Alarm]:
    if figures.is_held:
        yield Alarm("held", "warning", gettext_noop("Les envois sont arrêtés par une personne."))
    if figures.due and _nothing_accepted(figures):
        yield Alarm(
            "nothing_accepted",
            "critical",
            gettext_noop("Rien n’est parti depuis 5 minutes, alors que des messages attendent."),
        )
    if figures.due and figures.overdue > LATE_SECONDS:
        yield Alarm(
            "overdue",
            "critical" if figures.overdue > SILENCE_SECONDS else "warning",
            gettext_noop("Le plus ancien message en attente a %(minutes)s min de retard."),
            {"minutes": int(figures.overdue // 60)},
        )


def _nothing_accepted(figures: Figures) -> bool:
    """While something has been due for as long: a message just due says nothing of the silence."""
    if figures.overdue <= SILENCE_SECONDS:
        return False
    last = figures.last_accepted_at
    return last is None or (figures.at - last).total_seconds() > SILENCE_SECONDS


def _lost(figures: Figures) -> Iterator[Alarm]:
    if figures.uncertain_for > UNCERTAIN_SECONDS:
        yield Alarm(
            "uncertain",
            "warning",
            gettext_noop("Messages sans réponse sûre du prestataire depuis longtemps : %(count)s."),
            {"count": figures.uncertain},
        )
    if figures.dead:
        yield Alarm(
            "dead",
            "warning",
            gettext_noop("Messages perdus, dont la famille est à appeler : %(count)s."),
            {"count": figures.dead},
        )
    if figures.unbalanced:
        yield Alarm(
            "unbalanced",
            "critical",
            gettext_noop("Messages que leur registre d’envois contredit : %(count)s."),
            {"count": figures.unbalanced},
        )


def _providers(figures: Figures) -> Iterator[Alarm]:
    for provider in figures.providers:
        values = {"name": provider.name, "days": provider.days_left}
        if provider.is_broken and provider.needs_person:
            text = gettext_noop("%(name)s est suspendu et attend qu’une personne le remette.")
            yield Alarm("needs_person", "critical", text, values)
        elif provider.is_broken:
            text = gettext_noop("%(name)s est suspendu après trop d’échecs.")
            yield Alarm("circuit_open", "warning", text, values)
        if provider.is_enabled:
            yield from _credit(provider, values)


def _credit(provider: Provider, values: Mapping[str, object]) -> Iterator[Alarm]:
    if provider.credit is not None and provider.credit <= 0:
        text = gettext_noop("%(name)s n’a plus de crédit.")
        yield Alarm("credit_out", "critical", text, values)
    elif provider.days_left is not None and provider.days_left < CREDIT_DAYS:
        is_last = provider.days_left < CREDIT_DAYS_LAST
        text = gettext_noop("%(name)s : jours de crédit restants à ce rythme, %(days)s.")
        yield Alarm("credit_low", "critical" if is_last else "warning", text, values)


def _machines(figures: Figures) -> Iterator[Alarm]:
    for name, patience in BEATS.items():
        silence = figures.silent.get(name)
        if silence is None or silence > patience:
            yield Alarm(f"{name}_silent", "critical", SILENT[name])
    if abs(figures.drift) > DRIFT_SECONDS:
        yield Alarm(
            "clock_drift",
            "warning",
            gettext_noop("L’horloge de ce serveur et celle de la base diffèrent de %(seconds)s s."),
            {"seconds": round(figures.drift)},
        )
