"""Errors before the first byte of the request is written: the provider cannot know of it."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest

from generations.upstream.errors import NeverSentError, Problem, UnknownOutcomeError
from generations.upstream.outcomes import PollError
from generations.upstream.polling import poll_many

from .conftest import quick_provider


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
        # Bound but not listening: connections are refused.
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
        # The backlog is full, so the next connection gets no response.
        for _ in range(4):
            waiting = stack.enter_context(closing(socket.socket()))
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{port_of(server)}"


@contextmanager
def tls_server(reply: bytes | None) -> Iterator[str]:
    """A port without TLS that sends `reply`, or nothing at all if it is None."""
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
    with tls_server(b"HTTP/1.1 400 Bad Request\r\n\r\n") as url:
        yield url


@contextmanager
def tls_cut_off() -> Iterator[str]:
    with tls_server(b"") as url:
        yield url


@contextmanager
def tls_silent() -> Iterator[str]:
    with tls_server(None) as url:
        yield url


UNREACHABLE = [refused, name_impossible, connect_time_out, tls_refused, tls_cut_off, tls_silent]


@pytest.mark.parametrize("server", [*UNREACHABLE, name_unknown], ids=lambda server: server.__name__)
def test_a_submit_is_never_sent(server, image_request):
    with server() as url, pytest.raises(NeverSentError) as caught:
        quick_provider(url).submit(image_request, idempotency_key="attempt-1")
    assert caught.value.message


@pytest.mark.parametrize("server", UNREACHABLE, ids=lambda server: server.__name__)
def test_a_poll_reports_an_unreachable_provider(server):
    with server() as url:
        outcome = quick_provider(url).poll("job")
    assert isinstance(outcome, PollError)
    assert outcome.kind is Problem.UNREACHABLE


@pytest.mark.parametrize("server", UNREACHABLE, ids=lambda server: server.__name__)
def test_a_batch_stops_after_the_first_polls(server):
    jobs = [f"job-{number}" for number in range(200)]
    with server() as url:
        outcomes = asyncio.run(poll_many(quick_provider(url), jobs))
    assert outcomes.keys() == set(jobs)
    kinds = [outcome.kind for outcome in outcomes.values()]
    assert set(kinds) == {Problem.UNREACHABLE, Problem.NOT_POLLED}


@pytest.mark.parametrize("server", UNREACHABLE, ids=lambda server: server.__name__)
def test_an_upload_is_never_sent(server):
    with server() as url, pytest.raises(NeverSentError):
        quick_provider(url).upload(b"image", "image/png")


def test_a_submit_that_was_sent_in_part_is_unknown(image_request):
    """The opposite case: the connection was open, and a part of the request was written."""
    with tls_server(b"") as url, pytest.raises(UnknownOutcomeError):
        quick_provider(url.replace("https", "http")).submit(image_request, idempotency_key="attempt-1")
