"""The API key is in no message, no repr, no traceback with local variables, and no log line."""

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

from .conftest import API_KEY, quick_provider
from .test_never_sent import UNREACHABLE, listening, port_of

PATHS = {
    "regular": behaviors.REGULAR,
    "echoed": behaviors.refuse(401, message=f"The key {API_KEY} is unknown."),
    "echoed with an unknown outcome": behaviors.refuse(500, message=f"Bearer {API_KEY} broke it."),
    "echoed as the type": behaviors.refuse(403, API_KEY.replace("-", "_")),
    "echoed as the status": behaviors.amend(status=API_KEY, id=None),
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


def all_details(error: BaseException) -> str:
    # A context would keep the frames that hold the key.
    assert error.__context__ is None
    lines = traceback.TracebackException.from_exception(error, capture_locals=True).format()
    return "".join(lines) + repr(error) + repr(vars(error))


def test_the_provider_does_not_show_its_key():
    provider = Provider("https://api.example.com", API_KEY)
    assert API_KEY not in repr(provider) + str(provider) + f"{provider!r:>10}"


@pytest.mark.parametrize("name", PATHS)
def test_submit_shows_no_key(provider, scripted, image_request, caplog, name):
    scripted.script("submit", PATHS[name])
    try:
        shown = repr(provider.submit(image_request, idempotency_key="attempt-1"))
    except UpstreamError as error:
        shown = all_details(error)
    assert scripted.requests("submit")[0].headers["authorization"].endswith(API_KEY)
    assert API_KEY not in shown + caplog.text


@pytest.mark.parametrize("route", ["upload", "put"])
@pytest.mark.parametrize("name", PATHS)
def test_upload_shows_no_key(provider, scripted, caplog, route, name):
    scripted.script(route, PATHS[name])
    try:
        shown = provider.upload(b"image", "image/png")
    except UpstreamError as error:
        shown = all_details(error)
    assert API_KEY not in shown + caplog.text


@pytest.mark.parametrize("name", PATHS)
def test_polls_show_no_key(provider, scripted, caplog, name):
    scripted.always("poll", PATHS[name])
    [job] = scripted.make_jobs(1)
    shown = repr(provider.poll(job)) + repr(asyncio.run(poll_many(provider, [job])))
    assert API_KEY not in shown + caplog.text


@pytest.mark.parametrize("server", UNREACHABLE, ids=lambda server: server.__name__)
def test_a_request_that_is_never_sent_shows_no_key(server, image_request, caplog):
    with server() as url, pytest.raises(UpstreamError) as caught:
        quick_provider(url).submit(image_request, idempotency_key="attempt-1")
    assert API_KEY not in all_details(caught.value) + caplog.text


def test_a_write_that_times_out_shows_no_key(image_request, caplog):
    # The server does not read: the image fills the buffers of the kernel, and then the write blocks.
    large = image_request.model_copy(update={"image_uri": "data:image/png;base64," + "A" * 30_000_000})
    with listening() as server, pytest.raises(UpstreamError) as caught:
        quick_provider(f"http://127.0.0.1:{port_of(server)}").submit(large, idempotency_key="attempt-1")
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
def test_the_signature_of_a_video_url_is_shown_nowhere(provider, scripted, caplog, behavior):
    [job] = scripted.make_jobs(1)
    scripted.finish(job)
    outcome = provider.poll(job)
    scripted.script("download", behavior)
    shown = repr(outcome)
    try:
        shown += repr(download(outcome.video_url, io.BytesIO(), max_bytes=10**6, deadline_seconds=5))
    except UpstreamError as error:
        shown += str(error) + repr(vars(error)) + repr(error)
    assert scripted.count("download") == 1
    assert "signature" not in shown + caplog.text


def test_the_arguments_of_an_error_can_be_pickled_and_have_no_key(provider, scripted, image_request):
    scripted.script("submit", behaviors.refuse(429, retry_after=3))
    with pytest.raises(UpstreamError) as caught:
        provider.submit(image_request, idempotency_key="attempt-1")
    assert API_KEY.encode() not in pickle.dumps(caught.value.args)
