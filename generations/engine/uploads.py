"""Uploaded stills: a ticket first, then the bytes by a URL that is its own permission, then use by `ltx://`."""

import hmac
import os
import secrets
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from generations.contract.errors import INVALID_REQUEST, NOT_FOUND, PERMISSION

from .disk import sync_folder, write_atomically
from .errors import RefusedError

PUT_FOR = timedelta(hours=1)
USABLE_FOR = timedelta(hours=24)
SCHEME = "ltx://uploads/"

_BYTES, _RECORD = "bytes", "upload.json"


class Upload(BaseModel):
    """A ticket. `token` is part of the upload URL: who has it may store the bytes, once."""

    model_config = ConfigDict(frozen=True)

    id: str
    token: str
    owner: str
    created_at: AwareDatetime

    @property
    def put_until(self) -> datetime:
        return self.created_at + PUT_FOR

    @property
    def usable_until(self) -> datetime:
        return self.created_at + USABLE_FOR

    @property
    def uri(self) -> str:
        return SCHEME + self.id


class UploadStore:
    """All uploads of one data directory, each a folder. Touches the disk: call it off the event loop."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(parents=True, exist_ok=True)

    def create(self, owner: str) -> Upload:
        upload = Upload(
            id=secrets.token_hex(16), token=secrets.token_urlsafe(24), owner=owner, created_at=datetime.now(UTC)
        )
        folder = self._root / upload.id
        folder.mkdir()
        write_atomically(folder / _RECORD, upload.model_dump_json().encode())
        return upload

    def access(self, upload_id: str, token: str) -> Upload:
        """Return the ticket for a PUT. Raises RefusedError for a wrong, used or expired URL."""
        upload = self._read(upload_id)
        if upload is None:
            raise RefusedError(NOT_FOUND, "there is no such upload")
        if not hmac.compare_digest(upload.token.encode(), token.encode()):
            raise RefusedError(PERMISSION, "the signature of the upload URL is wrong")
        if upload.put_until <= datetime.now(UTC):
            raise RefusedError(PERMISSION, "the upload URL has expired; ask for a new one")
        if (self._root / upload_id / _BYTES).exists():
            raise RefusedError(INVALID_REQUEST, "these bytes were uploaded already and cannot be replaced")
        return upload

    def part(self, upload: Upload) -> Path:
        """Return a fresh name to stream the bytes to, before `keep`."""
        return self._root / upload.id / f".{secrets.token_hex(8)}.part"

    def keep(self, upload: Upload, part: Path) -> None:
        """Make streamed bytes the upload, unless another PUT was faster."""
        try:
            os.link(part, self._root / upload.id / _BYTES)
        except FileExistsError as error:
            raise RefusedError(INVALID_REQUEST, "these bytes were uploaded already and cannot be replaced") from error
        sync_folder(self._root / upload.id)

    def read(self, upload_id: str, owner: str) -> bytes | None:
        """Return the bytes of an upload of this owner, or None when there are none to use."""
        upload = self._read(upload_id)
        if upload is None or upload.owner != owner or upload.usable_until <= datetime.now(UTC):
            return None
        path = self._root / upload_id / _BYTES
        return path.read_bytes() if path.exists() else None

    def sweep(self) -> int:
        """Remove what can no longer be used, and return how many uploads that was."""
        now, count = datetime.now(UTC), 0
        for folder in list(self._root.iterdir()):
            upload = self._read(folder.name)
            if upload is None or upload.usable_until <= now:
                shutil.rmtree(folder, ignore_errors=True)
                count += 1
        return count

    def _read(self, upload_id: str) -> Upload | None:
        if not upload_id.isalnum():
            return None
        try:
            return Upload.model_validate_json((self._root / upload_id / _RECORD).read_bytes())
        except (OSError, ValidationError):
            return None
