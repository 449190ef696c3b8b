"""Servers in front of S3 that each fail in one way."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

Handler = Callable[[socket.socket], None]


@contextmanager
def serving(handle: Handler) -> Iterator[str]:
    """Pass each connection to the yielded URL to `handle`, in its own thread."""
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_accept, args=(listener, handle), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()


def responding(status: str, code: str) -> Handler:
    """Read a request and return an error as S3 does."""
    body = f"<Error><Code>{code}</Code></Error>".encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\n\r\n"

    def handle(client: socket.socket) -> None:
        method = client.recv(65536).split(b" ", 1)[0]
        client.sendall(head.encode() + (b"" if method == b"HEAD" else body))

    return handle


def silent(client: socket.socket) -> None:
    """Read everything and never respond."""
    while client.recv(65536):
        pass


def losing_responses_to(method: bytes, endpoint: str) -> Handler:
    """Forward every request, but close the connection instead of sending the response to `method`."""

    def handle(client: socket.socket) -> None:
        address = urlsplit(endpoint)
        must_close = threading.Event()
        with socket.create_connection((address.hostname, address.port)) as server:
            threading.Thread(target=_copy, args=(client, server, method, must_close), daemon=True).start()
            while response := server.recv(65536):
                if must_close.is_set() and not response.startswith(b"HTTP/1.1 100 "):
                    return
                client.sendall(response)

    return handle


def _accept(listener: socket.socket, handle: Handler) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_serve, args=(client, handle), daemon=True).start()


def _serve(client: socket.socket, handle: Handler) -> None:
    with client:
        try:
            handle(client)
        except OSError:
            return


def _copy(source: socket.socket, target: socket.socket, method: bytes, must_close: threading.Event) -> None:
    try:
        while data := source.recv(65536):
            if data.startswith(method):
                must_close.set()
            target.sendall(data)
    except OSError:
        return
