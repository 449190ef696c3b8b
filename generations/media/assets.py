"""Assets: store a file together with its row, and find one with permission."""

import re
import unicodedata
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.core.files import File
from django.db.models.functions import Now

from generations.accounts.access import require
from generations.accounts.models import Membership, Team, User
from generations.accounts.roles import Right
from generations.common.errors import NotFoundError
from generations.common.failpoints import failpoint

from .models import Asset
from .storages import media_storage

MAX_NAME_CHARS = 200


@dataclass(frozen=True, kw_only=True)
class NewAsset:
    """The facts of a new asset. The fields have the names of its columns."""

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


def store_asset(*, team: Team, uploader: User | None, content: "File[bytes]", new: NewAsset) -> Asset:
    """Store the file, then its row. The same content in the same team returns the existing row with a new age.

    Safe to run at the same time as other uploads of the same bytes, and as the cleanup, which locks the row until its
    file is deleted. Once our row exists, its file exists too, or the cleanup has just deleted it and the second save
    writes it again. Raises StorageError; a repeated call is always safe.
    """
    name = asset_key(team_id=team.pk, kind=new.kind, sha256=new.sha256, mime=new.mime)
    media_storage().save(name, content)
    failpoint("asset.stored")
    asset = _get_or_create_row(team, uploader, name, content.size, new)
    media_storage().save(name, content)
    return asset


def asset_key(*, team_id: int, kind: str, sha256: str, mime: str) -> str:
    """Return the storage key, e.g. `teams/7/stills/ab/abcdef….jpg`. KeyError for a type not in Asset.EXTENSIONS.

    It depends on the content alone. The name that a user gave to the file never becomes a path.
    """
    return f"teams/{team_id}/{kind}s/{sha256[:2]}/{sha256}.{Asset.EXTENSIONS[mime]}"


def access_asset(membership: Membership, asset_id: UUID, right: Right = Right.VIEW) -> Asset:
    """Return an asset that the member may see, with its team. Raises NotFoundError or ForbiddenError."""
    asset = Asset.objects.visible_to(membership).select_related("team").filter(pk=asset_id).first()
    if asset is None:
        raise NotFoundError
    require(membership, right)
    return asset


def asset_membership(user: User | AnonymousUser, asset_id: UUID) -> Membership:
    """Return the user's membership in the team of an asset, for URLs without a team. Raises NotFoundError."""
    if not user.is_authenticated:
        raise NotFoundError
    memberships = Membership.objects.active().select_related("team")
    membership = memberships.filter(user=user, team__assets=asset_id).first()
    if membership is None:
        raise NotFoundError
    return membership


def clean_name(name: str | None) -> str:
    """Return the last part of a file name without invisible characters, at most 200 characters long.

    Control and direction characters are invisible. The name is only shown and offered on download.
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name or ""))[-1]
    visible = "".join(" " if char.isspace() else char for char in last if _is_visible(char))
    return " ".join(visible.split())[:MAX_NAME_CHARS].strip()


def with_extension(name: str, extension: str) -> str:
    """Replace the extension of `name` by that of the stored type."""
    stem = name.rpartition(".")[0] or name
    return f"{stem.strip('. ') or 'file'}.{extension}"


def _get_or_create_row(team: Team, uploader: User | None, name: str, size: int, new: NewAsset) -> Asset:
    identity = {"team": team, "kind": new.kind, "sha256": new.sha256}
    facts: dict[str, Any] = {**asdict(new), "uploader": uploader, "name": name, "bytes": size}
    while True:
        asset, is_new = Asset.objects.get_or_create(**identity, defaults=facts)
        # If no row was updated, the cleanup has deleted it in the meantime.
        if is_new or Asset.objects.filter(pk=asset.pk).update(created_at=Now()):
            return asset


def _is_visible(char: str) -> bool:
    return char.isspace() or not unicodedata.category(char).startswith("C")
