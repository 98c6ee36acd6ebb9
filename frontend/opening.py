"""Whether families may book a centre online, now or from a date already decided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from centres.models import Centre
from centres.rollout import Stage, effective_stage


@dataclass(frozen=True, slots=True)
class Opening:
    """A centre as families see its rollout: open, paused, or by phone only."""

    centre: Centre
    now: datetime

    @property
    def stage(self) -> Stage:
        return effective_stage(self.centre, now=self.now)

    @property
    def is_open(self) -> bool:
        return self.stage is Stage.OPEN

    @property
    def is_paused(self) -> bool:
        return self.stage is Stage.PAUSED

    @property
    def opens_at(self) -> datetime | None:
        """When online booking opens, on the centre's clock, if that is decided."""
        at = self.centre.next_stage_at
        if self.centre.next_stage != Stage.OPEN or at is None or at <= self.now:
            return None
        return at.astimezone(ZoneInfo(self.centre.time_zone))
