"""`manage.py messages`: how they fare, and a hand on all providers at once."""

from __future__ import annotations

import getpass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from notifications import health, holding
from notifications.alarms import Figures, alarms

EXIT_CRITICAL = 1


class Command(BaseCommand):
    help = "Shows how messages fare; holds all sending; after a restore, asks what had left."
    requires_system_checks = ()  # recovery: it must run even while the pages do not

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_subparsers(dest="what", required=True)
        what.add_parser("status", help="figures and alarms; ends with 1 when one is critical")
        what.add_parser("hold", help="nothing leaves any more until it is released")
        what.add_parser("release", help="let leave again what the hold stopped")
        doubt = what.add_parser(
            "doubt",
            help="after a restore: have the providers asked for all that may have left since",
        )
        doubt.add_argument("--since", required=True, help="when the backup was made, ISO 8601")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['what']}")(options)
        except holding.NoProvider as error:
            raise CommandError(
                "No provider is configured: nothing can be sent (EMAIL_URL, SMS_URL)."
            ) from error

    def _hold(self, _options: dict[str, Any]) -> None:
        stopped = holding.hold(by=_who(), now=timezone.now())
        self.stdout.write(f"held: {', '.join(stopped) or 'all were held already'}")

    def _release(self, _options: dict[str, Any]) -> None:
        released = holding.release(by=_who(), now=timezone.now())
        self.stdout.write(f"released: {', '.join(released) or 'none was held'}")

    def _doubt(self, options: dict[str, Any]) -> None:
        since = _instant(options["since"])
        if not _figures().is_held:
            raise CommandError("Hold first (`manage.py messages hold`): or some leave meanwhile.")
        self.stdout.write(f"to be asked for: {holding.doubt(since=since)}")

    def _status(self, _options: dict[str, Any]) -> None:
        figures = _figures()
        for name in ("due", "planned", "sending", "uncertain", "dead", "unbalanced"):
            self.stdout.write(f"{name}: {getattr(figures, name)}")
        for provider in figures.providers:
            use = "in use" if provider.is_enabled else "not in use"
            self.stdout.write(f"{provider.name}: {use}, circuit {provider.circuit}")
        ringing = alarms(figures)
        for alarm in ringing:
            says = _(alarm.says) % dict(alarm.values)
            line = f"{alarm.severity}: {alarm.name}: {says} (docs/runbooks/{alarm.runbook}.md)"
            self.stdout.write(line)
        if any(alarm.severity == "critical" for alarm in ringing):
            raise SystemExit(EXIT_CRITICAL)


def _figures() -> Figures:
    return health.read(now=timezone.now(), zone=ZoneInfo(settings.TIME_ZONE))


def _who() -> str:
    """Whoever is at the terminal; in a container it may be nobody with a name."""
    try:
        return f"manage.py ({getpass.getuser()})"
    except (KeyError, OSError):
        return "manage.py"


def _instant(text: str) -> datetime:
    try:
        instant = parse_datetime(text)
    except ValueError:
        instant = None
    if instant is None:
        raise CommandError("--since: write an instant such as 2026-11-26T03:00:00+01:00")
    return instant if instant.tzinfo else timezone.make_aware(instant)
