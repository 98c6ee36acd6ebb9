"""The judge itself: a process of its own whose ledger survives being killed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from httpx import HTTPStatusError

from notifications.errors import NotTaken
from notifications.sms.base import Outgoing, SmsProvider
from tests.architecture.source import ROOT
from tests.notifications.sms.dialects import provider_url
from tests.notifications.sms.ledger import read
from tests.notifications.sms.steering import Steering

NUMBER, OTHER = "+33612345678", "+33612345679"
Connect = Callable[..., SmsProvider]
Running = tuple[subprocess.Popen[str], Steering]


@contextmanager
def gateway_process(
    ledger: Path, *arguments: str
) -> Iterator[tuple[subprocess.Popen[str], Steering]]:
    command = [sys.executable, "-m", "tests.notifications.sms.gateway", "--ledger", str(ledger)]
    with subprocess.Popen(
        [*command, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        _gateway, port, _control, control = process.stdout.readline().split()
        steering = Steering(port=int(port), control=int(control))
        try:
            yield process, steering
        finally:
            steering.close()
            process.kill()


def message(number: int, to: str = NUMBER) -> Outgoing:
    return Outgoing(f"ref-{number}", to, f"RDV {number}", "CD35INFO")


def test_the_ledger_survives_kill_minus_nine(tmp_path: Path, connect: Connect) -> None:
    ledger, since = tmp_path / "ledger.jsonl", datetime.now(UTC)
    with gateway_process(ledger) as (process, steering):
        provider = connect(provider_url("smsmode", steering.port))
        sent = [provider.send(message(number)) for number in range(20)]
        process.kill()
        process.wait(10)
    assert [entry.reference for entry in read(ledger)] == [f"ref-{n}" for n in range(20)]
    with ledger.open("a") as file:
        file.write('{"at": 1, "provider"')  # a line that a full disk cut
    with gateway_process(ledger, "--latency", "0.01", "--credit", "5") as (_process, steering):
        again = connect(provider_url("smsmode", steering.port))
        found = again.look_up(message(7), since=since)
        assert found is not None
        assert found.provider_id == sent[7].provider_id
        again.send(message(7))
        assert steering.counts() | {"doubled": 1, "accepted": 21, "references": 20} == (
            steering.counts()
        )


def test_modes_are_for_all_or_for_one_number_for_a_while_or_a_share(
    provider: SmsProvider, gateway: Steering
) -> None:
    gateway.mode("503", number=OTHER, times=2)
    provider.send(message(1))
    for _time in range(2):
        with pytest.raises(NotTaken):
            provider.send(message(2, OTHER))
    provider.send(message(2, OTHER))
    gateway.mode("429", share=0.5)
    refused = 0
    for number in range(40):
        try:
            provider.send(message(number))
        except NotTaken:
            refused += 1
    assert 5 < refused < 35
    assert gateway.counts()["mode 429"] == refused


def test_it_says_what_it_does_not_understand(gateway: Steering) -> None:
    with pytest.raises(HTTPStatusError):
        gateway.mode("explode")
    with pytest.raises(HTTPStatusError):
        gateway.mode("ok", speed=3)
