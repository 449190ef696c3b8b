"""Fetching an image by URL: only from the open internet, and within limits."""

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


class Stills(BaseHTTPRequestHandler):
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
def stills() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Stills) as server:
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
def test_an_inside_address_is_not_public(address: str):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.215.14", "2606:4700::1111", "::ffff:1.1.1.1"])
def test_an_address_of_the_internet_is_public(address: str):
    assert is_public(address)


def test_a_name_that_leads_inside_is_refused():
    with pytest.raises(BadImageError, match="public"):
        asyncio.run(public_address("localhost", 443))


@pytest.mark.parametrize("url", ["https://stills.invalid/a.png", f"https://{'a' * 70}.example/"])
def test_an_unknown_name_is_refused(url: str):
    with pytest.raises(BadImageError, match="not known"):
        asyncio.run(fetch_image(url))


def test_a_connection_goes_to_the_checked_address_and_speaks_to_the_named_host():
    request = pinned_request(httpx.URL("https://stills.example:8443/a.png?size=2"), "203.0.113.7")
    assert str(request.url) == "https://203.0.113.7:8443/a.png?size=2"
    assert request.headers["host"] == "stills.example:8443"
    assert request.extensions["sni_hostname"] == "stills.example"


@pytest.mark.parametrize("path", ["/small", "/limit"])
def test_it_downloads_up_to_the_limit(stills: str, path: str):
    assert downloaded(stills + path) == BODIES[path]


@pytest.mark.parametrize(("path", "hint"), [("/large", "more than"), ("/moved", "redirects"), ("/none", "404")])
def test_it_refuses_anything_but_a_plain_answer(stills: str, path: str, hint: str):
    with pytest.raises(BadImageError, match=hint):
        downloaded(stills + path)
