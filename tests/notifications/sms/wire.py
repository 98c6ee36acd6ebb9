"""A small HTTP/1.1 server and client on asyncio, light enough to judge 500 messages a second."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

HEAD_END = b"\r\n\r\n"


@dataclass(slots=True)
class Request:
    method: str
    target: str  # as it was asked for: a signature covers it
    headers: dict[str, str]
    body: bytes
    path: str = ""
    query: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        split = urlsplit(self.target)
        self.path = unquote(split.path)
        self.query = dict(parse_qsl(split.query, keep_blank_values=True))

    @property
    def data(self) -> dict[str, Any]:
        found = json.loads(self.body or b"{}")
        return found if isinstance(found, dict) else {}


@dataclass(slots=True)
class Reply:
    """What is answered, after how long; or nothing at all, or the connection reset."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    fate: Literal["answer", "hang", "reset"] = "answer"


def reply(data: Any, status: int = 200, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps(data).encode(), {"Content-Type": "application/json"} | named)


Handler = Callable[[Request], Reply]


class Connection(asyncio.Protocol):
    """One kept connection: a request at a time, no task for any of them."""

    def __init__(self, handler: Handler, connections: set[Connection]) -> None:
        self._handler = handler
        self._all = connections
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._all.add(self)

    def connection_lost(self, _error: Exception | None) -> None:
        self._all.discard(self)
        self._transport = None

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(HEAD_END)
        if end < 0:
            return
        first, *lines = self._buffer[:end].decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        size = end + len(HEAD_END) + int(headers.get("content-length", 0))
        if len(self._buffer) < size:
            return
        body, self._buffer = self._buffer[end + len(HEAD_END) : size], self._buffer[size:]
        method, target, _version = first.split(" ")
        self._answer(self._handler(Request(method, target, headers, body)))

    def _answer(self, answer: Reply) -> None:
        if answer.fate == "hang":
            return
        act = self.reset if answer.fate == "reset" else lambda: self._write(answer)
        if answer.delay:
            asyncio.get_running_loop().call_later(answer.delay, act)
        else:
            act()

    def _write(self, answer: Reply) -> None:
        if self._transport is None:
            return
        headers = answer.headers | {"Content-Length": str(len(answer.body))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        first = f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}\r\n"
        self._transport.write((first + lines + "\r\n").encode("latin-1") + answer.body)

    def reset(self) -> None:
        """RST, not FIN: the peer reads an error in the middle of its exchange."""
        if self._transport is not None:
            peer: socket.socket = self._transport.get_extra_info("socket")
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._transport.abort()


class Listener:
    """A server on the loopback that can stop listening, as a provider that is down."""

    def __init__(self, handler: Handler, port: int) -> None:
        self.port = port
        self._handler = handler
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None

    @property
    def is_up(self) -> bool:
        return self._server is not None

    async def up(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self._handler, self._connections), "127.0.0.1", self.port
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for connection in list(self._connections):
            connection.reset()


async def call(method: str, url: str, headers: dict[str, str], body: bytes) -> int:
    """One request to our webhook; the status of its answer, 0 when there was none."""
    split = urlsplit(url)
    target = (split.path or "/") + (f"?{split.query}" if split.query else "")
    lines = {"Host": split.netloc, "Connection": "close", "Content-Length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in (headers | lines).items())
    try:
        reader, writer = await asyncio.open_connection(split.hostname, split.port or 80)
        writer.write(f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body)
        first = await asyncio.wait_for(reader.readline(), 30)
        writer.close()
        return int(first.split(b" ")[1])
    except (OSError, TimeoutError, IndexError, ValueError):
        return 0
