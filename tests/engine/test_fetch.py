"""Fetching an image by URL in the local engine: only from public hosts and within limits, with a specific message."""

import asyncio
from collections.abc import Iterator

import pytest

from generations.common.ssrf import AddressPolicy
from generations.contract.support import SUPPORT
from generations.engine.fetch import fetch_image
from generations.engine.images import BadImageError
from tests.fakes.https import HOST, Certificate, FakeDns, HttpsServer, https_server, respond_with

LIMIT = SUPPORT.image.https_url_max_bytes


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def server(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpsServer]:
    FakeDns(monkeypatch).add(HOST, ["127.0.0.1"])
    with https_server(certificate) as running:
        running.handlers["/small"] = respond_with(b"image")
        running.handlers["/limit"] = respond_with(b"x" * LIMIT)
        running.handlers["/large"] = respond_with(b"x" * (LIMIT + 1))
        running.handlers["/moved"] = respond_with(b"", 302, Location="/small")
        running.handlers["/none"] = respond_with(b"", 404)
        yield running


def fetch(server: HttpsServer, certificate: Certificate, path: str) -> bytes:
    policy = AddressPolicy(allow_loopback=True)
    return asyncio.run(fetch_image(server.url(path), policy=policy, tls=certificate.trusting()))


@pytest.mark.parametrize(("path", "size"), [("/small", 5), ("/limit", LIMIT)])
def test_it_downloads_up_to_the_limit(server: HttpsServer, certificate: Certificate, path: str, size: int) -> None:
    assert len(fetch(server, certificate, path)) == size


@pytest.mark.parametrize(("path", "hint"), [("/large", "more than"), ("/moved", "redirects"), ("/none", "404")])
def test_it_accepts_only_a_complete_response_with_status_200(
    server: HttpsServer, certificate: Certificate, path: str, hint: str
) -> None:
    with pytest.raises(BadImageError, match=hint):
        fetch(server, certificate, path)


@pytest.mark.parametrize(
    ("url", "hint"), [("https://localhost/a.png", "not public"), ("https://images.invalid/a.png", "unknown")]
)
def test_an_internal_or_unknown_host_is_rejected(url: str, hint: str) -> None:
    with pytest.raises(BadImageError, match=hint):
        asyncio.run(fetch_image(url))
