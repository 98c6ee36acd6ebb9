"""The rollout of a centre: each change of stage, with its author."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from centres.models import Centre, StageChange, User
from centres.rollout import Stage, effective_stage


@transaction.atomic
def change_stage(
    *,
    centre_id: int,
    stage: str,
    now: datetime,
    author: User | None,
    author_name: str,
    note: str = "",
    effective_at: datetime | None = None,
) -> StageChange:
    """Open, pause or prepare a centre, at once or from a local date and time on.

    Appointments already made stay. A later decision replaces one that is scheduled. Raises
    ValueError when the stage is unknown or the scheduled time has passed.
    """
    wanted = Stage(stage)
    centre = Centre.objects.select_for_update().get(pk=centre_id)
    before = effective_stage(centre, now=now)
    if effective_at is not None and effective_at <= now:
        raise ValueError("the scheduled time has passed")
    if effective_at is None:
        centre.stage, centre.next_stage, centre.next_stage_at = wanted, "", None
    else:
        centre.stage, centre.next_stage, centre.next_stage_at = before, wanted, effective_at
    centre.save(update_fields=["stage", "next_stage", "next_stage_at"])
    return StageChange.objects.create(
        centre=centre,
        stage_before=before,
        stage=wanted,
        effective_at=effective_at or now,
        author=author,
        author_name=author_name,
        note=note,
        decided_at=now,
    )
