"""Fetching an image by URL: only from public addresses and within limits."""

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from generations.contract.addresses import is_public
from generations.contract.support import SUPPORT
from generations.engine.fetch import download, fetch_image, pinned_request, public_address
from generations.engine.images import BadImageError

LIMIT = SUPPORT.image.https_url_max_bytes
BODIES = {"/small": b"image", "/limit": b"x" * LIMIT, "/large": b"x" * (LIMIT + 1)}


class ImageHandler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("location", "/small")
        else:
            self.send_response(200 if self.path in BODIES else 404)
        self.end_headers()
        self.wfile.write(BODIES.get(self.path, b""))

    def log_message(self, *_) -> None:
        pass


@pytest.fixture(scope="module")
def image_server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), ImageHandler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def downloaded(url: str) -> bytes:
    async def fetch() -> bytes:
        async with httpx.AsyncClient(trust_env=False) as client:
            return await download(client, httpx.Request("GET", url))

    return asyncio.run(fetch())


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "224.0.0.1", "100.64.0.1", "::1", "fe80::1",  # noqa: S104
     "fd00::1", "::ffff:127.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "::7f00:1", "ff02::1"],
)  # fmt: skip
def test_an_internal_address_is_not_public(address: str):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.215.14", "2606:4700::1111", "::ffff:1.1.1.1"])
def test_an_internet_address_is_public(address: str):
    assert is_public(address)


def test_a_name_with_an_internal_address_is_refused():
    with pytest.raises(BadImageError, match="public"):
        asyncio.run(public_address("localhost", 443))


@pytest.mark.parametrize("url", ["https://images.invalid/a.png", f"https://{'a' * 70}.example/"])
def test_an_unknown_name_is_refused(url: str):
    with pytest.raises(BadImageError, match="not known"):
        asyncio.run(fetch_image(url))


def test_a_request_connects_to_the_checked_address_with_the_name_of_the_host():
    request = pinned_request(httpx.URL("https://images.example:8443/a.png?size=2"), "203.0.113.7")
    assert str(request.url) == "https://203.0.113.7:8443/a.png?size=2"
    assert request.headers["host"] == "images.example:8443"
    assert request.extensions["sni_hostname"] == "images.example"


@pytest.mark.parametrize("path", ["/small", "/limit"])
def test_it_downloads_up_to_the_limit(image_server: str, path: str):
    assert downloaded(image_server + path) == BODIES[path]


@pytest.mark.parametrize(("path", "hint"), [("/large", "more than"), ("/moved", "redirects"), ("/none", "404")])
def test_it_accepts_only_a_complete_response_with_status_200(image_server: str, path: str, hint: str):
    with pytest.raises(BadImageError, match=hint):
        downloaded(image_server + path)
