"""Both storages give the same guarantees: whole files or none, saved once, readable in parts."""

import io
import subprocess
import sys
import tracemalloc
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.exceptions import SuspiciousFileOperation
from django.core.files import File
from django.core.files.base import ContentFile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generations.media.storages import FileStorage, MediaStorage, MissingFileError, StorageError

CONTENT = bytes(range(256)) * 40
NAME = "teams/1/stills/ab/content.jpg"


def contents(storage: MediaStorage, name: str) -> bytes:
    with storage.open(name) as file:
        return file.read()


def names_in(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_it_returns_the_saved_content(storage: MediaStorage):
    assert storage.save(NAME, ContentFile(CONTENT)) == NAME

    assert storage.exists(NAME)
    assert storage.size(NAME) == len(CONTENT)
    assert contents(storage, NAME) == CONTENT


def test_it_saves_a_file_from_the_disk(storage: MediaStorage, tmp_path: Path):
    path = tmp_path / "video"
    path.write_bytes(CONTENT * 300)

    with path.open("rb") as source:
        source.seek(5)
        storage.save("teams/1/videos/cd/file.mp4", File(source))

    assert contents(storage, "teams/1/videos/cd/file.mp4") == CONTENT * 300


def test_saving_again_changes_nothing(storage: MediaStorage):
    storage.save("again.jpg", ContentFile(CONTENT))
    before = storage.get_modified_time("again.jpg")

    assert storage.save("again.jpg", ContentFile(CONTENT)) == "again.jpg"

    assert storage.get_modified_time("again.jpg") == before
    assert [name for name in storage.listdir("")[1] if name.startswith("again")] == ["again.jpg"]


def test_saving_replaces_a_file_of_another_size(storage: MediaStorage):
    storage.save("replaced.jpg", ContentFile(CONTENT[:100]))

    assert storage.save("replaced.jpg", ContentFile(CONTENT)) == "replaced.jpg"

    assert contents(storage, "replaced.jpg") == CONTENT


def test_deleting_twice_is_no_error(storage: MediaStorage):
    storage.save("deleted.jpg", ContentFile(CONTENT))
    storage.delete("deleted.jpg")
    storage.delete("deleted.jpg")

    assert not storage.exists("deleted.jpg")


@pytest.mark.parametrize("read", ["size", "open", "stream"])
def test_a_missing_file_raises_missing_file_error(storage: MediaStorage, read: str):
    arguments = (0, 10) if read == "stream" else ()

    with pytest.raises(MissingFileError):
        getattr(storage, read)("teams/1/stills/no/thing.jpg", *arguments)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_part_equals_the_slice(storage: MediaStorage, data: st.DataObject):
    storage.save(NAME, ContentFile(CONTENT))
    start = data.draw(st.integers(0, len(CONTENT) - 1))
    length = data.draw(st.integers(1, len(CONTENT) - start))
    chunk_size = data.draw(st.integers(1, 2 * len(CONTENT)))
    if length // chunk_size > 500:
        chunk_size = 500

    chunks = list(storage.stream(NAME, start, length, chunk_size))

    assert b"".join(chunks) == CONTENT[start : start + length]
    assert max(map(len, chunks)) <= chunk_size


def test_a_part_after_the_end_raises_an_error(storage: MediaStorage):
    storage.save(NAME, ContentFile(CONTENT))

    with pytest.raises(StorageError):
        list(storage.stream(NAME, len(CONTENT) - 5, 10))


def test_memory_does_not_grow_with_the_file(storage: MediaStorage, tmp_path: Path):
    path = tmp_path / "long"
    with path.open("wb") as target:
        target.truncate(48 << 20)

    with path.open("rb") as source:
        storage.save("warm", ContentFile(b"warm"))
        tracemalloc.start()
        storage.save("long", File(source))
        for _ in storage.stream("long", 0, 48 << 20):
            pass
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert peak < 4 << 20


def test_a_stream_closes_its_file(files: FileStorage):
    files.save(NAME, ContentFile(CONTENT))

    half = files.stream(NAME, 0, 100, 50)
    next(half)
    assert not half._source.closed
    half.close()
    whole = files.stream(NAME, 0, 100, 50)
    list(whole)
    untouched = files.stream(NAME, 0, 100)
    untouched.close()

    assert all(stream._source.closed for stream in (half, whole, untouched))


def test_files_stay_below_their_directory(files: FileStorage):
    with pytest.raises(SuspiciousFileOperation):
        files.save("../outside.jpg", ContentFile(CONTENT))
    with pytest.raises(SuspiciousFileOperation):
        files.stream("../outside.jpg", 0, 1)


class FailingSource(io.BytesIO):
    """A source that fails after its first megabyte."""

    def read(self, size: int = -1) -> bytes:
        if self.tell() > 0:
            raise ConnectionResetError
        return super().read(size)


def test_a_broken_write_leaves_nothing(files: FileStorage):
    with pytest.raises(StorageError):
        files.save(NAME, File(FailingSource(bytes(3 << 20))))

    assert names_in(Path(files.location)) == []


def test_a_broken_write_leaves_the_old_file(files: FileStorage):
    files.save(NAME, ContentFile(CONTENT))

    with pytest.raises(StorageError):
        files.save(NAME, File(FailingSource(bytes(3 << 20))))

    assert contents(files, NAME) == CONTENT


KILLED = """
import os, signal, sys
from django.conf import settings
settings.configure()
from django.core.files import File
from generations.media.storages import FileStorage

class Killed(File):
    def chunks(self, size=None):
        yield bytes(1 << 20)
        os.kill(os.getpid(), signal.SIGKILL)

with open("/dev/zero", "rb") as zero:
    content = Killed(zero)
    content.size = 2 << 20
    FileStorage(location=sys.argv[1]).save("killed.mp4", content)
"""


def test_a_killed_writer_leaves_only_a_partial_file(files: FileStorage):
    result = subprocess.run([sys.executable, "-c", KILLED, files.location], check=False)

    assert result.returncode == -9
    assert not files.exists("killed.mp4")
    left = names_in(Path(files.location))
    assert len(left) == 1
    assert left[0].startswith(".partial/")

    assert files.delete_partial(timedelta(hours=1)) == 0
    assert files.delete_partial(timedelta(seconds=-1)) == 1
    assert names_in(Path(files.location)) == []


FULL = """
import resource, sys
from django.conf import settings
settings.configure()
from django.core.files.base import ContentFile
from generations.media.storages import FileStorage, StorageFullError

resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    FileStorage(location=sys.argv[1]).save("big.mp4", ContentFile(bytes(1 << 20)))
except StorageFullError as error:
    print(error.message)
"""


def test_a_full_disk_raises_an_error_and_leaves_nothing(files: FileStorage):
    result = subprocess.run([sys.executable, "-c", FULL, files.location], capture_output=True, text=True, check=True)

    assert "full" in result.stdout
    assert names_in(Path(files.location)) == []
