"""A scripted provider for each test, and a client with little patience."""

from collections.abc import Iterator

import pytest

from generations.contract.schemas import ImageToVideoRequest
from generations.upstream.client import Provider
from generations.upstream.wire import Patience
from tests.fakes.provider import ScriptedProvider
from tests.fakes.video import make_video

API_KEY = "planted-key-0f9a8b7c6d5e"
LITTLE_PATIENCE = Patience(connect=0.5, silence=1, total=1.5)


@pytest.fixture(scope="session")
def video() -> bytes:
    return make_video()


@pytest.fixture
def scripted(video: bytes) -> Iterator[ScriptedProvider]:
    with ScriptedProvider(video=video, api_key=API_KEY) as provider:
        yield provider


def impatient(base_url: str) -> Provider:
    return Provider(base_url, API_KEY, LITTLE_PATIENCE, LITTLE_PATIENCE, LITTLE_PATIENCE)


@pytest.fixture
def provider(scripted: ScriptedProvider) -> Provider:
    return impatient(scripted.base_url)


@pytest.fixture
def patient(scripted: ScriptedProvider) -> Provider:
    """For tests that keep the answer back, or that must not end by running out of time."""
    return Provider(scripted.base_url, API_KEY)


@pytest.fixture
def wish() -> ImageToVideoRequest:
    return ImageToVideoRequest(
        image_uri="ltx://uploads/still", prompt="It rains.", model="ltx-2-3-fast", duration=6, resolution="1280x720"
    )
