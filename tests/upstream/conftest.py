"""A scripted provider for each test, and a client with short time-outs."""

from collections.abc import Iterator

import pytest

from generations.contract.schemas import ImageToVideoRequest
from generations.upstream.client import Provider
from generations.upstream.http import Timeouts
from tests.fakes.provider import ScriptedProvider
from tests.fakes.video import make_video

API_KEY = "planted-key-0f9a8b7c6d5e"
SHORT_TIMEOUTS = Timeouts(connect=0.5, idle=1, total=1.5)


@pytest.fixture(scope="session")
def video() -> bytes:
    return make_video()


@pytest.fixture
def scripted(video: bytes) -> Iterator[ScriptedProvider]:
    with ScriptedProvider(video=video, api_key=API_KEY) as provider:
        yield provider


def quick_provider(base_url: str) -> Provider:
    return Provider(base_url, API_KEY, SHORT_TIMEOUTS, SHORT_TIMEOUTS, SHORT_TIMEOUTS)


@pytest.fixture
def provider(scripted: ScriptedProvider) -> Provider:
    return quick_provider(scripted.base_url)


@pytest.fixture
def patient_provider(scripted: ScriptedProvider) -> Provider:
    """A client with the normal time-outs, for tests that delay the response or must not end by a time-out."""
    return Provider(scripted.base_url, API_KEY)


@pytest.fixture
def image_request() -> ImageToVideoRequest:
    return ImageToVideoRequest(
        image_uri="ltx://uploads/image", prompt="It rains.", model="ltx-2-3-fast", duration=6, resolution="1280x720"
    )
