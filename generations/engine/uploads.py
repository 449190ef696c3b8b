"""Uploaded images: create an upload, PUT the bytes to its signed URL, then use it as `ltx://uploads/<id>`."""

import hmac
import os
import secrets
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from generations.contract.errors import INVALID_REQUEST, NOT_FOUND, PERMISSION

from .disk import sync_folder, write_atomically
from .http import ContractError

PUT_FOR = timedelta(hours=1)
USABLE_FOR = timedelta(hours=24)
SCHEME = "ltx://uploads/"

_BYTES, _RECORD = "bytes", "upload.json"


class Upload(BaseModel):
    """The record of an upload. `token` is part of the upload URL and allows one PUT."""

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
    """All uploads of one data directory, one folder each. Methods use the disk: call them in a thread."""

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
        """Return the upload for a PUT. Raises ContractError for a wrong, used or expired URL."""
        upload = self._read(upload_id)
        if upload is None:
            raise ContractError(NOT_FOUND, "there is no such upload")
        if not hmac.compare_digest(upload.token.encode(), token.encode()):
            raise ContractError(PERMISSION, "the signature of the upload URL is wrong")
        if upload.put_until <= datetime.now(UTC):
            raise ContractError(PERMISSION, "the upload URL has expired; create a new upload")
        if (self._root / upload_id / _BYTES).exists():
            raise ContractError(INVALID_REQUEST, "these bytes were already uploaded and cannot be replaced")
        return upload

    def part(self, upload: Upload) -> Path:
        """Return a new path for the bytes while they arrive. Pass it to `complete`."""
        return self._root / upload.id / f".{secrets.token_hex(8)}.part"

    def complete(self, upload: Upload, part: Path) -> None:
        """Store the received bytes. Raises ContractError if another PUT has stored its bytes first."""
        try:
            os.link(part, self._root / upload.id / _BYTES)
        except FileExistsError as error:
            raise ContractError(INVALID_REQUEST, "these bytes were already uploaded and cannot be replaced") from error
        sync_folder(self._root / upload.id)

    def read(self, upload_id: str, owner: str) -> bytes | None:
        """Return the bytes of an upload of this owner, or None if it is unknown, empty or expired."""
        upload = self._read(upload_id)
        if upload is None or upload.owner != owner or upload.usable_until <= datetime.now(UTC):
            return None
        path = self._root / upload_id / _BYTES
        return path.read_bytes() if path.exists() else None

    def delete_expired(self) -> int:
        """Delete uploads that can no longer be used, and return their number."""
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
