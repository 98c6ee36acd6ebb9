"""Reads settings from the environment; a bad value ends the program with one line naming it."""

import ipaddress
import os
import sys
from pathlib import Path
from typing import Any, NoReturn, TypeAlias
from urllib.parse import SplitResult, urlsplit

from django.core.exceptions import ValidationError
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from frontend.directories import Directory
from notifications.email_urls import NOWHERE, BadEmailUrl, read_email_url
from notifications.sms.senders import check_sender
from notifications.sms.urls import BadProviderUrl, provider_from_url

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

EXIT_BAD_SETTING = 2
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
YES = {"1", "true", "yes", "on"}
NO = {"", "0", "false", "no", "off"}


def refuse(name: str, problem: str) -> NoReturn:
    """A person reads this in a terminal or a container's log: no traceback around it."""
    sys.stderr.write(f"emgav: {name}: {problem}\n")
    raise SystemExit(EXIT_BAD_SETTING)


def text(name: str, default: str = "") -> str:
    """The value of `name`, or the content of the file named by `<name>_FILE` (Docker secrets)."""
    path = os.environ.get(f"{name}_FILE")
    if not path:
        return os.environ.get(name, "").strip() or default
    if os.environ.get(name):
        refuse(name, f"set either {name} or {name}_FILE, not both")
    try:
        return Path(path).read_text(encoding="utf-8").strip() or default
    except (OSError, UnicodeDecodeError) as error:
        refuse(
            f"{name}_FILE",
            f"cannot read {path!r} ({getattr(error, 'strerror', None) or 'not text'})",
        )


def required(name: str, default: str, why: str) -> str:
    value = text(name, default)
    if not value:
        refuse(name, f"must be set: {why}")
    return value


def flag(name: str, default: str = "") -> bool:
    value = text(name, default).lower()
    if value not in YES | NO:
        refuse(name, f"{value!r} is neither 1 nor 0")
    return value in YES


def number(name: str, default: int, *, least: int, most: int) -> int:
    value = text(name, str(default))
    if not value.isascii() or not value.isdigit() or not least <= int(value) <= most:
        refuse(name, f"{value!r} is not a whole number from {least} to {most}")
    return int(value)


def names(name: str) -> list[str]:
    return [part.strip() for part in text(name).split(",") if part.strip()]


def hosts(name: str) -> list[str]:
    found = names(name)
    for host in found:
        if "/" in host or " " in host:
            refuse(
                name, f"{host!r} is not a host name (write names only, with commas between them)"
            )
    return found


def networks(name: str) -> list[Network]:
    found: list[Network] = []
    for part in names(name):
        try:
            found.append(ipaddress.ip_network(part))
        except ValueError:
            refuse(name, f"{part!r} is not an IP address or network such as 10.0.0.0/8")
    return found


def split(name: str, value: str, schemes: tuple[str, ...]) -> SplitResult:
    """Checks a URL's scheme and port. The value itself is not shown: it may hold a password."""
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018  reading it is the check: a bad port raises here
    except ValueError:
        refuse(name, "is not a valid URL")
    if parts.scheme not in schemes:
        refuse(name, f"must start with {' or '.join(f'{scheme}://' for scheme in schemes)}")
    return parts


def public_url(name: str, default: str) -> str:
    value = required(name, default, "the address people type, such as https://rdv.example.org")
    parts = split(name, value, ("https", "http"))
    if not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
        refuse(name, "must be a scheme and a host only, such as https://rdv.example.org")
    return f"{parts.scheme}://{parts.netloc}"


def database(name: str, default: str) -> dict[str, Any]:
    """A PostgreSQL URL, in libpq's own grammar, as Django's database settings."""
    value = required(name, default, "such as postgresql://user:password@host/name")
    split(name, value, ("postgresql", "postgres"))
    try:
        options: dict[str, Any] = dict(conninfo_to_dict(value))
    except ProgrammingError as error:
        refuse(name, f"PostgreSQL cannot read this URL ({str(error).strip()})")
    if not options.get("dbname"):
        refuse(name, "names no database: add /name at the end")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": options.pop("dbname"),
        "USER": options.pop("user", ""),
        "PASSWORD": options.pop("password", ""),
        "HOST": options.pop("host", ""),
        "PORT": options.pop("port", ""),
        "OPTIONS": {"connect_timeout": 5} | options,
    }


def redis(name: str, default: str) -> str:
    value = required(name, default, "such as redis://:password@host:6379/0")
    parts = split(name, value, ("redis", "rediss"))
    if not parts.hostname:
        refuse(name, "names no host")
    return value


def email(name: str, default: str, *, is_demo: bool) -> str:
    """How e-mail leaves: checked here, read again by whoever sends."""
    value = required(name, default, "such as smtp://user:password@host:587/?tls=1")
    return _fit_for_email(name, value, is_demo=is_demo)


def fallback_email(name: str, *, is_demo: bool) -> str:
    """The same, or nothing."""
    value = text(name)
    return _fit_for_email(name, value, is_demo=is_demo) if value else ""


def _fit_for_email(name: str, value: str, *, is_demo: bool) -> str:
    try:
        url = read_email_url(value)
    except BadEmailUrl as error:
        refuse(name, str(error))
    if url.scheme == NOWHERE and not is_demo:
        refuse(name, "only a demo may have no mail server")
    return value


def sms(name: str, default: str, *, is_demo: bool) -> str:
    """A provider of SMS, or none. A demo's keeps everything in the house."""
    value = text(name, default)
    if not value or (is_demo and value == "demo://"):
        return value
    try:
        provider = provider_from_url(value)
    except BadProviderUrl as error:
        refuse(name, str(error))
    provider.close()
    if not is_demo and not provider.webhook.secrets:
        refuse(name, f"{provider.name}: webhook_secret is missing, so receipts would be refused")
    return value


def sms_sender(name: str, default: str, *, is_needed: bool) -> str:
    """Whom SMS come from, by the French rules."""
    value = text(name, default)
    if not value:
        if is_needed:
            refuse(name, "must be set: the name that SMS come from, such as CD35INFO")
        return value
    try:
        return check_sender(value)
    except ValidationError as error:
        # Its sentence is for people on pages, and translated by the settings that are being read.
        refuse(name, f"{value!r} is no sender that French operators carry ({error.code})")


def directory(prefix: str) -> Directory | None:
    """The directory of the staff, if any: all of it or nothing, and never in the clear."""
    needed = [f"{prefix}_{part}" for part in ("ISSUER", "CLIENT_ID", "CLIENT_SECRET", "NAME")]
    values = {name: text(name) for name in needed}
    trusted = f"{prefix}_TRUST_SECOND_FACTOR"
    accepted = names(trusted)
    if not any(values.values()):
        if accepted:
            refuse(trusted, f"there is no directory to trust: set {needed[0]} too")
        return None
    for name in needed:
        required(name, values[name], f"{prefix}_* are set together, or none of them")
    issuer, client_id, client_secret, spoken = values.values()
    parts = split(needed[0], issuer, ("https", "http"))
    if not parts.hostname or parts.query or parts.fragment:
        refuse(needed[0], "must be a scheme, a host and perhaps a path, as the directory writes it")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        refuse(needed[0], "must start with https://: whoever listens could log in as anybody")
    return Directory(spoken, issuer, client_id, client_secret, tuple(accepted))
