"""`image_uri` as a URL: no internal address can be reached or distinguished through it."""

from collections.abc import Callable, Iterator
from contextlib import closing
from socket import create_server, socket

import pytest

from generations.jobs.models import Generation
from generations.media.models import Asset
from tests.api.contract.bodies import body_with
from tests.api.contract.conftest import Program
from tests.fakes.https import FakeDns

# Rejected by their form. The message may say so, because the client wrote the text.
BY_FORM = [
    "https://localhost/a.png",
    "https://localhost./a.png",
    "https://127.0.0.1/a.png",
    "https://169.254.169.254/latest/meta-data/",
    "https://2130706433/a.png",
    "https://0x7f000001/a.png",
    "https://0x7f.0.0.1/a.png",
    "https://0177.0.0.1/a.png",
    "https://127.1/a.png",
    "https://[::1]/a.png",
    "https://[::ffff:127.0.0.1]/a.png",
    "https://[::ffff:a9fe:a9fe]/a.png",
    "https://[fe80::1%25eth0]/a.png",
    "https://user:password@stills.example.com/a.png",
    "http://stills.example.com/a.png",
    "ftp://stills.example.com/a.png",
    "file:///etc/passwd",
    "gopher://stills.example.com/",
    "//stills.example.com/a.png",
    "https:///a.png",
    "https://",
    "https://stills.example.com:99999/a.png",
]
# Well formed, but they resolve to internal addresses.
INTERNAL = [
    ["127.0.0.1"],
    ["127.255.255.254"],
    ["0.0.0.0"],  # noqa: S104 - rejected, nothing binds to it
    ["10.1.2.3"],
    ["172.16.0.1"],
    ["192.168.0.1"],
    ["100.64.0.1"],
    ["169.254.169.254"],
    ["224.0.0.1"],
    ["255.255.255.255"],
    ["::1"],
    ["::"],
    ["fe80::1"],
    ["fd00:ec2::254"],
    ["::ffff:127.0.0.1"],
    ["::ffff:169.254.169.254"],
    ["64:ff9b::a9fe:a9fe"],
    ["2002:7f00:1::"],
    ["93.184.215.14", "127.0.0.1"],
]


@pytest.fixture
def dns(monkeypatch: pytest.MonkeyPatch) -> FakeDns:
    return FakeDns(monkeypatch)


@pytest.fixture
def local_server() -> Iterator[socket]:
    """A socket that listens on this machine."""
    with closing(create_server(("127.0.0.1", 0))) as listening:
        listening.setblocking(False)
        yield listening


@pytest.fixture
def rejected_message(program: Program, dns: FakeDns) -> Callable[[str], str]:
    """Submit the URL, check that it is rejected and nothing is stored, and return the message."""

    def submit(url: str) -> str:
        response = program.submit(body_with(image_uri=url))
        assert response.status_code == 400, response.content
        assert response.json()["error"]["type"] == "invalid_request_error"
        assert (Generation.objects.count(), Asset.objects.count()) == (0, 0)
        return str(response.json()["error"]["message"])

    return submit


@pytest.mark.parametrize("url", BY_FORM)
def test_a_url_that_is_not_public_https_is_rejected(rejected_message: Callable[[str], str], url: str) -> None:
    assert rejected_message(url).startswith("image_uri: ")


@pytest.mark.parametrize("addresses", INTERNAL)
def test_a_name_with_an_internal_address_is_rejected_like_an_unknown_name(
    rejected_message: Callable[[str], str], dns: FakeDns, local_server: socket, addresses: list[str]
) -> None:
    port = local_server.getsockname()[1]
    dns.add("inside.example.com", addresses)
    internal = rejected_message(f"https://inside.example.com:{port}/a.png")
    assert internal == rejected_message(f"https://nowhere.example.com:{port}/a.png")
    with pytest.raises(BlockingIOError):
        local_server.accept()


def test_a_name_is_resolved_once(rejected_message: Callable[[str], str], dns: FakeDns, local_server: socket) -> None:
    dns.add("rebinding.example.com", ["192.0.2.1"], ["127.0.0.1"])
    rejected_message(f"https://rebinding.example.com:{local_server.getsockname()[1]}/a.png")
    assert dns.lookups == ["rebinding.example.com"]
    with pytest.raises(BlockingIOError):
        local_server.accept()


def test_the_last_frame_is_fetched_by_the_same_rules(program: Program, dns: FakeDns) -> None:
    dns.add("inside.example.com", ["127.0.0.1"])
    response = program.submit(body_with(last_frame_uri="https://inside.example.com/a.png"))
    assert (response.status_code, response.json()["error"]["message"][:16]) == (400, "last_frame_uri: ")
