"""The link of a finished video: no key, ranges, HEAD, and errors in the envelope."""

import httpx
import pytest

from .conftest import Rendered
from .process import EngineProcess
from .test_submit import refusal


@pytest.fixture
def url(rendered: Rendered) -> str:
    return rendered.status["result"]["video_url"]


@pytest.fixture
def content(rendered: Rendered) -> bytes:
    return rendered.path.read_bytes()


def test_it_is_an_mp4_that_needs_no_key_and_no_redirect(url: str, content: bytes):
    answer = httpx.get(url)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["accept-ranges"] == "bytes"
    assert int(answer.headers["content-length"]) == len(content) > 0
    assert answer.content[4:8] == b"ftyp"


def test_head_tells_the_same_without_the_bytes(url: str, content: bytes):
    answer = httpx.head(url)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(content))
    assert answer.headers["content-type"] == "video/mp4"
    assert len(answer.headers["x-request-id"]) == 32


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
def test_it_answers_a_range(url: str, content: bytes, wanted: str, part: slice):
    answer = httpx.get(url, headers={"range": wanted})
    start, stop, _ = part.indices(len(content))
    assert answer.status_code == 206
    assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/{len(content)}"
    assert answer.content == content[part]


@pytest.mark.parametrize("wanted", ["bytes=9-5", "bytes=", "lines=1-2", "bytes=a-b", "bytes=0-1,5-6", "nonsense"])
def test_it_ignores_a_range_it_does_not_understand(url: str, content: bytes, wanted: str):
    answer = httpx.get(url, headers={"range": wanted})
    assert (answer.status_code, len(answer.content)) == (200, len(content))


@pytest.mark.parametrize("wanted", ["bytes=999999999999-", "bytes=-0"])
def test_a_range_beyond_the_end_is_refused(url: str, content: bytes, wanted: str):
    answer = httpx.get(url, headers={"range": wanted})
    refusal(answer, 416, "invalid_request_error")
    assert answer.headers["content-range"] == f"bytes */{len(content)}"


def test_a_range_of_an_older_version_gives_the_whole(url: str, content: bytes):
    answer = httpx.get(url, headers={"range": "bytes=0-9", "if-range": '"other"'})
    assert (answer.status_code, len(answer.content)) == (200, len(content))


def test_a_video_that_is_not_there_is_not_found(engine: EngineProcess):
    refusal(httpx.get(f"{engine.url}/videos/nothing.mp4"), 404, "not_found_error")


def test_an_unfinished_job_has_no_video(engine: EngineProcess):
    job_id = engine.submit()
    refusal(httpx.get(f"{engine.url}/videos/{job_id}.mp4"), 404, "not_found_error")
