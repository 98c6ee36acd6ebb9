"""How long each step of a message may take, and how long to wait before the next."""

from __future__ import annotations

import os
import random
from datetime import timedelta

# Tests of faults may hurry everything that waits: EMGAV_HASTE=10 makes a minute six seconds. Not
# outside a demo: the deadline is then shorter than a client's time-out.
IS_DEMO = os.environ.get("DEMO", "") not in {"", "0"}
HASTE = float(os.environ.get("EMGAV_HASTE") or 1) if IS_DEMO else 1.0


def _wait(seconds: float) -> timedelta:
    return timedelta(seconds=seconds / HASTE)


# A claimed message waits for its thread no longer: then another worker may have it.
CLAIM_LEASE = _wait(30)
# Later than whatever a client can spend on a call: pool, connection, writing and a slow answer
# (41 s over HTTP), or every command of an SMTP session (80 s).
DEADLINE = {"sms": _wait(45), "email": _wait(90)}
# An unknown outcome is asked for after a minute, because providers' indexes lag, and twice.
LOOK_UP_AFTER = _wait(60)
LONGEST_PAUSE = _wait(3600)
# A server may take 10 minutes to answer the last line of a mail (RFC 5321 §4.5.3.2.6): until then
# nobody knows whether it left. For an SMS nobody can ask about, a receipt may still come.
SETTLE_BLINDLY_AFTER = {"sms": _wait(600), "email": _wait(720)}
# What is less urgent than this is not worth a second SMS to somebody who may have the first.
WORTH_REPEATING = timedelta(hours=2)
# Nothing stays without an outcome for longer than this past its use.
LAST_SETTLED = timedelta(hours=72)

BACK_OFF = tuple(_wait(seconds) for seconds in (30, 120, 300, 900, 1800, 3600))
# No route is usable, or not the one it is bound to.
NO_ROUTE_PAUSE = _wait(20)

CIRCUIT_WINDOW = _wait(60)
PROBE_EVERY = _wait(30)


def back_off(tries: int) -> timedelta:
    """How long to wait after so many failed tries."""
    return jittered(BACK_OFF[min(max(tries, 1), len(BACK_OFF)) - 1])


def jittered(longest: timedelta) -> timedelta:
    """Full jitter: messages that failed together do not come back together."""
    return longest * random.uniform(0.05, 1)  # noqa: S311  not a secret
