"""What S3 does on a bad day comes out as one family of errors, and a retry is always safe."""

import pytest
from botocore.config import Config
from django.core.files.base import ContentFile

from generations.media.storage_errors import MissingFileError, StorageError, StorageFullError
from generations.media.storages import S3Storage
from tests.media.proxies import Handler, answering, losing_answers_to, serving, silent
from tests.media.weed import s3_client, s3_storage

ONCE = {"total_max_attempts": 1}
CALLS = {
    "save": lambda storage: storage.save("a.jpg", ContentFile(b"still")),
    "open": lambda storage: storage.open("a.jpg"),
    "stream": lambda storage: storage.stream("a.jpg", 0, 5),
    "size": lambda storage: storage.size("a.jpg"),
    "exists": lambda storage: storage.exists("a.jpg"),
    "delete": lambda storage: storage.delete("a.jpg"),
}


def impatient(endpoint: str, seconds: float = 0.3) -> S3Storage:
    return s3_storage(endpoint, client_config=Config(connect_timeout=1, read_timeout=seconds, retries=ONCE))


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "handle",
    [
        answering("500 Internal Server Error", "InternalError"),
        answering("503 Slow Down", "SlowDown"),
        answering("403 Forbidden", "AccessDenied"),
        silent,
        lambda client: None,
    ],
    ids=["500", "503", "403", "no answer", "hangs up"],
)
def test_every_failure_is_a_storage_error(call: str, handle: Handler):
    with serving(handle) as endpoint, pytest.raises(StorageError) as failure:
        CALLS[call](impatient(endpoint))

    assert not isinstance(failure.value, MissingFileError | StorageFullError)


def test_nobody_there_is_a_storage_error():
    with serving(silent) as endpoint:
        pass

    with pytest.raises(StorageError):
        impatient(endpoint).save("a.jpg", ContentFile(b"still"))


def test_a_full_bucket_says_so():
    with (
        serving(answering("507 Insufficient Storage", "InsufficientStorage")) as endpoint,
        pytest.raises(StorageFullError),
    ):
        impatient(endpoint).save("a.jpg", ContentFile(b"still"))


def test_a_missing_bucket_is_no_missing_file():
    with serving(answering("404 Not Found", "NoSuchBucket")) as endpoint, pytest.raises(StorageError) as failure:
        impatient(endpoint).save("a.jpg", ContentFile(b"still"))

    assert not isinstance(failure.value, MissingFileError)


def test_a_retry_after_a_lost_answer_finds_the_object_there(s3: S3Storage, s3_endpoint: str):
    name = "lost/answer.jpg"
    with serving(losing_answers_to(b"PUT", s3_endpoint)) as endpoint:
        with pytest.raises(StorageError):
            impatient(endpoint, seconds=20).save(name, ContentFile(b"still"))
        written = s3.get_modified_time(name)

        assert impatient(endpoint, seconds=20).save(name, ContentFile(b"still")) == name

    assert s3.get_modified_time(name) == written
    assert s3.listdir("lost") == ([], ["answer.jpg"])


def test_nothing_is_left_of_multipart_uploads(s3: S3Storage, s3_endpoint: str):
    s3.save("large.mp4", ContentFile(bytes(20 << 20)))

    client = s3_client(s3_endpoint)
    assert "Uploads" not in client.list_multipart_uploads(Bucket="media")
    assert "-" not in client.head_object(Bucket="media", Key="large.mp4")["ETag"]
