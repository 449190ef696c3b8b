"""Servers between us and S3 that fail in one certain way."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

Handler = Callable[[socket.socket], None]


@contextmanager
def serving(handle: Handler) -> Iterator[str]:
    """Answer each connection to the returned address with `handle`, in a thread of its own."""
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_accept, args=(listener, handle), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()


def answering(status: str, code: str) -> Handler:
    """Read a request and refuse it as S3 would."""
    body = f"<Error><Code>{code}</Code></Error>".encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\n\r\n"

    def handle(client: socket.socket) -> None:
        method = client.recv(65536).split(b" ", 1)[0]
        client.sendall(head.encode() + (b"" if method == b"HEAD" else body))

    return handle


def silent(client: socket.socket) -> None:
    """Take everything and never answer."""
    while client.recv(65536):
        pass


def losing_answers_to(method: bytes, endpoint: str) -> Handler:
    """Pass on every request, but close the connection instead of the answer to `method`."""

    def handle(client: socket.socket) -> None:
        address = urlsplit(endpoint)
        is_doomed = threading.Event()
        with socket.create_connection((address.hostname, address.port)) as server:
            threading.Thread(target=_copy, args=(client, server, method, is_doomed), daemon=True).start()
            while answer := server.recv(65536):
                if is_doomed.is_set() and not answer.startswith(b"HTTP/1.1 100 "):
                    return
                client.sendall(answer)

    return handle


def _accept(listener: socket.socket, handle: Handler) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_answer, args=(client, handle), daemon=True).start()


def _answer(client: socket.socket, handle: Handler) -> None:
    with client:
        try:
            handle(client)
        except OSError:
            return


def _copy(source: socket.socket, target: socket.socket, method: bytes, is_doomed: threading.Event) -> None:
    try:
        while data := source.recv(65536):
            if data.startswith(method):
                is_doomed.set()
            target.sendall(data)
    except OSError:
        return
