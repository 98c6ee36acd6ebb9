"""A small HTTP/1.1 client on one kept connection: httpx costs more than the pages it fetches."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from urllib.parse import urlencode

TIMEOUT = 30
# Any 32 characters do: the form only has to show that it knows the cookie.
CSRF = "b" * 32


class Broken(Exception):
    """The connection ended before the answer did: the server, or its worker, went away."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`size` is all that came over the wire, head included."""

    status: int
    head: str
    body: bytes
    size: int

    def header(self, name: str) -> str:
        wanted = name.lower()
        for line in self.head.split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.lower() == wanted:
                return value.strip()
        return ""

    @property
    def location(self) -> str:
        return self.header("location")

    def expect(self, status: int) -> Answer:
        if self.status != status:
            raise RuntimeError(f"expected {status}, got {self.head.splitlines()[0]}")
        return self


@dataclass(slots=True)
class Client:
    """One person's browser: an address of its own and the cookies it was told to keep."""

    port: int
    address: str = "127.0.0.1"
    cookies: dict[str, str] = field(default_factory=dict)
    _socket: socket.socket | None = None
    _rest: bytes = b""

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket, self._rest = None, b""

    def get(self, path: str, *, encoding: str = "", known: str = "") -> Answer:
        """`known` is the version (ETag) of the page that this browser has."""
        extra = f"Accept-Encoding: {encoding}\r\n" if encoding else ""
        extra += f"If-None-Match: {known}\r\n" if known else ""
        return self._send(f"GET {path} HTTP/1.1\r\n{self._head()}{extra}\r\n".encode())

    def post(self, path: str, fields: Mapping[str, object]) -> Answer:
        body = urlencode({**fields, "csrfmiddlewaretoken": CSRF}).encode()
        head = (
            f"POST {path} HTTP/1.1\r\n{self._head()}"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return self._send(head.encode() + body)

    def _head(self) -> str:
        cookies = "; ".join(f"{k}={v}" for k, v in ({"csrftoken": CSRF} | self.cookies).items())
        return (
            f"Host: localhost\r\nCookie: {cookies}\r\nX-Forwarded-For: {self.address}\r\n"
            "Accept-Language: fr\r\n"
        )

    def _send(self, request: bytes) -> Answer:
        try:
            if self._socket is None:
                self._socket = socket.create_connection(("127.0.0.1", self.port), TIMEOUT)
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket.sendall(request)
            return self._answer()
        except (OSError, Broken) as error:
            self.close()
            raise Broken from error

    def _answer(self) -> Answer:
        data = self._rest
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more()
        head, body = data[:end].decode("latin-1"), data[end + 4 :]
        answer = Answer(int(head[9:12]), head, b"", 0)
        if length := answer.header("content-length"):
            while len(body) < int(length):
                body += self._more()
            body, self._rest = body[: int(length)], body[int(length) :]
            raw = len(body)
        else:
            body, raw = self._chunks(body, answer)
        if answer.header("connection").lower() == "close":
            self.close()
        return Answer(answer.status, head, body, end + 4 + raw)

    def _chunks(self, data: bytes, answer: Answer) -> tuple[bytes, int]:
        if answer.status in (204, 304) or "chunked" not in answer.header("transfer-encoding"):
            self._rest = data
            return b"", 0
        body, raw = b"", 0
        while True:
            while (end := data.find(b"\r\n")) < 0:
                data += self._more()
            size = int(data[:end].split(b";")[0], 16)
            while len(data) < end + 4 + size:
                data += self._more()
            body += data[end + 2 : end + 2 + size]
            data, raw = data[end + 4 + size :], raw + end + 4 + size
            if not size:
                self._rest = data
                return body, raw

    def _more(self) -> bytes:
        data = self._socket.recv(65536) if self._socket is not None else b""
        if not data:
            raise Broken
        return data
