"""Tells a running gateway what to do and asks what it has accepted, over its control port."""

from __future__ import annotations

import time
from typing import Any

import httpx


class Steering:
    """`port` is where adapters go, `control` where this goes."""

    def __init__(self, *, port: int, control: int) -> None:
        self.port = port
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{control}", trust_env=False)

    def mode(self, mode: str, *, number: str = "", **how: Any) -> None:
        """`how`: seconds, retry_after, share (of messages), times (then `ok` again)."""
        self._tell("mode", mode=mode, number=number, **how)
        if not number:
            is_up = mode != "refuse"
            self._until(lambda: self.counts()["is_up"] == is_up)

    def world(self, **what: Any) -> None:
        """credit, index_lag, pending, clock_ahead, is_postpaid, filters, trouble: see `World`."""
        self._tell("world", **what)

    def receipts(self, *states: str, **how: Any) -> None:
        """For messages from now on, and with `now` for those accepted so far.

        `states`: sent, delivered, undelivered, dead.
        `how`: url, copies, spread (seconds, in any order), wrong, signing_key.
        """
        self._tell("receipts", states=states, **how)

    def inbound(self, provider: str, *, url: str, sender: str, text: str, **how: Any) -> int:
        """`how`: copies, id. The reply's number."""
        told = self._tell("inbound", provider=provider, url=url, sender=sender, text=text, **how)
        return int(told["id"])

    def ledger(self, reference: str = "") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._tell("ledger", reference=reference)
        return found

    def counts(self) -> dict[str, Any]:
        """accepted, references, doubled, requests, malformed, « mode X », « posted STATUS »."""
        counts: dict[str, Any] = self._tell("counts")
        return counts

    def reset(self) -> None:
        self._tell("reset")
        self._until(lambda: self.counts()["is_up"])

    def wait_for_posts(self) -> dict[str, Any]:
        """Until every receipt and reply told of so far has been posted; the counts then."""
        self._until(lambda: self.counts()["busy"] == 0)
        return self.counts()

    def close(self) -> None:
        self._client.close()

    def _tell(self, what: str, **data: Any) -> Any:
        return self._client.post(f"/{what}", json=data).raise_for_status().json()

    def _until(self, is_so: Any, *, seconds: float = 20) -> None:
        ends = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < ends, "the gateway did not get there"
            time.sleep(0.02)
