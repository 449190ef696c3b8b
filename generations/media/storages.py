"""The storage of files: the errors, the interface and local files. S3 is in `s3`.

Both storages keep files under keys made from their content (see `assets.asset_key`) and guarantee the same:
- a name holds the whole file or nothing, even after a crash;
- saving a file that exists does nothing, so that a save can be repeated after a lost response;
- any part of a file can be read without loading the rest;
- failures raise StorageError, StorageFullError or MissingFileError.
"""

import errno
import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import IO, Any, BinaryIO, Protocol, Self, cast

from django.core.files import File
from django.core.files.storage import FileSystemStorage, storages

from generations.common.errors import DailiesError

CHUNK_SIZE = 256 * 1024
_COPY_SIZE = 1024 * 1024
_PARTIAL = ".partial"
_FULL_ERRNOS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class StorageError(DailiesError):
    """The storage failed temporarily. A repeated save is always safe, because a key is made from its content."""

    status = 503
    code = "unavailable"

    def __init__(self, message: str = "Storage is not responding. Try again in a minute.") -> None:
        super().__init__(message)


class StorageFullError(StorageError):
    """The storage has no space left. A retry helps only after an administrator has freed space."""

    def __init__(self) -> None:
        super().__init__("Storage is full, so nothing was saved. Contact your administrator.")


class MissingFileError(StorageError):
    """The storage has no file with this name."""

    def __init__(self, name: str) -> None:
        super().__init__("This file is missing. Contact your administrator.")
        self.name = name


@contextmanager
def storage_errors(name: str) -> Iterator[None]:
    """Translate operating system errors about the file `name` to StorageError."""
    try:
        yield
    except FileNotFoundError as error:
        raise MissingFileError(name) from error
    except OSError as error:
        raise (StorageFullError() if error.errno in _FULL_ERRNOS else StorageError()) from error


class Source(Protocol):
    def read(self, size: int, /) -> bytes: ...

    def close(self) -> None: ...


class ByteStream(Iterator[bytes]):
    """Exactly `length` bytes of an open source, in chunks. Raises StorageError if the source ends early.

    The source is closed at the end, on any error and by `close()`, even if nothing was read. A generator would not
    close it before its first step. `errors` translates the errors of the source.
    """

    def __init__(
        self,
        name: str,
        source: Source,
        length: int,
        chunk_size: int = CHUNK_SIZE,
        *,
        errors: Callable[[str], AbstractContextManager[None]] = storage_errors,
    ) -> None:
        self._name = name
        self._source = source
        self._remaining = length
        self._chunk_size = chunk_size
        self._errors = errors

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        if self._remaining <= 0:
            self.close()
            raise StopIteration
        try:
            with self._errors(self._name):
                chunk = self._source.read(min(self._chunk_size, self._remaining))
            if not chunk:
                raise StorageError
        except BaseException:
            self.close()
            raise
        self._remaining -= len(chunk)
        return chunk

    def close(self) -> None:
        self._remaining = 0
        self._source.close()


class MediaStorage(Protocol):
    """The methods of a storage that other rooms may use."""

    def save(self, name: str, content: "File[bytes]") -> str: ...

    def open(self, name: str, mode: str = "rb") -> "File[bytes]": ...

    def stream(self, name: str, start: int, length: int, chunk_size: int = CHUNK_SIZE) -> ByteStream: ...

    def size(self, name: str) -> int: ...

    def exists(self, name: str) -> bool: ...

    def delete(self, name: str) -> None: ...


def media_storage() -> MediaStorage:
    return cast(MediaStorage, storages["default"])


class FileStorage(FileSystemStorage):
    """Files below one directory. A file is written to a temporary name, synced, and renamed."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"allow_overwrite": True, **options})

    def _save(self, name: str, content: "File[bytes]") -> str:
        path = Path(self.path(name))
        with storage_errors(name):
            if path.is_file() and path.stat().st_size == content.size:
                return name
            self._make_directory(path.parent)
            with self._partial_file() as (partial, target):
                for chunk in content.chunks(_COPY_SIZE):
                    target.write(chunk)
                target.flush()
                os.fsync(target.fileno())
                partial.replace(path)
            _sync_directory(path.parent)
        return name

    def _open(self, name: str, mode: str = "rb") -> "File[bytes]":
        with storage_errors(name):
            return File(Path(self.path(name)).open(mode))

    def stream(self, name: str, start: int, length: int, chunk_size: int = CHUNK_SIZE) -> ByteStream:
        """Open the file now, so that a missing one raises an error before the first byte is read."""
        with storage_errors(name):
            source = Path(self.path(name)).open("rb", buffering=0)  # noqa: SIM115
            source.seek(start)
        return ByteStream(name, cast(BinaryIO, source), length, chunk_size)

    def size(self, name: str) -> int:
        with storage_errors(name):
            return super().size(name)

    def delete(self, name: str) -> None:
        with storage_errors(name):
            super().delete(name)

    def delete_partial(self, older_than: timedelta) -> int:
        """Delete the partial files of killed writers. Return their number."""
        before = time.time() - older_than.total_seconds()
        stale = [path for path in self._partial_directory.glob("*") if _modified(path) < before]
        for path in stale:
            path.unlink(missing_ok=True)
        return len(stale)

    @property
    def _partial_directory(self) -> Path:
        return Path(self.location) / _PARTIAL

    @contextmanager
    def _partial_file(self) -> Iterator[tuple[Path, IO[bytes]]]:
        self._partial_directory.mkdir(parents=True, exist_ok=True)
        partial = self._partial_directory / uuid.uuid4().hex
        try:
            with partial.open("xb") as target:
                if self.file_permissions_mode is not None:
                    os.fchmod(target.fileno(), self.file_permissions_mode)
                yield partial, target
        finally:
            partial.unlink(missing_ok=True)

    def _make_directory(self, directory: Path) -> None:
        """Create a directory that survives a power cut: each new one is synced into its parent."""
        if directory.is_dir():
            return
        self._make_directory(directory.parent)
        directory.mkdir(exist_ok=True)
        _sync_directory(directory.parent)


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
