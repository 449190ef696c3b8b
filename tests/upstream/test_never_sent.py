"""What the provider cannot have seen: not one byte of the request was written."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest

from generations.upstream.answers import PollError
from generations.upstream.errors import NeverSentError, Problem, UnknownOutcomeError
from generations.upstream.polling import poll_many

from .conftest import impatient


@contextmanager
def listening(backlog: int = 16) -> Iterator[socket.socket]:
    with closing(socket.socket()) as server:
        server.bind(("127.0.0.1", 0))
        server.listen(backlog)
        yield server


def port_of(server: socket.socket) -> int:
    return server.getsockname()[1]


@contextmanager
def refused() -> Iterator[str]:
    with closing(socket.socket()) as bound:
        # Bound but not listening: the port is taken, and nobody answers.
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{port_of(bound)}"


@contextmanager
def name_unknown() -> Iterator[str]:
    yield "http://nowhere.invalid"


@contextmanager
def name_impossible() -> Iterator[str]:
    yield f"http://{'a' * 64}.example"


@contextmanager
def connect_time_out() -> Iterator[str]:
    with listening(backlog=0) as server, ExitStack() as stack:
        # The queue of connections nobody accepts is full, so the next one gets no answer.
        for _ in range(4):
            waiting = stack.enter_context(closing(socket.socket()))
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{port_of(server)}"


@contextmanager
def answering(reply: bytes | None) -> Iterator[str]:
    """A TLS port at which something else answers; None says nothing at all."""
    with listening() as server, ExitStack() as stack:

        def accept() -> None:
            while True:
                try:
                    peer, _ = server.accept()
                except OSError:
                    return
                stack.callback(peer.close)
                if reply is not None:
                    peer.recv(65536)
                    peer.sendall(reply)
                    peer.close()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{port_of(server)}"
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)


@contextmanager
def tls_refused() -> Iterator[str]:
    with answering(b"HTTP/1.1 400 Bad Request\r\n\r\n") as url:
        yield url


@contextmanager
def tls_cut_off() -> Iterator[str]:
    with answering(b"") as url:
        yield url


@contextmanager
def tls_silent() -> Iterator[str]:
    with answering(None) as url:
        yield url


PLACES = [refused, name_impossible, connect_time_out, tls_refused, tls_cut_off, tls_silent]


@pytest.mark.parametrize("place", [*PLACES, name_unknown], ids=lambda place: place.__name__)
def test_a_submit_is_never_sent(place, wish):
    with place() as url, pytest.raises(NeverSentError) as caught:
        impatient(url).submit(wish, idempotency_key="attempt-1")
    assert caught.value.message


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
def test_a_poll_finds_it_unreachable(place):
    with place() as url:
        outcome = impatient(url).poll("job")
    assert isinstance(outcome, PollError)
    assert outcome.kind is Problem.UNREACHABLE


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
def test_a_batch_gives_up_after_the_first_polls(place):
    jobs = [f"job-{number}" for number in range(200)]
    with place() as url:
        outcomes = asyncio.run(poll_many(impatient(url), jobs))
    assert outcomes.keys() == set(jobs)
    kinds = [outcome.kind for outcome in outcomes.values()]
    assert set(kinds) == {Problem.UNREACHABLE, Problem.NOT_ASKED}


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
def test_an_upload_is_never_sent(place):
    with place() as url, pytest.raises(NeverSentError):
        impatient(url).upload(b"still", "image/png")


def test_a_submit_that_was_cut_short_is_in_doubt(wish):
    """The other side of the line: the connection stood, and a part of the request went out."""
    with answering(b"") as url, pytest.raises(UnknownOutcomeError):
        impatient(url.replace("https", "http")).submit(wish, idempotency_key="attempt-1")
