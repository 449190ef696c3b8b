"""Fetching an image by URL: limits on status, size and time, and one message for all errors."""

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from threading import Barrier, Event

import pytest

from generations.common.ssrf import AddressPolicy
from generations.contract.support import SUPPORT
from generations.media.fetch import MAX_CONCURRENT, FetchError, TooManyFetchesError, fetch_image
from tests.fakes.https import HOST, Certificate, FakeDns, HttpsServer, https_server, respond_with

LIMIT = SUPPORT.image.https_url_max_bytes
LOOPBACK = AddressPolicy(allow_loopback=True)
Fetch = Callable[..., bytes]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def server(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpsServer]:
    FakeDns(monkeypatch).add(HOST, ["127.0.0.1"])
    with https_server(certificate) as running:
        yield running


@pytest.fixture
def fetch(certificate: Certificate) -> Fetch:
    """Fetch with this machine as an allowed address."""
    return lambda url, **options: fetch_image(url, policy=LOOPBACK, tls=certificate.trusting(), **options)


@pytest.mark.parametrize("size", [1, LIMIT])
def test_it_fetches_up_to_the_limit(server: HttpsServer, fetch: Fetch, size: int) -> None:
    server.handlers["/a.png"] = respond_with(b"x" * size)
    assert len(fetch(server.url("/a.png"))) == size
    assert server.hosts == [f"{HOST}:{server.server_port}"]


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (200, b"x" * (LIMIT + 1), {}),
        (200, b"short", {"Content-Length": "100"}),
        (204, b"", {}),
        (301, b"", {"Location": "/a.png"}),
        (302, b"", {"Location": "https://127.0.0.1/"}),
        (307, b"", {"Location": "http://169.254.169.254/"}),
        (404, b"", {}),
        (500, b"", {}),
    ],
)
def test_it_accepts_only_a_complete_response_with_status_200(
    server: HttpsServer, fetch: Fetch, status: int, body: bytes, headers: dict[str, str]
) -> None:
    server.handlers["/a.png"] = respond_with(body, status, **headers)
    with pytest.raises(FetchError):
        fetch(server.url("/a.png"))
    assert len(server.hosts) == 1


def test_all_errors_have_the_same_message(server: HttpsServer, fetch: Fetch) -> None:
    server.handlers["/404"] = respond_with(b"", 404)
    messages = set()
    for url in (
        server.url("/404"),
        server.url("/", "nowhere.example.com"),
        server.url("/", "other.example.com"),
        f"https://{HOST}:1/",
        "https://10.0.0.1/",
    ):
        with pytest.raises(FetchError) as caught:
            fetch(url)
        messages.add(caught.value.message)
    assert len(messages) == 1


def test_this_machine_and_unknown_certificates_are_rejected_by_default(server: HttpsServer) -> None:
    with pytest.raises(FetchError):
        fetch_image(server.url("/a.png"))
    assert server.connections == 0
    with pytest.raises(FetchError):
        fetch_image(server.url("/a.png"), policy=LOOPBACK)
    assert server.hosts == []


def test_a_slow_body_ends_at_the_deadline(server: HttpsServer, fetch: Fetch) -> None:
    is_closed = Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        respond_with(b"")(handler)
        try:
            while True:
                handler.wfile.write(b"x")
                is_closed.wait(0.01)
        except OSError:
            is_closed.set()

    server.handlers["/a.png"] = drip
    with pytest.raises(FetchError):
        fetch(server.url("/a.png"), deadline_seconds=0.5)
    assert is_closed.wait(20)


def test_a_silent_name_server_does_not_delay_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    may_respond = Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: may_respond.wait(60))
    with pytest.raises(FetchError):
        fetch_image(f"https://{HOST}/a.png", deadline_seconds=0.2)
    assert not may_respond.is_set()
    may_respond.set()


def test_slow_hosts_cannot_occupy_all_threads(server: HttpsServer, fetch: Fetch) -> None:
    arrived, may_respond = Barrier(MAX_CONCURRENT + 1), Event()

    def wait(handler: BaseHTTPRequestHandler) -> None:
        arrived.wait(20)
        may_respond.wait(20)
        respond_with(b"late")(handler)

    server.handlers["/slow.png"] = wait
    with ThreadPoolExecutor(MAX_CONCURRENT) as pool:
        slow = [pool.submit(fetch, server.url("/slow.png")) for _ in range(MAX_CONCURRENT)]
        arrived.wait(20)
        with pytest.raises(TooManyFetchesError):
            fetch(server.url("/slow.png"))
        may_respond.set()
        assert {future.result() for future in slow} == {b"late"}
    server.handlers["/a.png"] = respond_with(b"a slot is free again")
    assert fetch(server.url("/a.png")) == b"a slot is free again"
