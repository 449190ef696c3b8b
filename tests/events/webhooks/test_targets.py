"""Where a webhook may go: to the open internet, and to this machine only where the settings say so."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest
from pytest_django import Settings

from generations.common.addresses import HostRefusedError, resolve
from generations.contract.addresses import is_public
from generations.events.webhooks.posting import Outcome, post
from generations.events.webhooks.targets import BadEndpointError, checked_url, may_connect

from .receiver import Receiver

INSIDE = [
    "localhost",
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "017700000001",
    "0.0.0.0",  # noqa: S104 - refused here, nothing binds to it
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::7f00:1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[fe80::1]",
    "[fd00::1]",
    "169.254.169.254",
    "[::ffff:169.254.169.254]",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "224.0.0.1",
    "255.255.255.255",
]


def send(url: str, may_connect: Callable[[str], bool] = is_public) -> Outcome:
    return asyncio.run(post(url, b"{}", {}, may_connect=may_connect, deadline=5))


@pytest.mark.parametrize("host", INSIDE)
def test_nothing_is_sent_inside(host: str) -> None:
    with Receiver() as receiver:
        outcome = send(f"http://{host}:{receiver.port}/hook")
        assert outcome.status is None
        assert outcome.error in (
            "Not sent: the host is not a public one.",
            "Not sent: the host name is not known here.",
        )
        assert receiver.received == []


def test_a_name_that_is_not_known_is_told() -> None:
    assert send("https://hooks.invalid/").error == "Not sent: the host name is not known here."


def answering(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Let names lead where a hostile name server says, and return what was asked for."""
    asked: list[str] = []
    left = list(answers)

    async def getaddrinfo(self: Any, host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        found = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)
    return asked


def test_one_address_inside_is_enough_to_refuse_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, ["93.184.215.14", "127.0.0.1"])
    with pytest.raises(HostRefusedError, match="public"):
        asyncio.run(resolve("hooks.example.com", 443, may_connect=is_public))


def test_a_name_that_changes_its_mind_gains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was checked is what is connected to: the name is asked for once."""
    with Receiver() as receiver:
        asked = answering(monkeypatch, ["127.0.0.2"], ["127.0.0.1"])
        judged: list[str] = []

        def judge(address: str) -> bool:
            judged.append(address)
            return True

        send(f"http://hooks.example.com:{receiver.port}/hook", judge)
        assert asked.count("hooks.example.com") == 1
        assert judged == ["127.0.0.2"]


def test_the_host_header_speaks_of_the_name() -> None:
    with Receiver() as receiver:
        assert send(f"http://localhost:{receiver.port}/hook", lambda _: True).is_delivered
        assert receiver.received[0].headers["host"] == f"localhost:{receiver.port}"


@pytest.mark.parametrize(
    ("address", "is_local", "allowed"),
    [
        ("127.0.0.1", True, True),
        ("::1", True, True),
        ("127.0.0.1", False, False),
        ("169.254.169.254", True, False),
        ("10.0.0.1", True, False),
        ("93.184.215.14", False, True),
    ],
)
def test_this_machine_is_reached_in_local_settings_alone(
    address: str, is_local: bool, allowed: bool, settings: Settings
) -> None:
    settings.WEBHOOKS_TO_LOOPBACK = is_local
    assert may_connect(address) is allowed


def test_without_tls_only_in_local_settings(settings: Settings) -> None:
    assert checked_url("http://hooks.example.com/x") == "http://hooks.example.com/x"
    settings.WEBHOOKS_TO_LOOPBACK = False
    with pytest.raises(BadEndpointError, match="https"):
        checked_url("http://hooks.example.com/x")
    assert checked_url("https://hööks.example.com/ä b") == "https://xn--hks-snaa.example.com/%C3%A4%20b"
