"""A provider from one line of configuration, as `ovh://APPKEY:SECRET@eu.api.ovh.com/SERVICE?…`.

    ovh://APPKEY:APPSECRET@eu.api.ovh.com/SERVICE?consumer_key=CK&webhook_secret=…
    brevo://:KEY@api.brevo.com?webhook_secret=…
    smsmode://:KEY@rest.smsmode.com?webhook_secret=…&signing_key=…

`webhook_secret` may be given twice while one replaces the other. `base=http://127.0.0.1:PORT` goes
to a gateway on this machine instead. Keys are percent-encoded. No error shows a secret.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from notifications.sms.base import SmsProvider, WebhookKeys
from notifications.sms.brevo import Brevo
from notifications.sms.ovh import Ovh
from notifications.sms.smsmode import Smsmode

SHORTEST_SECRET = 16
OPTIONS = ["webhook_secret", "base"]


class BadProviderUrl(ImproperlyConfigured):
    """The line of configuration cannot be used; says why, without the line."""


@dataclass(frozen=True, slots=True, repr=False)
class _Parts:
    """What a line says, read and checked."""

    base: str
    user: str
    password: str
    path: str
    options: dict[str, str]
    webhook: WebhookKeys
    callback: str


def provider_from_url(url: str, *, callback: str = "") -> SmsProvider:
    """`callback` is our webhook's address for this provider; `{secret}` in it becomes the secret.

    Raises BadProviderUrl.
    """
    try:
        split = urlsplit(url.strip())
        port = split.port
    except ValueError:
        raise BadProviderUrl("the address cannot be read") from None
    if split.scheme not in BUILDERS:
        raise BadProviderUrl(f"the address begins with none of {', '.join(sorted(BUILDERS))}")
    name = split.scheme
    if port is not None:
        raise BadProviderUrl(f"{name}: a port is given in `base` only")
    parts = _read(split, callback)
    return BUILDERS[name](parts)


def _read(split: SplitResult, callback: str) -> _Parts:
    name = split.scheme
    options, secrets = _options(split)
    webhook = WebhookKeys(secrets, options.get("signing_key", ""), SIGNATURES.get(name, ""))
    path = unquote(split.path.strip("/"))
    if path and name != "ovh":
        raise BadProviderUrl(f"{name}: nothing comes after the host's name")
    return _Parts(
        base=_base(name, split.hostname or "", options.get("base", "")),
        user=_key(name, "the name before the colon", split.username),
        password=_key(name, "the key after the colon", split.password),
        path=path,
        options=options,
        webhook=webhook,
        callback=_callback(name, callback, secrets),
    )


def _options(split: SplitResult) -> tuple[dict[str, str], tuple[str, ...]]:
    name = split.scheme
    try:
        given = parse_qs(split.query, keep_blank_values=True, strict_parsing=bool(split.query))
    except ValueError:
        raise BadProviderUrl(f"{name}: the options after ? cannot be read") from None
    for option, values in given.items():
        if option not in [*OPTIONS, *EXTRA_OPTIONS[name]]:
            raise BadProviderUrl(f"{name}: {option!r} is no option")
        if option != "webhook_secret" and len(values) > 1:
            raise BadProviderUrl(f"{name}: {option} is given twice")
    secrets = tuple(given.pop("webhook_secret", []))
    if any(len(secret) < SHORTEST_SECRET for secret in secrets):
        raise BadProviderUrl(f"{name}: webhook_secret has at least {SHORTEST_SECRET} characters")
    options = {option: _key(name, option, values[0]) for option, values in given.items()}
    return options, secrets


def _key(name: str, what: str, value: str | None) -> str:
    """It goes into a header: printable ASCII without spaces."""
    key = unquote(value or "")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise BadProviderUrl(f"{name}: {what} has a character that no key has")
    return key


def _base(name: str, host: str, given: str) -> str:
    if not host:
        raise BadProviderUrl(f"{name}: the host is missing, for example {HOSTS[name]}")
    address = given or f"https://{host}"
    _check_address(f"{name}: base", address)
    return address.rstrip("/") + PREFIXES[name]


def _callback(name: str, template: str, secrets: tuple[str, ...]) -> str:
    if not template:
        return ""
    if "{secret}" in template and not secrets:
        raise BadProviderUrl(f"{name}: webhook_secret is missing, so receipts would be refused")
    address = template.replace("{secret}", quote(secrets[0], safe="") if secrets else "")
    _check_address(f"{name}: callback", address)
    return address


def _check_address(what: str, address: str) -> None:
    """https anywhere, http on this machine only."""
    try:
        split = urlsplit(address)
        host, _port = split.hostname or "", split.port
    except ValueError:
        raise BadProviderUrl(f"{what}: cannot be read") from None
    if not host or split.username or split.password:
        raise BadProviderUrl(f"{what}: write https://HOST, with no name or password in it")
    if split.scheme != "https" and not (split.scheme == "http" and _is_this_machine(host)):
        raise BadProviderUrl(f"{what}: only https, or http to 127.0.0.1")


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _ovh(parts: _Parts) -> SmsProvider:
    consumer_key = parts.options.get("consumer_key", "")
    if not (parts.user and parts.password and consumer_key):
        raise BadProviderUrl("ovh: write ovh://APPKEY:APPSECRET@HOST/SERVICE?consumer_key=…")
    if not parts.path or "/" in parts.path:
        raise BadProviderUrl("ovh: the service is missing, as in /sms-ab12345-1")
    return Ovh(
        base=parts.base,
        service=parts.path,
        application_key=parts.user,
        application_secret=parts.password,
        consumer_key=consumer_key,
        webhook=parts.webhook,
    )


def _brevo(parts: _Parts) -> SmsProvider:
    key = _only_key("brevo", parts)
    return Brevo(base=parts.base, key=key, webhook=parts.webhook, callback=parts.callback)


def _smsmode(parts: _Parts) -> SmsProvider:
    key = _only_key("smsmode", parts)
    return Smsmode(base=parts.base, key=key, webhook=parts.webhook, callback=parts.callback)


def _only_key(name: str, parts: _Parts) -> str:
    if parts.user or not parts.password:
        raise BadProviderUrl(f"{name}: write {name}://:KEY@{HOSTS[name]}, with the colon")
    return parts.password


BUILDERS: dict[str, Callable[[_Parts], SmsProvider]] = {
    "ovh": _ovh,
    "brevo": _brevo,
    "smsmode": _smsmode,
}
EXTRA_OPTIONS = {"ovh": ["consumer_key"], "brevo": [], "smsmode": ["signing_key"]}
HOSTS = {"ovh": "eu.api.ovh.com", "brevo": "api.brevo.com", "smsmode": "rest.smsmode.com"}
PREFIXES = {"ovh": "/1.0", "brevo": "/v3", "smsmode": ""}
# One source: services that read it. Another says smsmode signs nothing; so only with a key set.
SIGNATURES = {"smsmode": "X-Smsmode-256"}
