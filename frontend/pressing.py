"""What a press on the board does, or on a practitioner's own page: to a visit, or at a door."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from django.core.exceptions import BadRequest
from django.http import Http404

from booking import actions
from booking.models import Appointment
from centres.models import Centre, Practitioner, Shift
from frontend.board import ACTIONS, pressed
from frontend.door import counted

Act = Callable[..., object]


def act_of(does: str, **whose: Centre | Practitioner) -> tuple[Act, str]:
    """The action that a button sent, which lacks only `now` and `actor`, and the row where it was:
    one query. Raises BadRequest when no button of ours can have, Http404 when it is not `whose`."""
    if count := counted(does):
        if not Shift.objects.filter(pk=count.shift, **whose).exists():
            raise Http404
        act = actions.count_arrival if count.is_more else actions.uncount_arrival
        return partial(act, shift_id=count.shift, seen=count.seen), f"w{count.shift}"
    press = pressed(does)
    if press is None:
        raise BadRequest
    found = Appointment.objects.filter(pk=press.pk, **whose)
    uid = found.values_list("uid", flat=True).first()
    if uid is None:
        raise Http404
    return partial(ACTIONS[press.state], uid=uid, seen=press.seen), f"v{press.pk}"
