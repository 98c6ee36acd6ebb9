"""The line that says how e-mail leaves: read whole, or refused in words that show no secret."""

from __future__ import annotations

import pytest

from notifications.email_urls import BadEmailUrl, read_email_url


def test_smtp_lines() -> None:
    plain = read_email_url("smtp://me:p%40ss@mail.example.org:587/?tls=1")
    assert (plain.host, plain.port, plain.has_tls) == ("mail.example.org", 587, True)
    assert (plain.user, plain.password) == ("me", "p@ss")
    assert read_email_url("smtp://mail").port == 25
    tls = read_email_url("smtps://mail")
    assert (tls.port, tls.has_tls, tls.is_smtp) == (465, False, True)


def test_lines_of_providers() -> None:
    brevo = read_email_url("brevo://:k%2Fey@api.brevo.com")
    assert (brevo.user, brevo.password, brevo.base) == ("", "k/ey", "https://api.brevo.com")
    mailjet = read_email_url("mailjet://key:secret@api.mailjet.com")
    assert (mailjet.user, mailjet.password) == ("key", "secret")
    scaleway = read_email_url("scaleway://project:secret@api.scaleway.com?region=nl-ams")
    assert (scaleway.user, scaleway.region) == ("project", "nl-ams")
    told = read_email_url("brevo://:key@api.brevo.com?webhook_secret=sixteen-or-longer")
    assert told.password == "key"
    local = read_email_url("brevo://:key@api.brevo.com?base=http://127.0.0.1:9000/")
    assert local.base == "http://127.0.0.1:9000"
    secrets = "webhook_secret=the-first-of-two-secrets&webhook_secret=the-other-of-two-secrets"
    assert read_email_url(f"mailjet://key:secret@api.mailjet.com?{secrets}").user == "key"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("pigeon://loft", "must start with smtp://"),
        ("", "must start with"),
        ("smtp://", "names no host"),
        ("smtp://mail:port", "not a valid URL"),
        ("smtp://mail?tls=perhaps", "tls is neither"),
        ("smtp://mail?tls=1&tls=0", "given twice"),
        ("brevo://:key@api.brevo.com?webhook_secret=short", "at least 16"),
        ("smtp://mail?webhook_secret=sixteen-or-longer", "is no option"),
        ("smtp://mail?color=red", "'color' is no option of smtp://"),
        ("smtp://mail?tls", "options after ?"),
        ("smtps://mail?tls=1", "no option of smtps://"),
        ("brevo://tr0ub4dor@api.brevo.com", "write brevo://:KEY@api.brevo.com, with the colon"),
        ("brevo://:@api.brevo.com", "with the colon"),
        ("brevo://:tr0ub4dor@api.brevo.eu", "the host is api.brevo.com"),
        ("brevo://:tr0ub4dor@api.brevo.com/v3", "nothing after it"),
        ("brevo://:tr0ub4dor@api.brevo.com:80", "nothing after it"),
        ("brevo://:tr0ub%20dor@api.brevo.com", "a character that no key has"),
        ("mailjet://key@api.mailjet.com", "write mailjet://KEY:SECRET@"),
        ("scaleway://:tr0ub4dor@api.scaleway.com", "write scaleway://PROJECT:SECRET@"),
        ("scaleway://p:s@api.scaleway.com?region=../x", "region"),
        ("brevo://:k@api.brevo.com?webhook_secret=tr0ub", "at least 16 characters"),
        ("smtp://mail?webhook_secret=tr0ub4dor4tr0ub4dor", "no option of smtp://"),
        ("brevo://:k@api.brevo.com?base=http://elsewhere.example", "base: only https"),
        ("brevo://:k@api.brevo.com?base=https://me:x@here.example", "base: only https"),
        ("brevo://:k@api.brevo.com?base=https://here:x", "base: only https"),
    ],
)
def test_a_line_that_cannot_be_used_says_why_and_shows_no_secret(line: str, problem: str) -> None:
    with pytest.raises(BadEmailUrl) as refused:
        read_email_url(line)
    assert problem in str(refused.value)
    assert "tr0ub" not in str(refused.value)


def test_no_secret_is_seen_in_a_trace() -> None:
    assert "tr0ub" not in repr(read_email_url("brevo://:tr0ub4dor@api.brevo.com"))
