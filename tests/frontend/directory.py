"""A directory of staff as OpenID Connect has them, small and real: HTTP on this machine, keys made
for the test. What it says of a person, and what it does wrong, the test decides."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET = "emgav", "a-secret-of-emgav"


@cache
def key(number: int) -> rsa.RSAPrivateKey:
    """One of several, the same in all tests: to make one takes longer than most of them."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class FakeDirectory:
    """`person` are the claims of whoever logs in there; `wrong` is laid over the token's claims."""

    def __init__(self) -> None:
        self.key = self.signs_with = key(1)
        self.kid = "key-1"
        self.person: dict[str, Any] = {}
        self.info: dict[str, Any] = {}
        self.wrong: dict[str, Any] = {}
        self.asked: dict[str, dict[str, str]] = {}
        self.issuer = ""
        self.shown_at = int(time.time())

    def configuration(self) -> dict[str, Any]:
        names = ("authorization", "token", "userinfo")
        return {
            "issuer": self.issuer,
            **{f"{name}_endpoint": f"{self.issuer}/{name}" for name in names},
            "jwks_uri": f"{self.issuer}/keys",
        }

    def keys(self) -> dict[str, Any]:
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return {"keys": [public | {"kid": self.kid, "use": "sig", "alg": "RS256"}]}

    def authorize(self, asked: dict[str, str]) -> str:
        """The person has logged in: back to where they came from, with a code."""
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self.asked)}"
        self.asked[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def _shown_at(self, asked: dict[str, str], now: int) -> int:
        """When the person last said who they are: now, if that is asked or was too long ago."""
        longest = int(asked.get("max_age", now))
        if asked.get("prompt") == "login" or now - self.shown_at > longest:
            self.shown_at = now
        return self.shown_at

    def tokens(self, form: dict[str, str], authorization: str) -> dict[str, Any] | None:
        """A code is good once, for whom it was made, with the verifier of its challenge."""
        asked = self.asked.pop(form.get("code", ""), None)
        secret = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if asked is None or authorization != f"Basic {secret}":
            return None
        if asked["code_challenge"] != challenge or asked["redirect_uri"] != form["redirect_uri"]:
            return None
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": "person-1",
            "iat": now,
            "exp": now + 300,
            "auth_time": self._shown_at(asked, now),
            "nonce": asked["nonce"],
            **self.person,
            **self.wrong,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        token = jwt.encode(claims, self.signs_with, "RS256", headers={"kid": self.kid})
        return {"access_token": "access", "token_type": "Bearer", "id_token": token}


def _handler(directory: FakeDirectory) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path == "/authorization":
                asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
                self.send_response(302)
                self.send_header("Location", directory.authorize(asked))
                self.end_headers()
                return
            answers = {
                "/.well-known/openid-configuration": directory.configuration,
                "/keys": directory.keys,
                "/userinfo": lambda: directory.info,
            }
            self._answer(answers[parts.path]())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self._answer(directory.tokens(form, self.headers.get("Authorization", "")))

        def _answer(self, said: dict[str, Any] | None) -> None:
            self.send_response(400 if said is None else 200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(said or {"error": "invalid_grant"}).encode())

        def log_message(self, *_args: Any) -> None:
            return None

    return Handler


@contextmanager
def running() -> Iterator[FakeDirectory]:
    directory = FakeDirectory()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(directory))
    directory.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield directory
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
