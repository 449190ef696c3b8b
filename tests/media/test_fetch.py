"""The one fetcher: by https, from the address that was checked, within limits, and silent about why not."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from threading import Barrier, Event

import pytest

from generations.contract.support import SUPPORT
from generations.media.fetch import AT_ONCE, Fetcher, FetchError, TooManyFetchesError
from tests.media.strangers import HOST, Certificate, Names, Stranger, say, stranger

LIMIT = SUPPORT.image.https_url_max_bytes


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate(tmp_path_factory.mktemp("stranger"))


@pytest.fixture
def server(certificate: Certificate) -> Iterator[Stranger]:
    with stranger(certificate) as running:
        yield running


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    found = Names(monkeypatch)
    found.say(HOST, ["127.0.0.1"])
    return found


@pytest.fixture
def fetcher(certificate: Certificate) -> Fetcher:
    """One that takes this machine for the open internet."""
    return Fetcher(lambda address: address.startswith("127."), tls=certificate.trusting())


@pytest.mark.parametrize("size", [1, LIMIT])
def test_it_brings_what_fits(server: Stranger, names: Names, fetcher: Fetcher, size: int) -> None:
    server.answers["/a.png"] = say(b"x" * size)
    assert len(fetcher.fetch(server.url("/a.png"))) == size
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
def test_anything_but_a_plain_answer_is_refused(
    server: Stranger, names: Names, fetcher: Fetcher, status: int, body: bytes, headers: dict[str, str]
) -> None:
    server.answers["/a.png"] = say(body, status, **headers)
    with pytest.raises(FetchError):
        fetcher.fetch(server.url("/a.png"))
    assert len(server.hosts) == 1


def test_every_refusal_reads_the_same(server: Stranger, names: Names, fetcher: Fetcher) -> None:
    server.answers["/404"] = say(b"", 404)
    words = set()
    for url in (server.url("/404"), server.url("/", "nowhere.example.com"), f"https://{HOST}:1/", "https://10.0.0.1/"):
        with pytest.raises(FetchError) as caught:
            fetcher.fetch(url)
        words.add(caught.value.message)
    assert len(words) == 1


def test_a_name_that_changes_its_mind_gains_nothing(certificate: Certificate, names: Names, fetcher: Fetcher) -> None:
    with stranger(certificate, "127.0.0.2") as checked:
        checked.answers["/a.png"] = say(b"checked")
        names.say(HOST, ["127.0.0.2"], ["10.0.0.1"])
        assert fetcher.fetch(checked.url("/a.png")) == b"checked"
    assert names.asked == [HOST]


@pytest.mark.parametrize("addresses", [["127.0.0.1", "10.0.0.1"], ["10.0.0.1", "127.0.0.1"], ["::1", "127.0.0.1"]])
def test_one_address_inside_is_enough_to_refuse(
    server: Stranger, names: Names, fetcher: Fetcher, addresses: list[str]
) -> None:
    names.say(HOST, addresses)
    with pytest.raises(FetchError):
        fetcher.fetch(server.url("/a.png"))
    assert server.connections == 0


def test_the_certificate_must_be_the_hosts(server: Stranger, names: Names, fetcher: Fetcher) -> None:
    names.say("other.example.com", ["127.0.0.1"])
    with pytest.raises(FetchError):
        fetcher.fetch(server.url("/a.png", "other.example.com"))
    with pytest.raises(FetchError):
        Fetcher(lambda _: True).fetch(server.url("/a.png"))  # trusts what everybody trusts
    assert server.hosts == []


def test_a_drip_ends_at_the_deadline(certificate: Certificate, server: Stranger, names: Names) -> None:
    has_hung_up = Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        say(b"")(handler)
        try:
            while True:
                handler.wfile.write(b"x")
                has_hung_up.wait(0.01)
        except OSError:
            has_hung_up.set()

    server.answers["/a.png"] = drip
    with pytest.raises(FetchError):
        Fetcher(lambda _: True, tls=certificate.trusting(), deadline=0.5).fetch(server.url("/a.png"))
    assert has_hung_up.wait(20)


def test_a_silent_name_server_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers.wait(60))
    with pytest.raises(FetchError):
        Fetcher(deadline=0.2).fetch(f"https://{HOST}/a.png")
    assert not answers.is_set()
    answers.set()


def test_slow_hosts_may_not_take_every_thread(server: Stranger, names: Names, fetcher: Fetcher) -> None:
    arrived, may_answer = Barrier(AT_ONCE + 1), Event()

    def wait(handler: BaseHTTPRequestHandler) -> None:
        arrived.wait(20)
        may_answer.wait(20)
        say(b"late")(handler)

    server.answers["/slow.png"] = wait
    with ThreadPoolExecutor(AT_ONCE) as pool:
        slow = [pool.submit(fetcher.fetch, server.url("/slow.png")) for _ in range(AT_ONCE)]
        arrived.wait(20)
        with pytest.raises(TooManyFetchesError):
            fetcher.fetch(server.url("/slow.png"))
        may_answer.set()
        assert {future.result() for future in slow} == {b"late"}
    server.answers["/a.png"] = say(b"there is room again")
    assert fetcher.fetch(server.url("/a.png")) == b"there is room again"
