"""`manage.py expand_shifts`: make the half-days of opening rules now, and say what cannot be."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from centres import actions
from centres.models import OpeningRule, Shift

LISTED = 20


class Command(BaseCommand):
    help = "Make the half-days of opening rules, as the worker does every six hours."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("rules", nargs="*", type=int, help="ids of rules; none: all of them")

    def handle(self, *args: Any, **options: Any) -> None:
        done = actions.expand_rules(today=timezone.localdate(), rule_ids=options["rules"] or None)
        self.stdout.write(f"{done.made} made, {done.changed} changed, {done.removed} removed.")
        self._list_shifts("Appointments are left outside", done.outside)
        self._list_shifts("Families have seats that the rule takes away", done.crowded)
        self._list_clashes(done.clashes)
        for rule in OpeningRule.objects.filter(pk__in=done.unreadable):
            self.stdout.write(f"Rule {rule.pk} cannot be read: {rule.rrule}")

    def _list_shifts(self, title: str, ids: list[int]) -> None:
        shifts = Shift.objects.select_related("practitioner", "site", "centre")
        self._list(f"{title}: {len(ids)}", [str(each) for each in shifts.filter(pk__in=ids)])

    def _list_clashes(self, clashes: list[actions.Clash]) -> None:
        self._list(
            f"Not made or not moved, for the practitioner is elsewhere: {len(clashes)}",
            [f"rule {clash.rule} on {clash.on}: shift {clash.other}" for clash in clashes],
        )

    def _list(self, title: str, lines: list[str]) -> None:
        if lines:
            more = [f"… and {len(lines) - LISTED} more"] if len(lines) > LISTED else []
            self.stdout.write("\n  ".join([f"{title}.", *lines[:LISTED], *more]))
