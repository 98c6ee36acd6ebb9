"""Whose word about addresses is believed, and what a log line may say."""

import ipaddress
import json
import logging

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from pytest_django import Settings

from config.logs import RouteForPath
from config.middleware import ForwardedHeaders, RequestLog, client_address

PROXIES = [ipaddress.ip_network("10.0.0.0/8")]


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "client"),
    [
        ("10.0.0.2", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.2", "1.1.1.1, 203.0.113.9", "203.0.113.9"),  # the left one is the client's claim
        ("10.0.0.2", "203.0.113.9, 10.0.0.3", "203.0.113.9"),
        ("10.0.0.2", "", "10.0.0.2"),
        ("10.0.0.2", "10.0.0.4", "10.0.0.2"),
    ],
)
def test_the_nearest_untrusted_address_is_the_client(
    peer: str, forwarded_for: str, client: str
) -> None:
    assert client_address(peer, forwarded_for, PROXIES) == client


def seen(settings: Settings, **meta: str) -> HttpRequest:
    settings.TRUSTED_PROXIES = PROXIES
    request = RequestFactory().get("/", **meta)
    ForwardedHeaders(lambda _request: HttpResponse())(request)
    return request


def test_headers_of_a_trusted_proxy_are_kept(settings: Settings) -> None:
    request = seen(
        settings,
        REMOTE_ADDR="10.1.1.1",
        HTTP_X_FORWARDED_FOR="203.0.113.9",
        HTTP_X_FORWARDED_PROTO="https",
    )
    assert request.META["REMOTE_ADDR"] == "203.0.113.9"
    assert request.META["HTTP_X_FORWARDED_PROTO"] == "https"


def test_headers_of_anyone_else_are_dropped(settings: Settings) -> None:
    request = seen(
        settings,
        REMOTE_ADDR="198.51.100.7",
        HTTP_X_FORWARDED_FOR="203.0.113.9",
        HTTP_X_FORWARDED_PROTO="https",
    )
    assert request.META["REMOTE_ADDR"] == "198.51.100.7"
    assert "HTTP_X_FORWARDED_PROTO" not in request.META


@pytest.mark.parametrize(("given", "is_kept"), [("abcd-1234", True), ("bad id\n", False)])
def test_every_answer_carries_a_request_id(given: str, is_kept: bool) -> None:
    request = RequestFactory().get("/", HTTP_X_REQUEST_ID=given)
    response = RequestLog(lambda _request: HttpResponse())(request)
    assert (response["X-Request-ID"] == given) is is_kept
    assert len(response["X-Request-ID"]) >= 8


def test_a_failed_request_is_logged_by_its_route() -> None:
    record = logging.makeLogRecord(
        {"msg": "%s: %s", "args": ("Not Found", "/rdv/token-of-a-family")}
    )
    record.request = RequestFactory().get("/rdv/token-of-a-family")
    assert RouteForPath().filter(record)
    assert record.getMessage() == "Not Found: (no route)"


def test_log_lines_are_json_without_local_variables(settings: Settings) -> None:
    formatter_settings = dict(settings.LOGGING["formatters"]["json"])
    formatter = formatter_settings.pop("()")(**formatter_settings)
    try:
        telephone = "0600000000"
        raise ValueError(telephone[:0])
    except ValueError as error:
        record = logging.makeLogRecord(
            {"msg": "it broke", "exc_info": (ValueError, error, error.__traceback__)}
        )
    line = formatter.format(record)
    assert json.loads(line)["event"] == "it broke"
    assert "0600000000" not in line.replace('telephone = "0600000000"', "")
