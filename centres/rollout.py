"""Rollout stages of a centre: what each allows, and which one is in force at an instant (pure)."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from django.db import models
from django.utils.translation import gettext_lazy as _


class Stage(models.TextChoices):
    PREPARING = "preparing", _("En préparation")
    AGENTS_ONLY = "agents_only", _("Agents seulement")
    OPEN = "open", _("Ouvert en ligne")
    PAUSED = "paused", _("En pause")


class HasStage(Protocol):
    stage: str
    next_stage: str
    next_stage_at: datetime | None


def effective_stage(centre: HasStage, *, now: datetime) -> Stage:
    """The stage in force at `now`: a scheduled one takes effect by itself, with no job to miss."""
    if centre.next_stage_at is not None and centre.next_stage_at <= now:
        return Stage(centre.next_stage)
    return Stage(centre.stage)


def is_open_online(centre: HasStage, *, now: datetime) -> bool:
    """Whether families may book this centre online at `now`."""
    return effective_stage(centre, now=now) is Stage.OPEN


def is_open_to_agents(centre: HasStage, *, now: datetime) -> bool:
    """Whether agents may book: at every stage but preparation (pausing stops only families)."""
    return effective_stage(centre, now=now) is not Stage.PREPARING
