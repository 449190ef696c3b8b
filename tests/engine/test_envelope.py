"""Errors of the other routes also use the contract's envelope."""

import httpx
import pytest

from .process import EngineProcess
from .test_submit import error_message


@pytest.mark.parametrize("path", ["/", "/nothing", "/v1/image-to-video", "/v2/text-to-video", "/v2/image-to-video/a/b"])
def test_an_unknown_route_is_not_found(client: httpx.Client, path: str):
    error_message(client.get(path), 404, "not_found_error")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v2/image-to-video", "POST"),
        ("DELETE", "/v2/image-to-video/1", "GET"),
        ("PUT", "/v1/upload", "POST"),
        ("POST", "/videos/1.mp4", "GET"),
        ("POST", "/healthz", "GET"),
        ("GET", "/uploads/1", "PUT"),
    ],
)
def test_a_wrong_method_is_rejected_with_the_allowed_ones(client: httpx.Client, method: str, path: str, allowed: str):
    response = client.request(method, path)
    error_message(response, 405, "invalid_request_error")
    assert allowed in response.headers["allow"]


@pytest.mark.parametrize("path", ["/healthz", "/healthz/", "//healthz"])
def test_health_needs_no_key_and_no_exact_slashes(engine: EngineProcess, path: str):
    response = httpx.get(engine.url + path)
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_request_ids_differ(client: httpx.Client):
    assert len({client.get("/healthz").headers["x-request-id"] for _ in range(5)}) == 5


def test_an_unexpected_error_is_an_api_error_without_details(start_engine):
    engine = start_engine()
    (engine.data_dir / "uploads").rename(engine.data_dir / "elsewhere")
    with engine.client() as client:
        message = error_message(client.post("/v1/upload"), 500, "api_error")
        assert str(engine.data_dir) not in message
        assert client.get("/healthz").status_code == 200
