"""Reading a part of a stored file at flat memory."""

from collections.abc import Iterator
from typing import Protocol, Self

from .storage_errors import StorageError, storage_errors

CHUNK_SIZE = 256 * 1024


class Source(Protocol):
    def read(self, size: int, /) -> bytes: ...

    def close(self) -> None: ...


class ByteStream(Iterator[bytes]):
    """Exactly `length` bytes of an open source, in chunks. A source that ends early raises StorageError.

    The source is closed at the end, on any error and by `close()`, also when nothing was read:
    a generator would not close it before its first step.
    """

    def __init__(self, name: str, source: Source, length: int, chunk_size: int = CHUNK_SIZE) -> None:
        self._name = name
        self._source = source
        self._left = length
        self._chunk_size = chunk_size

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        if self._left <= 0:
            self.close()
            raise StopIteration
        try:
            with storage_errors(self._name):
                chunk = self._source.read(min(self._chunk_size, self._left))
            if not chunk:
                raise StorageError
        except BaseException:
            self.close()
            raise
        self._left -= len(chunk)
        return chunk

    def close(self) -> None:
        self._left = 0
        self._source.close()
