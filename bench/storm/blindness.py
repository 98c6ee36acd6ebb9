"""What the ledger is for, taken out: an attempt without an answer counts as one that failed."""

from __future__ import annotations

from django.apps import AppConfig


class Blindness(AppConfig):
    name = "bench.storm"
    label = "blindness"

    def ready(self) -> None:
        from notifications import ledger, lost_answers  # noqa: PLC0415  its models exist only now

        def settle(doubt: lost_answers.Doubt) -> None:
            ledger.absent(doubt.begun, "nobody asked")

        lost_answers._settle = settle  # noqa: SLF001  the guard itself is taken out
