"""The URL of a finished video: no key, ranges, HEAD, and errors in the envelope."""

import httpx
import pytest

from .conftest import Rendered
from .process import EngineProcess
from .test_submit import error_message


@pytest.fixture
def url(rendered: Rendered) -> str:
    return rendered.status["result"]["video_url"]


@pytest.fixture
def content(rendered: Rendered) -> bytes:
    return rendered.path.read_bytes()


def test_it_is_an_mp4_without_a_key_or_redirect(url: str, content: bytes):
    response = httpx.get(url)
    assert response.status_code == 200
    assert response.headers["content-type"] == "video/mp4"
    assert response.headers["accept-ranges"] == "bytes"
    assert int(response.headers["content-length"]) == len(content) > 0
    assert response.content[4:8] == b"ftyp"


def test_head_returns_the_same_headers_without_a_body(url: str, content: bytes):
    response = httpx.head(url)
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["content-length"] == str(len(content))
    assert response.headers["content-type"] == "video/mp4"
    assert len(response.headers["x-request-id"]) == 32


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ("bytes=0-0", slice(0, 1)),
        ("bytes=100-299", slice(100, 300)),
        ("bytes=1000-", slice(1000, None)),
        ("bytes=-500", slice(-500, None)),
        ("bytes=5-999999999999", slice(5, None)),
    ],
)
def test_it_serves_a_range(url: str, content: bytes, wanted: str, part: slice):
    response = httpx.get(url, headers={"range": wanted})
    start, stop, _ = part.indices(len(content))
    assert response.status_code == 206
    assert response.headers["content-range"] == f"bytes {start}-{stop - 1}/{len(content)}"
    assert response.content == content[part]


@pytest.mark.parametrize("wanted", ["bytes=9-5", "bytes=", "lines=1-2", "bytes=a-b", "bytes=0-1,5-6", "nonsense"])
def test_it_ignores_a_range_it_does_not_understand(url: str, content: bytes, wanted: str):
    response = httpx.get(url, headers={"range": wanted})
    assert (response.status_code, len(response.content)) == (200, len(content))


@pytest.mark.parametrize("wanted", ["bytes=999999999999-", "bytes=-0"])
def test_a_range_beyond_the_end_is_rejected(url: str, content: bytes, wanted: str):
    response = httpx.get(url, headers={"range": wanted})
    error_message(response, 416, "invalid_request_error")
    assert response.headers["content-range"] == f"bytes */{len(content)}"


def test_a_range_of_another_version_returns_the_whole_file(url: str, content: bytes):
    response = httpx.get(url, headers={"range": "bytes=0-9", "if-range": '"other"'})
    assert (response.status_code, len(response.content)) == (200, len(content))


def test_an_unknown_video_is_not_found(engine: EngineProcess):
    error_message(httpx.get(f"{engine.url}/videos/nothing.mp4"), 404, "not_found_error")


def test_an_unfinished_job_has_no_video(engine: EngineProcess):
    job_id = engine.submit()
    error_message(httpx.get(f"{engine.url}/videos/{job_id}.mp4"), 404, "not_found_error")
