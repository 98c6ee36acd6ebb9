"""A proof of work in place of an image captcha, asked only of addresses that ask unusually often.

The browser finds a number whose SHA-256, with a signed challenge, begins with enough zero bits: a
second of a phone's time, and twice as much for each level harder. Without JavaScript, waiting
counts as work: the same challenge is good once it is old enough. Each challenge serves once.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

from django.core import signing
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render

from booking import throttle

SALT = "frontend.pow"
# An old phone tries some 5,000 numbers a second: about 7 seconds on the first level.
DIFFICULTY_BITS = 15
WAIT_SECONDS = 20
HARDEST = 4
LIFE_SECONDS = 900
CHALLENGE, ANSWER = "pow_challenge", "pow_answer"
# Fields of the page that asks, not of the form that was sent.
OWN_FIELDS = frozenset({CHALLENGE, ANSWER, "csrfmiddlewaretoken"})


class Challenge(NamedTuple):
    """What was signed: a number used once, whom it was given to, when, and how hard it is."""

    nonce: str
    client: str
    issued: int
    level: int

    @property
    def bits(self) -> int:
        return DIFFICULTY_BITS + self.level

    @property
    def wait_seconds(self) -> int:
        return WAIT_SECONDS * (1 + self.level)


def new_challenge(*, client: str, now: datetime, level: int = 0) -> str:
    return signing.dumps([secrets.token_hex(8), client, int(now.timestamp()), level], salt=SALT)


def read(token: str, *, client: str, now: datetime) -> Challenge | None:
    """The challenge in a token, unless it is forged, another's or too old."""
    try:
        challenge = Challenge(*signing.loads(token, salt=SALT))
    except (signing.BadSignature, ValueError, TypeError):
        return None
    age = now.timestamp() - challenge.issued
    return challenge if challenge.client == client and 0 <= age + 1 < LIFE_SECONDS else None


def is_solution(token: str, answer: str, bits: int = DIFFICULTY_BITS) -> bool:
    """Whether the hash of challenge and answer begins with enough zero bits."""
    if not (answer.isascii() and answer.isdigit() and len(answer) <= 12):
        return False
    digest = sha256(f"{token}:{answer}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> (64 - bits) == 0


def seconds_to_wait(challenge: Challenge, *, now: datetime) -> int:
    return max(0, challenge.wait_seconds - int(now.timestamp() - challenge.issued))


def given(request: HttpRequest) -> QueryDict:
    """What was sent: the fields of a form, or of an address."""
    return request.POST if request.method == "POST" else request.GET


def without_proof(fields: QueryDict) -> QueryDict:
    """The same without the proof: links made from it ask for what the person asked for."""
    kept = fields.copy()
    for name in OWN_FIELDS:
        kept.pop(name, None)
    return kept


def is_proved(post: Mapping[str, str], *, client: str, now: datetime) -> bool:
    """Whether the form carries a challenge of ours, solved or waited for, not used before."""
    token = post.get(CHALLENGE, "")
    challenge = read(token, client=client, now=now) if token else None
    if challenge is None:
        return False
    is_solved = is_solution(token, post.get(ANSWER, ""), challenge.bits)
    if not is_solved and seconds_to_wait(challenge, now=now):
        return False
    # Counted in the window of its issue, so that a new window does not make it fresh again.
    issued = datetime.fromtimestamp(challenge.issued, now.tzinfo)
    return throttle.allow(key=f"pow:{challenge.nonce}", limit=1, seconds=86_400, now=issued)


def ask(request: HttpRequest, *, client: str, now: datetime, level: int = 0) -> HttpResponse:
    """The page that asks; it carries on what was typed, so that nothing is lost."""
    sent = given(request)
    token = sent.get(CHALLENGE, "")
    challenge = read(token, client=client, now=now) if token else None
    # One sent back too early keeps its age; a wrong answer or a used one gets a new challenge.
    if challenge is None or not seconds_to_wait(challenge, now=now):
        token = new_challenge(client=client, now=now, level=level)
        challenge = Challenge("", client, int(now.timestamp()), level)
    wait = seconds_to_wait(challenge, now=now)
    fields = [(name, value) for name, values in without_proof(sent).lists() for value in values]
    response = render(
        request,
        "pages/pow.html",
        {
            "challenge": token,
            "bits": challenge.bits,
            "wait": wait,
            "fields": fields,
            "is_post": request.method == "POST",
        },
        status=429,
    )
    response["Retry-After"] = str(wait)
    return response
