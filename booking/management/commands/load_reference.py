"""`manage.py load_reference`: the reference data of centres, then the first reminder rules."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from booking import actions
from centres.management.commands import load_reference


class Command(load_reference.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        if written := actions.load_default_rules(now=timezone.now()):
            self.stdout.write(f"{written} reminder rules written.")
