"""Webhooks may only go to public hosts over https, and in local settings also to this machine."""

import asyncio
from pathlib import Path

import pytest
from pytest_django import Settings

from generations.common.ssrf import AddressPolicy
from generations.events.webhooks.http import BadEndpointError, Outcome, address_policy, checked_url, post
from tests.fakes.https import Certificate, https_server

from .receiver import Receiver


def send(url: str, policy: AddressPolicy) -> Outcome:
    return asyncio.run(post(url, b"{}", {}, policy=policy, deadline_seconds=5))


def test_nothing_is_sent_to_an_internal_host_in_production(settings: Settings) -> None:
    settings.WEBHOOKS_TO_LOOPBACK = False
    with Receiver() as receiver:
        outcome = send(f"https://localhost:{receiver.port}/hook", address_policy())
        assert (outcome.status, outcome.error) == (None, "Not sent: the host is not public.")
        outcome = send(receiver.url, address_policy())
        assert (outcome.status, outcome.error[:35]) == (None, "Not sent: the URL must begin with h")
        assert receiver.received == []


def test_an_unknown_host_is_reported() -> None:
    assert send("https://hooks.invalid/", AddressPolicy()).error == "Not sent: the host name is unknown."


def test_the_host_header_contains_the_name_and_the_port(settings: Settings) -> None:
    settings.WEBHOOKS_TO_LOOPBACK = True
    with Receiver() as receiver:
        assert send(f"http://localhost:{receiver.port}/hook", address_policy()).is_delivered
        assert receiver.received[0].headers["host"] == f"localhost:{receiver.port}"


def test_a_certificate_that_is_not_accepted_is_reported(tmp_path: Path) -> None:
    with https_server(Certificate(tmp_path)) as server:
        outcome = send(server.url("/hook", "localhost"), AddressPolicy(allow_loopback=True))
    assert outcome.error == "The certificate was not accepted: CERTIFICATE_VERIFY_FAILED."


def test_http_is_allowed_only_in_local_settings(settings: Settings) -> None:
    settings.WEBHOOKS_TO_LOOPBACK = True
    assert checked_url("http://hooks.example.com/x") == "http://hooks.example.com/x"
    settings.WEBHOOKS_TO_LOOPBACK = False
    with pytest.raises(BadEndpointError, match="https"):
        checked_url("http://hooks.example.com/x")
    assert checked_url("https://hööks.example.com/ä b") == "https://xn--hks-snaa.example.com/%C3%A4%20b"
