import hashlib
import io
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generations.upstream.download import Downloaded, download, is_complete_mp4
from generations.upstream.errors import (
    BadUrlError,
    DownloadError,
    DownloadFailedError,
    ExpiredUrlError,
    TooLargeError,
    TooSlowError,
    TruncatedError,
    WrongContentError,
)
from tests.fakes import behaviors
from tests.fakes.provider import ScriptedProvider
from tests.fakes.video import make_video

PLENTY = 10_000_000
VIDEO = make_video()


@pytest.fixture
def url(scripted: ScriptedProvider) -> str:
    [job] = scripted.make_jobs(1)
    scripted.finish(job)
    return f"{scripted.base_url}/_files/{job}.mp4?signature=scripted"


def fetch(url: str, *, max_bytes: int = PLENTY, deadline_seconds: float = 5) -> Downloaded:
    return download(url, io.BytesIO(), max_bytes=max_bytes, deadline_seconds=deadline_seconds)


@pytest.mark.parametrize(
    "behavior",
    [
        behaviors.REGULAR,
        behaviors.chunked(),
        behaviors.unframed(),
        behaviors.typed("video/mp4; codecs=avc1"),
        behaviors.typed("application/octet-stream"),
        behaviors.Behavior(headers={"content-encoding": "identity"}),
    ],
)
def test_it_downloads_the_video(scripted, url, video, behavior):
    scripted.script("download", behavior)
    target = io.BytesIO()
    result = download(url, target, max_bytes=PLENTY, deadline_seconds=5)
    assert target.getvalue() == video
    assert (result.bytes, result.sha256) == (len(video), hashlib.sha256(video).hexdigest())


def test_it_sends_no_key_and_requests_no_encoding(scripted, url):
    fetch(url)
    [request] = scripted.requests("download")
    assert "authorization" not in request.headers
    assert request.headers["accept-encoding"] == "identity"


def test_it_reports_its_progress(scripted, url, video):
    seen: list[int] = []
    download(url, io.BytesIO(), max_bytes=PLENTY, deadline_seconds=5, on_chunk=seen.append)
    assert seen[-1] == len(video)


def test_it_reports_its_progress_for_each_piece(scripted, url):
    scripted.script("download", behaviors.endless())
    seen: list[int] = []
    with pytest.raises(TooLargeError):
        download(url, io.BytesIO(), max_bytes=1_000_000, deadline_seconds=20, on_chunk=seen.append)
    assert len(seen) > 3
    assert seen == sorted(set(seen))


@pytest.mark.parametrize("status", [403, 404, 410])
def test_an_expired_url_is_reported_as_such(scripted, url, status):
    scripted.script("download", behaviors.html(status))
    with pytest.raises(ExpiredUrlError):
        fetch(url)


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 416, 429, 500, 502, 503, 504, 206, 204])
def test_another_status_can_be_tried_again(scripted, url, status):
    scripted.script("download", behaviors.respond(status, b"", "video/mp4"))
    with pytest.raises(DownloadFailedError) as caught:
        fetch(url)
    assert caught.value.status == status


def test_it_follows_no_redirect(scripted, url):
    redirect = behaviors.Behavior(status=302, body=b"", headers={"location": f"{scripted.base_url}/_files/other.mp4"})
    scripted.script("download", redirect)
    with pytest.raises(DownloadFailedError):
        fetch(url)
    assert scripted.count("download") == 1


@pytest.mark.parametrize("after", [0, 1, 7, 8, 31, 32, 500, -1])
@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_a_truncated_video_is_detected_at_any_length(scripted, url, framing, after):
    scripted.script("download", behaviors.truncated(after, framing))
    with pytest.raises((TruncatedError, WrongContentError)) as caught:
        fetch(url)
    assert isinstance(caught.value, TruncatedError) or (framing, after) == ("close", 0)


@pytest.mark.parametrize("behavior", [behaviors.drop(), behaviors.reset()], ids=["drop", "reset"])
def test_a_lost_response_can_be_tried_again(scripted, url, behavior):
    scripted.script("download", behavior)
    with pytest.raises(DownloadFailedError):
        fetch(url)


def test_an_unreachable_storage_can_be_tried_again():
    with pytest.raises(DownloadFailedError):
        fetch("http://127.0.0.1:1/video.mp4")


SLOW = {
    "silent": behaviors.hang(),
    "drip in the head": behaviors.slow_drip(0.05, in_head=True),
    "drip in the body": behaviors.slow_drip(0.05),
    "drip of chunks": behaviors.Behavior(framing="chunked", drip_seconds=0.05),
}


# The deadline is much shorter than the time-out of a read, so only the deadline can end these in time.
@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", SLOW)
def test_the_deadline_covers_the_whole_transfer(scripted, url, name):
    scripted.always("download", SLOW[name])
    with pytest.raises(TooSlowError):
        fetch(url, deadline_seconds=0.3)


class DevNull(io.BytesIO):
    def write(self, data: object, /) -> int:
        return 0


@pytest.mark.timeout(20)
def test_the_deadline_ends_an_endless_fast_body(scripted, url):
    scripted.script("download", behaviors.endless())
    with pytest.raises(TooSlowError):
        download(url, DevNull(), max_bytes=10**15, deadline_seconds=0.3)


WRONG = {
    "html": behaviors.typed("text/html"),
    "html page": behaviors.html(200),
    "json": behaviors.respond(200, b'{"error": "expired"}', "application/json"),
    "image": behaviors.typed("image/png"),
    "html with a video type": behaviors.respond(200, b"<!doctype html><title>Sign in</title>", "video/mp4"),
    "text without a type": behaviors.respond(200, b"gone", "application/octet-stream"),
    "another container": behaviors.respond(200, b"\x1aE\xdf\xa3" + b"\0" * 500, "video/mp4"),
    "zero bytes": behaviors.zero_bytes(),
    "zero bytes without a length": behaviors.Behavior(body=b"", framing="close"),
    "gzip bomb": behaviors.gzip_bomb(),
    "brotli": behaviors.Behavior(headers={"content-encoding": "br"}),
}


@pytest.mark.parametrize("name", WRONG)
def test_other_content_is_rejected(scripted, url, name):
    scripted.script("download", WRONG[name])
    target = io.BytesIO()
    with pytest.raises(DownloadError) as caught:
        download(url, target, max_bytes=PLENTY, deadline_seconds=5)
    assert isinstance(caught.value, TruncatedError if name == "text without a type" else WrongContentError)
    assert len(target.getvalue()) < 10


def test_a_length_over_the_limit_is_rejected_before_the_first_byte(scripted, url, video):
    scripted.script("download", behaviors.slow_drip(0.05))
    with pytest.raises(TooLargeError, match=f"{len(video):,} bytes"):
        fetch(url, max_bytes=len(video) - 1)


def test_the_limit_itself_is_allowed(scripted, url, video):
    assert fetch(url, max_bytes=len(video)).bytes == len(video)


@pytest.mark.parametrize("framing", ["chunked", "close"])
def test_an_endless_body_ends_at_the_limit(scripted, url, framing):
    scripted.script("download", behaviors.endless(framing))
    target = io.BytesIO()
    with pytest.raises(TooLargeError):
        download(url, target, max_bytes=1_000_000, deadline_seconds=20)
    assert len(target.getvalue()) <= 1_000_000


@pytest.mark.parametrize(
    "url", ["", "/video.mp4", "video.mp4", "file:///etc/passwd", "ftp://example.com/v.mp4", "http://", "http://a:b@c/v"]
)
def test_only_absolute_http_urls_are_fetched(url):
    with pytest.raises(BadUrlError):
        fetch(url)


class StopDownloadError(Exception):
    pass


def test_the_caller_can_stop_it(scripted, url):
    scripted.script("download", behaviors.endless())

    def lose_lease(_: int) -> None:
        raise StopDownloadError

    with pytest.raises(StopDownloadError):
        download(url, io.BytesIO(), max_bytes=PLENTY, deadline_seconds=5, on_chunk=lose_lease)


def test_a_full_disk_raises_its_own_error(scripted, url):
    class FullDisk(io.BytesIO):
        def write(self, data: object, /) -> int:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        download(url, FullDisk(), max_bytes=PLENTY, deadline_seconds=5)


def test_it_leaves_no_connection_and_no_thread_behind(scripted, url):
    before = threading.active_count()
    scripted.script("download", behaviors.hang())
    with pytest.raises(TooSlowError):
        fetch(url, deadline_seconds=0.1)
    assert threading.active_count() == before


def is_complete(data: bytes) -> bool:
    return is_complete_mp4(io.BytesIO(data), len(data))


def box(name: bytes, body: bytes = b"", *, size: int | None = None) -> bytes:
    return (len(body) + 8 if size is None else size).to_bytes(4, "big") + name + body


FTYP = box(b"ftyp", b"isom") + box(b"moov")


def test_a_whole_file_is_complete_and_a_truncated_one_never():
    assert is_complete(VIDEO)
    assert [end for end in range(len(VIDEO)) if is_complete(VIDEO[:end])] == []


@given(tail=st.binary(min_size=1, max_size=7))
def test_an_incomplete_header_at_the_end_is_detected(tail):
    assert not is_complete(VIDEO + tail)


def test_a_64_bit_size_is_read():
    large = box(b"mdat", (16 + 20).to_bytes(8, "big") + b"x" * 20, size=1)
    assert is_complete(FTYP + large)
    assert not any(is_complete((FTYP + large)[:-cut]) for cut in range(1, len(large)))


def test_index_and_media_are_required():
    assert is_complete(FTYP + box(b"mdat"))
    assert not is_complete(FTYP)
    assert not is_complete(box(b"ftyp") + box(b"mdat"))


def test_the_last_box_may_extend_to_the_end():
    assert is_complete(FTYP + box(b"mdat", b"x" * 99, size=0))


def test_an_impossible_size_is_not_complete():
    assert not is_complete(FTYP + box(b"mdat", size=5))
    assert not is_complete(FTYP + box(b"mdat", (9).to_bytes(8, "big"), size=1))


@given(data=st.binary(max_size=300))
def test_any_bytes_can_be_checked(data):
    assert not is_complete(data) or (b"moov" in data and b"mdat" in data)
