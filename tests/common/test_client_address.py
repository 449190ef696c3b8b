"""The client's address behind proxies, and its uses besides the audit log."""

import pytest
from allauth.account.adapter import get_adapter
from django.test import Client, RequestFactory
from pytest_django import Settings

from generations.common.client_address import client_address, current_client_address


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, None, "192.0.2.1"),
        (0, "203.0.113.9", "192.0.2.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "10.0.0.1, 203.0.113.9", "203.0.113.9"),
        (2, "10.0.0.1, 203.0.113.9, 198.51.100.2", "203.0.113.9"),
        (2, "203.0.113.9", None),
        (1, None, None),
        (1, "not an address", None),
        (1, "2001:db8::7", "2001:db8::7"),
    ],
)
def test_only_addresses_of_our_own_proxies_are_trusted(
    proxies: int, forwarded: str | None, address: str | None, settings: Settings
) -> None:
    settings.TRUSTED_PROXIES = proxies
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR="192.0.2.1")
    assert client_address(request) == address


def test_a_socket_has_no_address() -> None:
    assert client_address(RequestFactory().get("/", REMOTE_ADDR="")) is None


def test_outside_of_a_request_there_is_no_address() -> None:
    assert current_client_address() is None


@pytest.mark.parametrize(("forwarded", "address"), [("203.0.113.9", "203.0.113.9"), (None, "192.0.2.1")])
def test_rate_limits_of_sign_in_use_the_address(forwarded: str | None, address: str, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = 1
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR="192.0.2.1")
    assert get_adapter(request).get_client_ip(request) == address


def test_the_log_contains_the_address(client: Client, settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    settings.TRUSTED_PROXIES = 1
    client.get("/healthz", headers={"X-Forwarded-For": "203.0.113.9"})
    lines = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    assert [line["ip"] for line in lines if line["event"] == "request_finished"] == ["203.0.113.9"]
