"""One line of configuration makes a provider; a wrong one is refused without showing its keys."""

from collections.abc import Callable

import pytest

from notifications.sms.base import SmsProvider
from notifications.sms.urls import BadProviderUrl, provider_from_url

Connect = Callable[..., SmsProvider]

KEY = "k3y-that-nobody-may-read"
SECRET = "s3cret-of-the-webhook"
GOOD = {
    "ovh": f"ovh://app:{KEY}@eu.api.ovh.com/sms-ab12345-1?consumer_key={KEY}",
    "brevo": f"brevo://:{KEY}@api.brevo.com?webhook_secret={SECRET}",
    "smsmode": f"smsmode://:{KEY}@rest.smsmode.com?webhook_secret={SECRET}&signing_key={KEY}",
}


@pytest.mark.parametrize(
    ("name", "base", "unit"),
    [
        ("ovh", "https://eu.api.ovh.com/1.0", "sms"),
        ("brevo", "https://api.brevo.com/v3", "sms"),
        ("smsmode", "https://rest.smsmode.com", "euros"),
    ],
)
def test_a_provider_from_a_line(connect: Connect, name: str, base: str, unit: str) -> None:
    provider = connect(GOOD[name])
    assert (provider.name, provider.unit, provider.can_look_up) == (name, unit, True)
    assert repr(provider) == f"<{type(provider).__name__} {base}>"


def test_keys_are_percent_decoded_and_secrets_may_overlap(connect: Connect) -> None:
    line = f"brevo://:a%2Fb%40c@api.brevo.com?webhook_secret={SECRET}&webhook_secret={SECRET}-new"
    provider = connect(line, callback="https://rdv.example.fr/sms/{secret}/")
    assert provider.webhook.secrets == (SECRET, f"{SECRET}-new")
    assert vars(provider)["_key"] == "a/b@c"
    assert vars(provider)["_callback"] == f"https://rdv.example.fr/sms/{SECRET}/"


@pytest.mark.parametrize(
    "base", ["http://127.0.0.1:9", "http://[::1]:9", "https://proxy.example.fr"]
)
def test_another_base_is_for_this_machine_or_https(connect: Connect, base: str) -> None:
    provider = connect(f"{GOOD['smsmode']}&base={base}")
    assert base in repr(provider)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "begins with none of brevo, ovh, smsmode"),
        (f"twilio://:{KEY}@host", "begins with none of"),
        (f"brevo://:{KEY}@[api.brevo.com", "cannot be read"),
        (f"brevo://:{KEY}@api.brevo.com:99999999", "cannot be read"),
        (f"brevo://:{KEY}@api.brevo.com:8443", "a port is given in `base` only"),
        (f"brevo://:{KEY}@", "the host is missing, for example api.brevo.com"),
        (f"brevo://{KEY}@api.brevo.com", "write brevo://:KEY@api.brevo.com, with the colon"),
        ("smsmode://rest.smsmode.com", "write smsmode://:KEY@rest.smsmode.com"),
        (f"brevo://:{KEY}%0A@api.brevo.com", "a character that no key has"),
        (f"brevo://:{KEY}@api.brevo.com/v3", "nothing comes after the host's name"),
        (f"brevo://:{KEY}@api.brevo.com?speed=3", "'speed' is no option"),
        (f"brevo://:{KEY}@api.brevo.com?signing_key={KEY}", "'signing_key' is no option"),
        (f"brevo://:{KEY}@api.brevo.com?{KEY}", "the options after ? cannot be read"),
        (f"brevo://:{KEY}@api.brevo.com?base=https://a&base=https://b", "base is given twice"),
        (f"brevo://:{KEY}@api.brevo.com?webhook_secret=short", "at least 16 characters"),
        (f"brevo://:{KEY}@api.brevo.com?base=http://api.brevo.com", "only https"),
        (f"brevo://:{KEY}@api.brevo.com?base=ftp://127.0.0.1", "only https"),
        (f"brevo://:{KEY}@api.brevo.com?base=https://u:{KEY}@h", "no name or password"),
        (f"brevo://:{KEY}@api.brevo.com?base=https://h:{KEY}", "cannot be read"),
        (f"ovh://app:{KEY}@eu.api.ovh.com/sms-1", "consumer_key="),
        (f"ovh://app@eu.api.ovh.com/sms-1?consumer_key={KEY}", "ovh://APPKEY:APPSECRET@"),
        (f"ovh://app:{KEY}@eu.api.ovh.com?consumer_key={KEY}", "the service is missing"),
        (f"ovh://app:{KEY}@eu.api.ovh.com/a/b?consumer_key={KEY}", "the service is missing"),
    ],
)
def test_a_wrong_line_says_what_is_wrong_and_shows_no_key(line: str, says: str) -> None:
    with pytest.raises(BadProviderUrl) as refused:
        provider_from_url(line)
    told = str(refused.value)
    assert says in told
    assert KEY not in told
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


@pytest.mark.parametrize(
    ("line", "callback", "says"),
    [
        (GOOD["brevo"], "http://rdv.example.fr/{secret}/", "only https"),
        (GOOD["ovh"], "https://rdv.example.fr/{secret}/", "webhook_secret is missing"),
    ],
)
def test_a_call_back_address_is_checked_too(line: str, callback: str, says: str) -> None:
    with pytest.raises(BadProviderUrl, match=says):
        provider_from_url(line, callback=callback)
