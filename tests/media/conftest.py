"""Real storages."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from generations.media.s3 import S3Storage
from generations.media.storages import FileStorage
from tests.media.weed import s3_storage, weed


@pytest.fixture
def media_root(tmp_path: Path, settings) -> Path:
    """Store the media of one test in its own directory."""
    root = tmp_path / "media"
    options = {"location": root, "base_url": None}
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "generations.media.storages.FileStorage", "OPTIONS": options},
    }
    return root


@pytest.fixture
def files(tmp_path: Path) -> FileStorage:
    return FileStorage(location=tmp_path / "files")


@pytest.fixture(scope="session")
def s3_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with weed(tmp_path_factory.mktemp("weed")) as endpoint:
        yield endpoint


@pytest.fixture
def s3(s3_endpoint: str) -> S3Storage:
    return s3_storage(s3_endpoint)


@pytest.fixture(params=["files", "s3"])
def storage(request: pytest.FixtureRequest) -> FileStorage | S3Storage:
    """Run the test once with each storage."""
    return request.getfixturevalue(request.param)
