"""A planted key through every path: it is in no message, no repr, no traceback with its locals, and no log line."""

import asyncio
import io
import logging
import pickle
import traceback

import pytest

from generations.upstream.client import Provider
from generations.upstream.download import download
from generations.upstream.errors import UpstreamError
from generations.upstream.polling import poll_many
from tests.fakes import behaviors

from .conftest import API_KEY, impatient
from .test_never_sent import PLACES, listening, port_of

PATHS = {
    "regular": behaviors.REGULAR,
    "echoed": behaviors.refuse(401, message=f"The key {API_KEY} is unknown."),
    "echoed in doubt": behaviors.refuse(500, message=f"Bearer {API_KEY} broke it."),
    "echoed as the type": behaviors.refuse(403, API_KEY.replace("-", "_")),
    "echoed as a word": behaviors.amend(status=API_KEY, id=None),
    "html": behaviors.html(502),
    "drop": behaviors.drop(),
    "reset": behaviors.reset(),
    "hang": behaviors.hang(),
    "bad json": behaviors.bad_json(),
    "too large a head": behaviors.Behavior(status=200, headers={"x-filler": "y" * 200_000}),
}


@pytest.fixture(autouse=True)
def _all_logs(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "asyncio"):
        caplog.set_level(logging.DEBUG, logger=name)


def everything_told(error: BaseException) -> str:
    # A context would keep the frames that wrote the key to the socket.
    assert error.__context__ is None
    lines = traceback.TracebackException.from_exception(error, capture_locals=True).format()
    return "".join(lines) + repr(error) + repr(vars(error))


def test_the_provider_does_not_show_its_key():
    provider = Provider("https://api.example.com", API_KEY)
    assert API_KEY not in repr(provider) + str(provider) + f"{provider!r:>10}"


@pytest.mark.parametrize("name", PATHS)
def test_submit_tells_nothing(provider, scripted, wish, caplog, name):
    scripted.script("submit", PATHS[name])
    try:
        told = repr(provider.submit(wish, idempotency_key="attempt-1"))
    except UpstreamError as error:
        told = everything_told(error)
    assert scripted.requests("submit")[0].headers["authorization"].endswith(API_KEY)
    assert API_KEY not in told + caplog.text


@pytest.mark.parametrize("route", ["upload", "put"])
@pytest.mark.parametrize("name", PATHS)
def test_upload_tells_nothing(provider, scripted, caplog, route, name):
    scripted.script(route, PATHS[name])
    try:
        told = provider.upload(b"still", "image/png")
    except UpstreamError as error:
        told = everything_told(error)
    assert API_KEY not in told + caplog.text


@pytest.mark.parametrize("name", PATHS)
def test_polls_tell_nothing(provider, scripted, caplog, name):
    scripted.always("poll", PATHS[name])
    [job] = scripted.make_jobs(1)
    told = repr(provider.poll(job)) + repr(asyncio.run(poll_many(provider, [job])))
    assert API_KEY not in told + caplog.text


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
def test_what_is_never_sent_tells_nothing(place, wish, caplog):
    with place() as url, pytest.raises(UpstreamError) as caught:
        impatient(url).submit(wish, idempotency_key="attempt-1")
    assert API_KEY not in everything_told(caught.value) + caplog.text


def test_a_write_that_times_out_tells_nothing(wish, caplog):
    # Nobody reads: the picture fills the buffers of the kernel, and then nothing moves.
    large = wish.model_copy(update={"image_uri": "data:image/png;base64," + "A" * 30_000_000})
    with listening() as server, pytest.raises(UpstreamError) as caught:
        impatient(f"http://127.0.0.1:{port_of(server)}").submit(large, idempotency_key="attempt-1")
    assert "WriteTimeout" in str(caught.value)
    assert caught.value.__context__ is None
    assert API_KEY not in str(caught.value) + repr(vars(caught.value)) + caplog.text


@pytest.mark.parametrize(
    "behavior",
    [
        behaviors.REGULAR,
        behaviors.html(403),
        behaviors.html(500),
        behaviors.drop(),
        behaviors.truncated(9),
        behaviors.typed("text/html"),
    ],
)
def test_the_signature_of_a_video_url_is_told_nowhere(provider, scripted, caplog, behavior):
    [job] = scripted.make_jobs(1)
    scripted.finish(job)
    outcome = provider.poll(job)
    scripted.script("download", behavior)
    told = repr(outcome)
    try:
        told += repr(download(outcome.video_url, io.BytesIO(), max_bytes=10**6, deadline_seconds=5))
    except UpstreamError as error:
        told += str(error) + repr(vars(error)) + repr(error)
    assert scripted.count("download") == 1
    assert "signature" not in told + caplog.text


def test_errors_survive_a_trip_between_processes(provider, scripted, wish):
    scripted.script("submit", behaviors.refuse(429, retry_after=3))
    with pytest.raises(UpstreamError) as caught:
        provider.submit(wish, idempotency_key="attempt-1")
    assert API_KEY.encode() not in pickle.dumps(caught.value.args)
