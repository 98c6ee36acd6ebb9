"""A gateway on this machine that speaks as OVHcloud, Brevo and smsmode, and misbehaves when told.

    python -m tests.notifications.sms.gateway --port 9100 --control 9101 --ledger FILE

Its ledger is the judge: as real providers do, it never tells the same message from a new one.
What it does is switched over HTTP on the control port (`steering.Steering` does it in Python).
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import hmac
import random
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from tests.notifications.sms.dialects import DIALECTS, Dialect, Submission, World, dialect_of
from tests.notifications.sms.ledger import Entry, Ledger
from tests.notifications.sms.steering import Steering
from tests.notifications.sms.wire import Listener, Reply, Request, call, reply

# Refused before anything is kept: the mode's name and the status in the provider's own words.
REFUSALS = {
    "reject": 400,
    "401": 401,
    "402": 402,
    "403": 403,
    "bad-number": 422,
    "429": 429,
    "503": 503,
    "5xx-before": 500,
}
GARBAGE = Reply(200, b"<html>\xff it works</html>", {"Content-Type": "text/html"})
HANG, RESET = Reply(fate="hang"), Reply(fate="reset")
BEFORE = {"hang-before": HANG, "reset-before": RESET, "garbage-before": GARBAGE}
AFTER = {
    "5xx-after-accept": Reply(502, b"bad gateway"),
    "accept-then-hang": HANG,
    "accept-then-reset": RESET,
    "garbage": GARBAGE,
}
# `refuse` closes the port; `latency` is `ok` with `seconds`.
MODES = {"ok", "latency", "refuse", *REFUSALS, *BEFORE, *AFTER}
WRONG = ("unknown", "garbage", "secret")
POSTERS = 20


@dataclass(slots=True)
class Mode:
    """How messages are treated: a share of them, or the next few, or all."""

    mode: str = "ok"
    seconds: float = 0.0
    retry_after: str = ""
    share: float = 1.0
    times: int | None = None


@dataclass(slots=True)
class Receipts:
    """How receipts are posted: to the message's own address unless another is given."""

    states: tuple[str, ...] = ()
    url: str = ""
    copies: int = 1
    spread: float = 0.0  # seconds within which they leave, in any order
    wrong: bool = False
    signing_key: str = ""


class Gateway:
    def __init__(self, *, port: int = 0, control: int = 0, ledger: Path | None = None) -> None:
        self.ledger = Ledger(ledger)
        self.world = World(self.ledger)
        self.modes: dict[str, Mode] = {"": Mode()}
        self.receipts = Receipts()
        self.counts: Counter[str] = Counter()
        self.dialects: dict[str, Dialect] = {name: make() for name, make in DIALECTS.items()}
        self.vendor = Listener(self._vendor, port)
        self.control = Listener(self._control, control)
        self._tasks: set[asyncio.Task[None]] = set()
        self._posters = asyncio.Semaphore(POSTERS)

    async def start(self) -> None:
        await self.vendor.up()
        await self.control.up()

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await self.vendor.down()
        await self.control.down()
        self.ledger.close()

    # What providers do.

    def _vendor(self, request: Request) -> Reply:
        dialect = self.dialects[dialect_of(request.path)]
        self.counts["requests"] += 1
        try:
            refused = dialect.guard(request, self.world)
            if refused is not None:
                return refused
            if dialect.is_submission(request):
                return self._submit(dialect, dialect.submission(request))
            if self.world.trouble:
                return replace(GARBAGE, status=self.world.trouble)
            return dialect.answer(request, self.world)
        except (AssertionError, KeyError, ValueError, TypeError, IndexError) as error:
            # Not what the documentation says: the adapter's fault, and a test must see it.
            self.counts["malformed"] += 1
            return reply({"message": f"malformed: {type(error).__name__} {error}"}, 418)

    def _submit(self, dialect: Dialect, submission: Submission) -> Reply:
        mode = self._mode_for(submission.to)
        self.counts[f"mode {mode.mode}"] += 1
        if mode.mode in REFUSALS:
            refused = dialect.refusal(REFUSALS[mode.mode], submission)
            refused.headers |= {"Retry-After": mode.retry_after} if mode.retry_after else {}
            return refused
        if mode.mode in BEFORE:
            return BEFORE[mode.mode]
        if self.world.credit is not None and self.world.credit <= 0:
            return dialect.refusal(402, submission)
        entry = self.ledger.accept(provider=dialect.name, **asdict(submission))
        if self.world.credit is not None:
            self.world.credit -= entry.parts
        self._announce(entry)
        return replace(AFTER.get(mode.mode) or dialect.accepted(entry), delay=mode.seconds)

    def _mode_for(self, number: str) -> Mode:
        key = number if number in self.modes else ""
        mode = self.modes[key]
        if mode.share < 1 and random.random() >= mode.share:
            return Mode(seconds=mode.seconds)
        if mode.times is not None:
            mode.times -= 1
            if mode.times <= 0:
                self.modes[key] = Mode()
        return mode

    # What they tell us afterwards.

    def _announce(self, entry: Entry) -> None:
        if self.receipts.states and (self.receipts.url or entry.callback):
            self._spawn(self._post_receipts(entry, self.receipts))

    async def _post_receipts(self, entry: Entry, plan: Receipts) -> None:
        dialect, url = self.dialects[entry.provider], plan.url or entry.callback
        calls = [(url, dialect.receipt(entry, state)) for state in plan.states] * plan.copies
        if plan.wrong:
            calls += [self._wrong_call(kind, entry, url) for kind in WRONG]
        if plan.spread:
            random.shuffle(calls)
        for address, (method, headers, body, added) in calls:
            if plan.spread:
                await asyncio.sleep(random.uniform(0, plan.spread / len(calls)))
            await self._post(address, method, headers, body, added)

    def _wrong_call(self, kind: str, entry: Entry, url: str) -> tuple[str, Any]:
        """A message nobody sent, a body nobody can read, a secret nobody gave."""
        dialect = self.dialects[entry.provider]
        unknown = Entry(entry.at, entry.provider, "nobody", entry.to, "", "", 10**9, 1, "")
        method, headers, body, added = dialect.receipt(unknown, "delivered")
        if kind == "garbage":
            return url, (method, headers, b"\xff{", "")
        if kind == "secret":
            return self._with_wrong_secret(url), dialect.receipt(entry, "delivered")
        return url, (method, headers, body, added)

    def _with_wrong_secret(self, url: str) -> str:
        split = urlsplit(url)
        head, _, secret = split.path.rstrip("/").rpartition("/")
        slash = "/" if split.path.endswith("/") else ""
        return urlunsplit(split._replace(path=f"{head}/{'x' * len(secret)}{slash}"))

    async def _post(
        self, url: str, method: str, headers: dict[str, str], body: bytes, added: str
    ) -> None:
        if self.receipts.signing_key:
            key = self.receipts.signing_key.encode()
            signature = hmac.new(key, body, hashlib.sha256).hexdigest()
            headers = headers | {"X-Smsmode-256": signature}
        address = f"{url}{'&' if '?' in url else '?'}{added}" if added else url
        async with self._posters:
            status = await call(method, address, headers, body)
        self.counts[f"posted {status}"] += 1

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # What tests tell it.

    def _control(self, request: Request) -> Reply:
        action = getattr(self, f"_on_{request.path.strip('/')}", None)
        if action is None:
            return reply({"error": "no such thing to tell"}, 404)
        try:
            return reply(action(request.data))
        except (AssertionError, KeyError, TypeError) as error:
            return reply({"error": f"{type(error).__name__} {error}"}, 400)

    def _on_mode(self, data: dict[str, Any]) -> Any:
        number = data.pop("number", "")
        mode = Mode(**data)
        assert mode.mode in MODES, mode.mode
        if mode.mode == "refuse":
            self._spawn(self.vendor.down())
            return {}
        if not self.vendor.is_up:
            self._spawn(self.vendor.up())
        self.modes[number] = mode
        return {}

    def _on_world(self, data: dict[str, Any]) -> Any:
        for name, value in data.items():
            setattr(self.world, name, value)
        return {}

    def _on_receipts(self, data: dict[str, Any]) -> Any:
        data["states"] = tuple(data.get("states", ()))
        now = data.pop("now", False)
        self.receipts = Receipts(**data)
        for entry in self.ledger.entries if now else []:
            self._announce(entry)
        return {}

    def _on_inbound(self, data: dict[str, Any]) -> Any:
        self.counts["inbound"] += 1
        number = data.get("id") or 5_000_000 + self.counts["inbound"]
        method, headers, body, added = self.dialects[data["provider"]].inbound(
            number, data["sender"], data["text"]
        )
        for _copy in range(data.get("copies", 1)):
            self._spawn(self._post(data["url"], method, headers, body, added))
        return {"id": number}

    def _on_ledger(self, data: dict[str, Any]) -> Any:
        reference = data.get("reference")
        found = self.ledger.of(reference) if reference else self.ledger.entries
        return [asdict(entry) for entry in found]

    def _on_counts(self, _data: dict[str, Any]) -> Any:
        of_references = self.ledger.by_reference.values()
        return dict(self.counts) | {
            "accepted": len(self.ledger.entries),
            "references": len(of_references),
            "doubled": sum(len(found) > 1 for found in of_references),
            "is_up": self.vendor.is_up,
            "busy": len(self._tasks),
        }

    def _on_reset(self, _data: dict[str, Any]) -> Any:
        for task in list(self._tasks):
            task.cancel()
        self.ledger.forget()
        self.counts.clear()
        self.modes, self.receipts, self.world = {"": Mode()}, Receipts(), World(self.ledger)
        if not self.vendor.is_up:
            self._spawn(self.vendor.up())
        return {}


@contextmanager
def gateway_in_thread(ledger: Path | None = None) -> Iterator[Steering]:
    """A gateway of this process, on a thread of its own; what steers it."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="sms-gateway", daemon=True)
    thread.start()

    async def make() -> Gateway:
        made = Gateway(ledger=ledger)
        await made.start()
        return made

    gateway = asyncio.run_coroutine_threadsafe(make(), loop).result(10)
    try:
        yield Steering(port=gateway.vendor.port, control=gateway.control.port)
    finally:
        asyncio.run_coroutine_threadsafe(gateway.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def serve(arguments: argparse.Namespace) -> None:
    gateway = Gateway(port=arguments.port, control=arguments.control, ledger=arguments.ledger)
    gateway.modes[""] = Mode(seconds=arguments.latency)
    gateway.world.credit = arguments.credit
    await gateway.start()
    sys.stdout.write(f"gateway {gateway.vendor.port} control {gateway.control.port}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--control", type=int, default=0)
    parser.add_argument("--ledger", type=Path)
    parser.add_argument("--latency", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--credit", type=int)
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
