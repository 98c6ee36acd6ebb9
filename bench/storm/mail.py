"""A mail server that notes what it accepts in a file, and now and then misbehaves.

python -m bench.storm.mail --port 9025 --ledger FILE [--busy 0.03] [--vanish 0.01]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import time
from dataclasses import asdict, dataclass
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass(frozen=True, slots=True)
class Mail:
    """One acceptance; the same Message-ID twice is a mail that somebody got twice."""

    at: float
    message_id: str
    to: str


class Sink:
    """`busy`: a share is put off (451); `vanish`: a share is accepted without an answer."""

    def __init__(self, ledger: Path, *, busy: float, vanish: float) -> None:
        self._file = os.open(ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self._busy, self._vanish = busy, vanish

    async def handle_DATA(  # noqa: N802  aiosmtpd's name
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        if random.random() < self._busy:
            return "451 4.3.0 try again later"
        content: Any = envelope.content
        head = BytesHeaderParser().parsebytes(content)
        mail = Mail(time.time(), str(head["Message-ID"]), envelope.rcpt_tos[0])
        # One write to a file opened for appending: whole or absent, whatever is killed.
        os.write(self._file, f"{json.dumps(asdict(mail))}\n".encode())
        if random.random() < self._vanish and server.transport is not None:
            server.transport.abort()
        return "250 OK"


def read(ledger: Path) -> list[Mail]:
    text = ledger.read_text(encoding="utf-8") if ledger.exists() else ""
    return [Mail(**json.loads(line)) for line in text.splitlines()]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--ledger", type=Path, required=True)
    parser.add_argument("--busy", type=float, default=0.0)
    parser.add_argument("--vanish", type=float, default=0.0)
    given = parser.parse_args()
    sink = Sink(given.ledger, busy=given.busy, vanish=given.vanish)
    controller = Controller(sink, hostname="127.0.0.1", port=given.port)
    controller.start()
    sys.stdout.write("mail\n")
    sys.stdout.flush()
    signal.sigwait([signal.SIGTERM, signal.SIGINT])
    controller.stop()


if __name__ == "__main__":
    main()
