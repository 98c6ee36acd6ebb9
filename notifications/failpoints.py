"""Named points at which a test has a process die or stop for a while; nothing of it outside a demo.

    EMGAV_FAILPOINT=after_send            SIGKILL at the first time
    EMGAV_FAILPOINT=after_send=0.02       SIGKILL with this probability
    EMGAV_FAILPOINT=before_close=pause:5  wait so many seconds, each time

Points: after_claim, after_begin, after_send, before_close. Several are separated by commas.
"""

from __future__ import annotations

import os
import random
import signal
import time

from django.conf import settings

ARMED = {
    point.partition("=")[0]: point.partition("=")[2]
    for point in os.environ.get("EMGAV_FAILPOINT", "").split(",")
    if point
}


def reach(point: str) -> None:
    """A process comes by here."""
    if point not in ARMED or not settings.DEMO:
        return
    how = ARMED[point]
    if how.startswith("pause:"):
        time.sleep(float(how.removeprefix("pause:")))
    elif random.random() < float(how or 1):  # noqa: S311  not a secret
        os.kill(os.getpid(), signal.SIGKILL)
