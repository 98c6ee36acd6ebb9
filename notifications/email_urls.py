"""How e-mail leaves, from one line of configuration, as `smtp://user:password@host:587/?tls=1`.

    smtp://USER:PASSWORD@HOST:PORT/?tls=1     smtps://USER:PASSWORD@HOST
    brevo://:KEY@api.brevo.com                mailjet://KEY:SECRET@api.mailjet.com
    scaleway://PROJECT:SECRET@api.scaleway.com?region=fr-par
    console://                                dummy:// (nowhere: in a demo only)

`webhook_secret=…` (Brevo, Mailjet; twice while one replaces the other) proves that a receipt comes
from the provider. `base=http://127.0.0.1:PORT` goes to a provider on this machine instead.
Keys are percent-encoded. No error shows a secret, and nothing here needs Django's settings.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

SMTP, SMTPS, CONSOLE, NOWHERE = "smtp", "smtps", "console", "dummy"
BREVO, MAILJET, SCALEWAY = "brevo", "mailjet", "scaleway"
HOSTS = {BREVO: "api.brevo.com", MAILJET: "api.mailjet.com", SCALEWAY: "api.scaleway.com"}
SCHEMES = (SMTP, SMTPS, *HOSTS, CONSOLE, NOWHERE)
SECRET, SHORTEST_SECRET = "webhook_secret", 16
OPTIONS = {
    SMTP: {"tls"},
    SMTPS: set[str](),
    BREVO: {"base", SECRET},
    MAILJET: {"base", SECRET},
    SCALEWAY: {"base", "region"},
}
YES, NO = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}
USUAL_PORTS = {SMTP: 25, SMTPS: 465}


class BadEmailUrl(ImproperlyConfigured):
    """The line of configuration cannot be used; says why, without the line."""


@dataclass(frozen=True, slots=True)
class EmailUrl:
    """What a line says, read and checked."""

    scheme: str
    host: str = ""
    port: int = 0
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    has_tls: bool = False  # STARTTLS; smtps:// speaks TLS from the start
    region: str = ""
    base: str = ""

    @property
    def is_smtp(self) -> bool:
        return self.scheme in {SMTP, SMTPS}


def read_email_url(url: str) -> EmailUrl:
    """Raises BadEmailUrl."""
    try:
        split = urlsplit(url.strip())
        port = split.port
    except ValueError:
        raise BadEmailUrl("is not a valid URL") from None
    scheme = split.scheme
    if scheme not in SCHEMES:
        raise BadEmailUrl(f"must start with {' or '.join(f'{each}://' for each in SCHEMES)}")
    if scheme in {CONSOLE, NOWHERE}:
        return EmailUrl(scheme)
    options = _options(split)
    if scheme in HOSTS:
        return _of_provider(split, options)
    if not split.hostname:
        raise BadEmailUrl("names no host")
    tls = options.get("tls", "0").lower()
    if tls not in YES | NO:
        raise BadEmailUrl("tls is neither 1 nor 0")
    return EmailUrl(
        scheme,
        split.hostname,
        port or USUAL_PORTS[scheme],
        unquote(split.username or ""),
        unquote(split.password or ""),
        has_tls=tls in YES,
    )


def _options(split: SplitResult) -> dict[str, str]:
    try:
        given = parse_qs(split.query, keep_blank_values=True, strict_parsing=bool(split.query))
    except ValueError:
        raise BadEmailUrl("the options after ? cannot be read") from None
    for option, values in given.items():
        if option not in OPTIONS[split.scheme]:
            raise BadEmailUrl(f"{option!r} is no option of {split.scheme}://")
        if len(values) > 1 and option != SECRET:
            raise BadEmailUrl(f"{option} is given twice")
    if any(len(secret) < SHORTEST_SECRET for secret in given.pop(SECRET, [])):
        raise BadEmailUrl(f"{SECRET} has at least {SHORTEST_SECRET} characters")
    return {option: value for option, (value,) in given.items()}


def _of_provider(split: SplitResult, options: dict[str, str]) -> EmailUrl:
    name, host = split.scheme, HOSTS[split.scheme]
    user, password = _key(split.username), _key(split.password)
    if name == BREVO and (user or not password):
        raise BadEmailUrl(f"write brevo://:KEY@{host}, with the colon")
    if name != BREVO and not (user and password):
        pair = "KEY:SECRET" if name == MAILJET else "PROJECT:SECRET"
        raise BadEmailUrl(f"write {name}://{pair}@{host}")
    base = options.get("base", "")
    if split.port is not None or split.path.strip("/") or split.hostname != host:
        raise BadEmailUrl(f"the host is {host}, with nothing after it; another one goes in base=")
    if base and not _is_fit(base):
        raise BadEmailUrl("base: only https, or http to 127.0.0.1")
    region = options.get("region", "fr-par")
    if not region.replace("-", "").isalnum():
        raise BadEmailUrl("region: write it as fr-par")
    return EmailUrl(
        name,
        user=user,
        password=password,
        base=base.rstrip("/") or f"https://{host}",
        region=region,
    )


def _key(given: str | None) -> str:
    """It goes into a header: printable ASCII without spaces."""
    key = unquote(given or "")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise BadEmailUrl("a key has a character that no key has")
    return key


def _is_fit(address: str) -> bool:
    try:
        split = urlsplit(address)
        host, _port = split.hostname or "", split.port
    except ValueError:
        return False
    if not host or split.username or split.password:
        return False
    return split.scheme == "https" or (split.scheme == "http" and _is_this_machine(host))


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
