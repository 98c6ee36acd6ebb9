"""`manage.py rollout`: show, change or schedule the stage of a centre, with author and reason."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from centres import actions
from centres.models import Centre
from centres.rollout import Stage, effective_stage


class Command(BaseCommand):
    help = "Show the stage of every centre, or change one's: rollout redon open --author NAME"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("centre", nargs="?", help="slug of the centre; none: list them all")
        parser.add_argument("stage", nargs="?", choices=Stage.values)
        parser.add_argument(
            "--at", help="local date and time from which it holds, as 2027-01-11T08:00"
        )
        parser.add_argument("--author", default="", help="who decided")
        parser.add_argument("--note", default="", help="why")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        if options["centre"] is None:
            return self._list(now)
        try:
            centre = Centre.objects.get(slug=options["centre"])
        except Centre.DoesNotExist as error:
            raise CommandError(f"no centre named {options['centre']!r}") from error
        if options["stage"] is None:
            return self._history(centre, now)
        if not options["author"].strip():
            raise CommandError("--author is required: a change of stage is signed")
        try:
            change = actions.change_stage(
                centre_id=centre.pk,
                stage=options["stage"],
                now=now,
                author=None,
                author_name=options["author"].strip(),
                note=options["note"],
                effective_at=self._instant(options["at"], centre),
            )
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{centre.slug}: {change.stage} from {change.effective_at:%F %H:%M}Z")
        return None

    def _instant(self, text: str | None, centre: Centre) -> datetime | None:
        if text is None:
            return None
        try:
            local = datetime.fromisoformat(text)
        except ValueError as error:
            raise CommandError(f"--at: {text!r} is not a date and time") from error
        if local.tzinfo is not None:
            raise CommandError("--at: give the local time of the centre, without a zone")
        return local.replace(tzinfo=ZoneInfo(centre.time_zone))

    def _list(self, now: datetime) -> None:
        for centre in Centre.objects.order_by("name"):
            at, scheduled = centre.next_stage_at, ""
            if at is not None and at > now:
                scheduled = f" → {centre.next_stage} {at:%Y-%m-%d %H:%MZ}"
            stage = effective_stage(centre, now=now)
            self.stdout.write(f"{centre.slug:24} {stage:12}{scheduled}")

    def _history(self, centre: Centre, now: datetime) -> None:
        self.stdout.write(f"{centre.name}: {effective_stage(centre, now=now)}")
        for change in centre.stage_changes.all():
            self.stdout.write(
                f"  {change.decided_at:%Y-%m-%d %H:%MZ}  {change.stage_before} → {change.stage}"
                f" from {change.effective_at:%Y-%m-%d %H:%MZ}  {change.author_name}  {change.note}"
            )
