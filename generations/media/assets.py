"""Keeping bytes and their row together: a row never stands without its file."""

from dataclasses import asdict, dataclass
from typing import Any

from django.core.files import File
from django.db.models.functions import Now

from generations.accounts.models import Team, User
from generations.common.failpoints import failpoint

from .keys import asset_key
from .models import Asset
from .storages import media_storage


@dataclass(frozen=True, kw_only=True)
class NewAsset:
    """The facts of an asset, named as its columns are."""

    kind: str
    mime: str
    sha256: str
    width: int
    height: int
    original_name: str = ""
    placeholder: str = ""
    frames: int | None = None
    fps_numerator: int | None = None
    fps_denominator: int | None = None
    has_audio: bool = False


def keep_asset(*, team: Team, uploader: User | None, content: "File[bytes]", new: NewAsset) -> Asset:
    """Store the file, then its row; the same content in the same team gives the row that is there, made young again.

    Safe beside other uploads of the same bytes and beside the sweep, which holds the row's lock until its file is
    gone. So once our row stands, either the file does too, or it was removed before and saving again brings it back.
    Raises StorageError; saving again is always safe.
    """
    name = asset_key(team_id=team.pk, kind=new.kind, sha256=new.sha256, mime=new.mime)
    media_storage().save(name, content)
    failpoint("asset.stored")
    asset = _row(team, uploader, name, content.size, new)
    media_storage().save(name, content)
    return asset


def _row(team: Team, uploader: User | None, name: str, size: int, new: NewAsset) -> Asset:
    identity = {"team": team, "kind": new.kind, "sha256": new.sha256}
    facts: dict[str, Any] = {**asdict(new), "uploader": uploader, "name": name, "bytes": size}
    while True:
        asset, is_new = Asset.objects.get_or_create(**identity, defaults=facts)
        # No row updated: the sweep took it meanwhile.
        if is_new or Asset.objects.filter(pk=asset.pk).update(created_at=Now()):
            return asset
