"""Requests to URLs of users: only public addresses, from the address that was checked, without redirects or proxies."""

import asyncio
import ssl
from collections.abc import Iterator

import httpx
import pytest

from generations.common.ssrf import (
    AddressPolicy,
    BodyTooLargeError,
    HostRejectedError,
    is_public,
    read_body,
    safe_client,
)
from tests.fakes.https import HOST, Certificate, FakeDns, HttpsServer, https_server, respond_with

LOOPBACK = AddressPolicy(allow_loopback=True)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def server(certificate: Certificate) -> Iterator[HttpsServer]:
    with https_server(certificate) as running:
        running.handlers["/a"] = respond_with(b"content")
        yield running


@pytest.fixture
def dns(monkeypatch: pytest.MonkeyPatch) -> FakeDns:
    fake = FakeDns(monkeypatch)
    fake.add(HOST, ["127.0.0.1"])
    return fake


def get(
    url: str, policy: AddressPolicy = LOOPBACK, tls: ssl.SSLContext | None = None, *, max_bytes: int = 100
) -> tuple[int, bytes]:
    async def send() -> tuple[int, bytes]:
        async with asyncio.timeout(20), safe_client(policy, tls=tls) as client, client.stream("GET", url) as response:
            return response.status_code, await read_body(response, max_bytes)

    return asyncio.run(send())


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "224.0.0.1", "100.64.0.1",  # noqa: S104
     "255.255.255.255", "::1", "::", "fe80::1", "fd00::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
     "2002:7f00:1::", "64:ff9b::7f00:1", "::7f00:1", "ff02::1"],
)  # fmt: skip
def test_an_internal_address_is_not_public(address: str) -> None:
    assert not is_public(address)
    assert not AddressPolicy().allows(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.215.14", "2606:4700::1111", "::ffff:1.1.1.1"])
def test_an_internet_address_is_public(address: str) -> None:
    assert is_public(address)
    assert AddressPolicy().allows(address)


@pytest.mark.parametrize(
    ("address", "is_allowed"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("1.1.1.1", True),
        ("169.254.169.254", False),
        ("10.0.0.1", False),
        ("fe80::1%lo", False),
    ],
)
def test_a_local_policy_also_allows_this_machine(address: str, is_allowed: bool) -> None:
    assert LOOPBACK.allows(address) is is_allowed


INTERNAL_HOSTS = [
    "localhost",
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "017700000001",
    "0.0.0.0",  # noqa: S104 - rejected, nothing binds to it
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


@pytest.mark.parametrize("host", INTERNAL_HOSTS)
def test_no_connection_is_made_to_an_internal_host(server: HttpsServer, host: str) -> None:
    with pytest.raises(HostRejectedError, match=r"not public|unknown"):
        get(server.url("/a", host), AddressPolicy())
    assert server.connections == 0


@pytest.mark.parametrize("host", ["hooks.invalid", f"{'a' * 70}.example"])
def test_an_unknown_host_is_rejected(host: str) -> None:
    with pytest.raises(HostRejectedError, match="unknown"):
        get(f"https://{host}/", AddressPolicy())


@pytest.mark.parametrize("url", [f"http://{HOST}/", f"https://user:secret@{HOST}/", f"ftp://{HOST}/"])
def test_only_https_without_a_user_name_is_allowed(dns: FakeDns, url: str) -> None:
    with pytest.raises((HostRejectedError, httpx.UnsupportedProtocol)):
        get(url, AddressPolicy())
    assert dns.lookups == []


@pytest.mark.parametrize("addresses", [["127.0.0.1", "10.0.0.1"], ["10.0.0.1", "127.0.0.1"], ["fe80::1", "127.0.0.1"]])
def test_one_internal_address_rejects_the_host(
    certificate: Certificate, server: HttpsServer, dns: FakeDns, addresses: list[str]
) -> None:
    dns.add(HOST, addresses)
    with pytest.raises(HostRejectedError, match="not public"):
        get(server.url("/a"), tls=certificate.trusting())
    assert server.connections == 0


def test_it_connects_to_the_checked_address_and_keeps_the_name(certificate: Certificate, dns: FakeDns) -> None:
    with https_server(certificate, "127.0.0.2") as checked:
        checked.handlers["/a?b=c"] = respond_with(b"checked")
        dns.add(HOST, ["127.0.0.2"], ["127.0.0.1"])
        assert get(checked.url("/a?b=c"), tls=certificate.trusting()) == (200, b"checked")
        assert checked.hosts == [f"{HOST}:{checked.server_port}"]
    assert dns.lookups == [HOST]


def test_the_next_address_is_used_if_the_first_accepts_no_connection(
    certificate: Certificate, server: HttpsServer, dns: FakeDns
) -> None:
    dns.add(HOST, ["127.0.0.3", "127.0.0.1"])
    assert get(server.url("/a"), tls=certificate.trusting()) == (200, b"content")
    dns.add(HOST, ["127.0.0.3", "127.0.0.4"])
    with pytest.raises(httpx.ConnectError):
        get(server.url("/a"), tls=certificate.trusting())


def test_the_certificate_must_be_valid_for_the_name(
    certificate: Certificate, server: HttpsServer, dns: FakeDns
) -> None:
    dns.add("other.example.com", ["127.0.0.1"])
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        get(server.url("/a", "other.example.com"), tls=certificate.trusting())
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        get(server.url("/a"))
    assert server.hosts == []


def test_a_redirect_is_not_followed(certificate: Certificate, server: HttpsServer, dns: FakeDns) -> None:
    server.handlers["/moved"] = respond_with(b"", 302, Location=server.url("/a"))
    assert get(server.url("/moved"), tls=certificate.trusting())[0] == 302
    assert len(server.hosts) == 1


def test_a_proxy_in_the_environment_is_not_used(
    certificate: Certificate, server: HttpsServer, dns: FakeDns, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert get(server.url("/a"), tls=certificate.trusting()) == (200, b"content")


def test_a_connection_is_not_shared_between_names_of_one_address(
    certificate: Certificate, server: HttpsServer, dns: FakeDns
) -> None:
    dns.add("other.example.com", ["127.0.0.1"])

    async def send() -> None:
        async with safe_client(LOOPBACK, tls=certificate.trusting()) as client:
            await client.get(server.url("/a"))
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                await client.get(server.url("/a", "other.example.com"))

    asyncio.run(send())
    assert server.connections == 2


def test_a_body_is_limited_and_not_decompressed(certificate: Certificate, server: HttpsServer, dns: FakeDns) -> None:
    server.handlers["/encoded"] = respond_with(b"x" * 100, **{"Content-Encoding": "gzip"})
    assert get(server.url("/encoded"), tls=certificate.trusting()) == (200, b"x" * 100)
    with pytest.raises(BodyTooLargeError):
        get(server.url("/encoded"), tls=certificate.trusting(), max_bytes=99)
