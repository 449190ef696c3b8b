"""Every failure of S3 becomes a StorageError, and a retry is always safe."""

import pytest
from botocore.config import Config
from django.core.files.base import ContentFile

from generations.media.s3 import S3Storage
from generations.media.storages import MissingFileError, StorageError, StorageFullError
from tests.media.proxies import Handler, losing_responses_to, responding, serving, silent
from tests.media.weed import s3_client, s3_storage

ONCE = {"total_max_attempts": 1}
CALLS = {
    "save": lambda storage: storage.save("a.jpg", ContentFile(b"image")),
    "open": lambda storage: storage.open("a.jpg"),
    "stream": lambda storage: storage.stream("a.jpg", 0, 5),
    "size": lambda storage: storage.size("a.jpg"),
    "exists": lambda storage: storage.exists("a.jpg"),
    "delete": lambda storage: storage.delete("a.jpg"),
}


def storage_with_timeout(endpoint: str, seconds: float = 0.3) -> S3Storage:
    return s3_storage(endpoint, client_config=Config(connect_timeout=1, read_timeout=seconds, retries=ONCE))


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "handle",
    [
        responding("500 Internal Server Error", "InternalError"),
        responding("503 Slow Down", "SlowDown"),
        responding("403 Forbidden", "AccessDenied"),
        silent,
        lambda client: None,
    ],
    ids=["500", "503", "403", "no response", "closes"],
)
def test_every_failure_is_a_storage_error(call: str, handle: Handler):
    with serving(handle) as endpoint, pytest.raises(StorageError) as failure:
        CALLS[call](storage_with_timeout(endpoint))

    assert not isinstance(failure.value, MissingFileError | StorageFullError)


def test_a_refused_connection_is_a_storage_error():
    with serving(silent) as endpoint:
        pass

    with pytest.raises(StorageError):
        storage_with_timeout(endpoint).save("a.jpg", ContentFile(b"image"))


def test_a_full_bucket_is_a_storage_full_error():
    with (
        serving(responding("507 Insufficient Storage", "InsufficientStorage")) as endpoint,
        pytest.raises(StorageFullError),
    ):
        storage_with_timeout(endpoint).save("a.jpg", ContentFile(b"image"))


def test_a_missing_bucket_is_not_a_missing_file():
    with serving(responding("404 Not Found", "NoSuchBucket")) as endpoint, pytest.raises(StorageError) as failure:
        storage_with_timeout(endpoint).save("a.jpg", ContentFile(b"image"))

    assert not isinstance(failure.value, MissingFileError)


def test_a_retry_after_a_lost_response_finds_the_object(s3: S3Storage, s3_endpoint: str):
    name = "lost/response.jpg"
    with serving(losing_responses_to(b"PUT", s3_endpoint)) as endpoint:
        with pytest.raises(StorageError):
            storage_with_timeout(endpoint, seconds=20).save(name, ContentFile(b"image"))
        written = s3.get_modified_time(name)

        assert storage_with_timeout(endpoint, seconds=20).save(name, ContentFile(b"image")) == name

    assert s3.get_modified_time(name) == written
    assert s3.listdir("lost") == ([], ["response.jpg"])


def test_no_multipart_uploads_are_used(s3: S3Storage, s3_endpoint: str):
    s3.save("large.mp4", ContentFile(bytes(20 << 20)))

    client = s3_client(s3_endpoint)
    assert "Uploads" not in client.list_multipart_uploads(Bucket="media")
    assert "-" not in client.head_object(Bucket="media", Key="large.mp4")["ETag"]
