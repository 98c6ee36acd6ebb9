"""Settings from the environment: each bad value ends the program with one line that names it."""

import os
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from config import env

SETTINGS = Path(env.__file__).with_name("settings.py")
Load = Callable[[dict[str, str]], dict[str, Any]]

PRODUCTION = {
    "SECRET_KEY": "k" * 50,
    "PUBLIC_URL": "https://rdv.example.org",
    "DATABASE_URL": "postgresql://emgav:secret@db/emgav",
    "REDIS_URL": "redis://:secret@redis:6379/0",
    "EMAIL_URL": "smtp://user:p%40ss@mail:587/?tls=1",
    "DEFAULT_FROM_EMAIL": "rdv@example.org",
}
GOOD_SMS = "brevo://:key@api.brevo.com?webhook_secret=a-secret-of-ours"


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Load:
    """Runs the settings file as a new process would, with these variables and no others."""

    def run(environment: dict[str, str]) -> dict[str, Any]:
        monkeypatch.setattr(os, "environ", environment)
        return runpy.run_path(str(SETTINGS))

    return run


def complaint(load: Load, capsys: pytest.CaptureFixture[str], environment: dict[str, str]) -> str:
    with pytest.raises(SystemExit) as ended:
        load(environment)
    assert ended.value.code == env.EXIT_BAD_SETTING
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("PORT", "eighty", "'eighty' is not a whole number from 1 to 65535"),
        ("PORT", "0", "'0' is not a whole number"),
        ("DEMO", "maybe", "neither 1 nor 0"),
        ("DATABASE_URL", "mysql://db/x", "must start with postgresql://"),
        ("DATABASE_URL", "postgresql://db/", "names no database"),
        ("DATABASE_URL", "postgresql://db:port/x", "not a valid URL"),
        ("DATABASE_URL", "postgresql://db/x?colour=red", "cannot read this URL"),
        ("REDIS_URL", "http://redis", "must start with redis://"),
        ("PUBLIC_URL", "https://rdv.example.org/cdas", "a scheme and a host only"),
        ("ALLOWED_HOSTS", "https://rdv.example.org", "is not a host name"),
        ("TRUSTED_PROXIES", "10.0.0.0/33", "not an IP address or network"),
        ("EMAIL_URL", "pigeon://loft", "must start with smtp://"),
        ("EMAIL_URL", "smtp://", "names no host"),
        ("EMAIL_URL", "dummy://", "only a demo may have no mail server"),
        ("EMAIL_URL", "brevo://key@api.brevo.com", "write brevo://:KEY@api.brevo.com"),
        ("EMAIL_FALLBACK_URL", "smtp://", "names no host"),
        ("EMAIL_FALLBACK_URL", "dummy://", "only a demo"),
        ("SMS_URL", "pigeon://loft", "begins with none of brevo, ovh, smsmode"),
        ("SMS_URL", "demo://", "begins with none of"),
        ("SMS_URL", "brevo://:k@api.brevo.com", "webhook_secret is missing"),
        ("SMS_URL", GOOD_SMS, "must be set: the name that SMS come from"),
        ("SMS_FALLBACK_URL", "brevo://:k@api.brevo.com", "webhook_secret is missing"),
        ("SMS_SENDER", "RDV", "'RDV' is no sender that French operators carry (generic)"),
        ("SMS_SENDER", "0612345678", "(mobile)"),
        ("LOG_LEVEL", "loud", "not a level"),
        ("SECRET_KEY", "short", "too short or the demo's"),
        ("SECRET_KEY", "emgav-demo-key-for-trials-only-never-in-production", "or the demo's"),
        ("SECRET_KEY_FILE", "/nowhere/secret", "set either"),
        ("SECRET_KEY_FALLBACKS", f"{'j' * 50},short", "too short or the demo's"),
        ("SECRET_KEY_FALLBACKS", PRODUCTION["SECRET_KEY"], "holds SECRET_KEY itself"),
    ],
)
def test_a_bad_value_is_named_in_one_line(
    load: Load, capsys: pytest.CaptureFixture[str], name: str, value: str, problem: str
) -> None:
    line = complaint(load, capsys, PRODUCTION | {name: value})
    assert line.count("\n") == 1
    asked = "SMS_SENDER" if value == GOOD_SMS else name.removesuffix("_FILE")
    assert line.startswith(f"emgav: {asked}")
    assert problem in line


@pytest.mark.parametrize("name", PRODUCTION)
def test_production_does_not_start_without(
    load: Load, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    line = complaint(load, capsys, {k: v for k, v in PRODUCTION.items() if k != name})
    assert line.startswith(f"emgav: {name}: must be set")


def test_no_password_is_shown_when_its_url_is_wrong(
    load: Load, capsys: pytest.CaptureFixture[str]
) -> None:
    for wrong in (
        {"DATABASE_URL": "postgres://user:tr0ub4dor@db:x/y"},
        {"EMAIL_URL": "mailjet://key:tr0ub4dor@api.mailjet.eu"},
        {"EMAIL_FALLBACK_URL": "smtp://me:tr0ub4dor@mail:x"},
        {"SMS_URL": "smsmode://tr0ub4dor@rest.smsmode.com"},
    ):
        assert "tr0ub4dor" not in complaint(load, capsys, PRODUCTION | wrong)


def test_production_with_an_https_address_is_https_only(load: Load) -> None:
    settings = load(PRODUCTION)
    assert settings["SECURE_SSL_REDIRECT"]
    assert settings["SECURE_HSTS_SECONDS"] > 0
    assert settings["SESSION_COOKIE_SECURE"]
    assert settings["ALLOWED_HOSTS"] == ["rdv.example.org"]


def test_a_demo_needs_no_other_variable(load: Load) -> None:
    assert load({"DEMO": "1"})["ALLOWED_HOSTS"]


def test_former_keys_are_optional_and_told_apart_by_commas(load: Load) -> None:
    assert load(PRODUCTION)["SECRET_KEY_FALLBACKS"] == []
    former = {"SECRET_KEY_FALLBACKS": f"{'i' * 50}, {'j' * 50},"}
    assert load(PRODUCTION | former)["SECRET_KEY_FALLBACKS"] == ["i" * 50, "j" * 50]


def test_no_former_key_is_shown_when_one_is_wrong(
    load: Load, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = PRODUCTION | {"SECRET_KEY_FALLBACKS": "tr0ub4dor"}
    assert "tr0ub4dor" not in complaint(load, capsys, wrong)


def test_a_secret_can_come_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text("from a file\n")
    monkeypatch.setenv("SOME_KEY_FILE", str(tmp_path / "key"))
    assert env.text("SOME_KEY") == "from a file"


def test_urls_become_django_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB", "postgresql://u:p%40ss@h:5433/n?sslmode=require")
    found = env.database("DB", "")
    assert (found["USER"], found["PASSWORD"], found["PORT"]) == ("u", "p@ss", "5433")
    assert found["OPTIONS"] == {"connect_timeout": 5, "sslmode": "require"}


def test_messages_leave_by_what_the_environment_names(load: Load) -> None:
    plain = load(PRODUCTION)
    assert plain["EMAIL_URL"] == PRODUCTION["EMAIL_URL"]
    assert (plain["EMAIL_FALLBACK_URL"], plain["SMS_URL"], plain["SMS_FALLBACK_URL"]) == ("",) * 3
    given = {
        "EMAIL_FALLBACK_URL": "brevo://:key@api.brevo.com",
        "SMS_URL": GOOD_SMS,
        "SMS_SENDER": " CD35INFO ",
    }
    settings = load(PRODUCTION | given)
    assert settings["EMAIL_FALLBACK_URL"] == given["EMAIL_FALLBACK_URL"]
    assert (settings["SMS_URL"], settings["SMS_SENDER"]) == (GOOD_SMS, "CD35INFO")
    assert settings["SMS_CALLBACK_URL"].startswith("https://rdv.example.org/")


def test_a_demo_shows_messages_and_sends_none(load: Load) -> None:
    settings = load({"DEMO": "1"})
    assert (settings["EMAIL_URL"], settings["SMS_URL"]) == ("dummy://", "demo://")
    assert settings["SMS_SENDER"]


OIDC = {
    "OIDC_ISSUER": "https://login.example.org/realms/35",
    "OIDC_CLIENT_ID": "emgav",
    "OIDC_CLIENT_SECRET": "secret",
    "OIDC_NAME": "Annuaire 35",
}


def test_a_directory_is_configured_whole_or_not_at_all(load: Load) -> None:
    assert load(PRODUCTION)["OIDC"] is None
    found = load(PRODUCTION | OIDC | {"OIDC_TRUST_SECOND_FACTOR": "mfa, hwk"})["OIDC"]
    assert (found.name, found.issuer) == ("Annuaire 35", "https://login.example.org/realms/35")
    assert found.trusted == ("mfa", "hwk")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"OIDC_NAME": ""}, "OIDC_NAME: must be set: OIDC_* are set together, or none of them"),
        ({"OIDC_CLIENT_SECRET": ""}, "OIDC_CLIENT_SECRET: must be set"),
        ({"OIDC_ISSUER": "login.example.org"}, "OIDC_ISSUER: must start with https:// or http://"),
        ({"OIDC_ISSUER": "http://login.example.org"}, "whoever listens could log in as anybody"),
        ({"OIDC_ISSUER": "https://login.example.org/?x=1"}, "as the directory writes it"),
        (
            {**dict.fromkeys(OIDC, ""), "OIDC_TRUST_SECOND_FACTOR": "mfa"},
            "OIDC_TRUST_SECOND_FACTOR: there is no directory to trust: set OIDC_ISSUER too",
        ),
    ],
)
def test_a_directory_that_cannot_be_is_refused(
    load: Load, capsys: pytest.CaptureFixture[str], change: dict[str, str], problem: str
) -> None:
    assert problem in complaint(load, capsys, PRODUCTION | OIDC | change)
