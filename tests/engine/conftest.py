"""Fixtures: a shared engine, engines for single tests that break them, and one rendered video."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from .images import data_uri, encoded, photo
from .process import EngineProcess


@dataclass(frozen=True)
class Rendered:
    """A completed job: its images, the last poll response and the downloaded file."""

    first: Image.Image
    last: Image.Image
    status: dict[str, Any]
    path: Path


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """An engine for the whole suite with a long queue."""
    process = EngineProcess(tmp_path_factory.mktemp("engine"), queue_size="100")
    yield process
    process.close()


@pytest.fixture
def start_engine(tmp_path: Path) -> Iterator[Callable[..., EngineProcess]]:
    """Start an engine for one test with its own settings."""
    started: list[EngineProcess] = []

    def start(**settings: str) -> EngineProcess:
        started.append(EngineProcess(tmp_path / "engine", **settings))
        return started[-1]

    yield start
    for process in started:
        process.close()


@pytest.fixture
def client(engine: EngineProcess) -> Iterator[httpx.Client]:
    with engine.client() as client:
        yield client


@pytest.fixture(scope="session")
def rendered(engine: EngineProcess, tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    """Two unrelated images and sound, rendered over HTTP."""
    first, last = photo(1000, 800, seed=1), photo(900, 1200, seed=2)
    job_id = engine.submit(
        image_uri=data_uri(encoded(first)),
        last_frame_uri=data_uri(encoded(last, "WEBP", lossless=True), "image/webp"),
        camera_motion="dolly_left",
    )
    status = engine.finished(job_id)
    path = tmp_path_factory.mktemp("rendered") / "video.mp4"
    path.write_bytes(httpx.get(status["result"]["video_url"]).raise_for_status().content)
    return Rendered(first, last, status, path)
