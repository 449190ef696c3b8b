"""One family of errors for every storage, so that a caller decides by cause and never by back end."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

from generations.common.errors import DailiesError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FULL_AT_S3 = {"InsufficientStorage", "QuotaExceeded", "XMinioStorageFull"}


class StorageError(DailiesError):
    """The storage failed for now. Saving again is always safe, because a key is made from its content."""

    status = 503
    code = "unavailable"

    def __init__(self, message: str = "The storage does not answer. Try again in a minute.") -> None:
        super().__init__(message)


class StorageFullError(StorageError):
    """There is no room left. Trying again helps only after somebody has made room."""

    def __init__(self) -> None:
        super().__init__("The storage is full. Tell whoever runs this site; nothing was saved.")


class MissingFileError(StorageError):
    """There is no file of this name."""

    def __init__(self, name: str) -> None:
        super().__init__("This file is missing in the storage. Tell whoever runs this site.")
        self.name = name


@contextmanager
def storage_errors(name: str) -> Iterator[None]:
    """Translate what the disk and S3 raise about `name`."""
    try:
        yield
    except FileNotFoundError as error:
        raise MissingFileError(name) from error
    except OSError as error:
        raise (StorageFullError() if error.errno in _FULL else StorageError()) from error
    except ClientError as error:
        raise _of_answer(name, error) from error
    except BotoCoreError as error:
        raise StorageError from error


def is_missing(error: ClientError) -> bool:
    return _status(error) == 404


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _of_answer(name: str, error: ClientError) -> StorageError:
    code = error.response.get("Error", {}).get("Code", "")
    if code in _FULL_AT_S3 or _status(error) == 507:
        return StorageFullError()
    return MissingFileError(name) if is_missing(error) and code != "NoSuchBucket" else StorageError()
