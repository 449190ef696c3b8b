"""Error reports name the place of the error and contain nothing that a user typed and no secret."""

import json
import socketserver
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest

FAULT = """
import sys
sys.modules["brotli"] = None  # this tracker reads gzip
from pydantic import SecretStr
from project.logs import report_errors

report_errors(SecretStr(sys.argv[1]))

def fetch(address, prompt):
    wallet = None
    return wallet.posted

try:
    fetch("https://example.com/take.mp4?signature=planted", "A planted prompt.")
except AttributeError as error:
    import sentry_sdk
    sentry_sdk.capture_exception(error)
    sentry_sdk.flush(10)
"""


class Tracker(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    received: list[str]


class _Handler(BaseHTTPRequestHandler):
    server: Tracker

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.headers.get("content-encoding") == "gzip":
            body = zlib.decompress(body, zlib.MAX_WBITS | 16)
        self.server.received.append(body.decode())
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def tracker() -> Iterator[Tracker]:
    with Tracker(("127.0.0.1", 0), _Handler) as server:
        server.received = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_an_error_report_contains_no_variables(tracker: Tracker) -> None:
    dsn = f"http://public@127.0.0.1:{tracker.server_address[1]}/1"
    subprocess.run([sys.executable, "-c", FAULT, dsn], check=True, timeout=60)
    report = "".join(tracker.received)
    assert "AttributeError" in report
    assert json.dumps("fetch") in report
    assert "planted" not in report
