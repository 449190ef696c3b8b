"""An HTTPS server with a self-signed certificate, and fake DNS for its host name."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "images.example.com"


class Certificate:
    """A self-signed certificate for HOST."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "certificate.pem"
        self.path.write_bytes(_pem())

    def server(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path)
        return context

    def trusting(self) -> ssl.SSLContext:
        """Return a client context that trusts only this certificate."""
        return ssl.create_default_context(cafile=str(self.path))


class HttpsServer(ThreadingHTTPServer):
    """Calls the handler that the test set for the path. Records the `Host` header of every request."""

    daemon_threads = True

    def __init__(self, address: str, context: ssl.SSLContext) -> None:
        super().__init__((address, 0), _Handler)
        self.handlers: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {}
        self.hosts: list[str] = []
        self.connections = 0
        self._context = context

    def url(self, path: str, host: str = HOST) -> str:
        return f"https://{host}:{self.server_port}{path}"

    def get_request(self) -> tuple[Any, Any]:
        connection, address = super().get_request()
        self.connections += 1
        return self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Some tests close the connection on purpose."""


class _Handler(BaseHTTPRequestHandler):
    server: HttpsServer
    timeout = 30

    def do_GET(self) -> None:
        self.server.hosts.append(self.headers["Host"])
        self.server.handlers[self.path](self)

    def log_message(self, *_: object) -> None:
        pass


def respond_with(body: bytes, status: int = 200, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def handle(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return handle


@contextmanager
def https_server(certificate: Certificate, address: str = "127.0.0.1") -> Iterator[HttpsServer]:
    with HttpsServer(address, certificate.server()) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()


class FakeDns:
    """Replaces `socket.getaddrinfo`. Each lookup of a host returns its next list of addresses; the last one repeats."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._results: dict[str, list[list[str]]] = {}
        self.lookups: list[str] = []
        self._system = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self._getaddrinfo)

    def add(self, host: str, *results: list[str]) -> None:
        self._results[host] = list(results)

    def _getaddrinfo(self, host: Any, port: Any, *args: Any, **kwargs: Any) -> list[Any]:
        if host not in self._results:
            if str(host).endswith("example.com"):
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            return self._system(host, port, *args, **kwargs)
        self.lookups.append(host)
        left = self._results[host]
        addresses = left.pop(0) if len(left) > 1 else left[0]
        kinds = {True: socket.AF_INET6, False: socket.AF_INET}
        return [(kinds[":" in a], socket.SOCK_STREAM, 6, "", (a, port)) for a in addresses]


def _pem() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)
