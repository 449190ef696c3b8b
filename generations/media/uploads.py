"""Uploads of API clients: a place first, then the bytes by a signed address, then use as `ltx://uploads/<id>`."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.core.files import File
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.db.models.functions import Now
from django.urls import reverse

from generations.accounts.models import Membership
from generations.common.clock import database_now, database_time
from generations.common.errors import DailiesError, ForbiddenError, NotFoundError

from .images import store_image
from .models import Asset, Upload

SCHEME = "ltx://uploads/"
PUT_FOR = timedelta(hours=1)
USABLE_FOR = timedelta(hours=24)

MISSING = "there is no such upload, or it has expired, or its bytes were never sent"
_SALT = "dailies.media.uploads"


class FilledUploadError(DailiesError):
    """The place has its bytes already; they are never replaced."""

    status = 409
    code = "conflict"

    def __init__(self) -> None:
        super().__init__("These bytes were uploaded already and cannot be replaced. Ask for a new upload.")


def create_upload(membership: Membership) -> Upload:
    """Make a place that can be filled once, within the hour."""
    return Upload.objects.create(team=membership.team, user=membership.user, expires_at=database_now() + PUT_FOR)


def upload_url(upload: Upload) -> str:
    """The absolute address to PUT the bytes to. It is its own permission."""
    return f"{settings.PUBLIC_URL}{reverse('upload_bytes', args=[upload.pk])}?signature={_signature(upload.pk)}"


def storage_uri(upload: Upload) -> str:
    return f"{SCHEME}{upload.pk}"


def access_upload(upload_id: UUID, signature: str) -> Upload:
    """The place of a signed address. Raises ForbiddenError for a wrong or ended one, FilledUploadError."""
    try:
        Signer(salt=_SALT).unsign(f"{upload_id}:{signature}")
    except BadSignature as error:
        raise ForbiddenError("The signature of the upload URL is wrong.") from error
    upload = Upload.objects.select_related("team", "user").filter(pk=upload_id).first()
    if upload is None or upload.expires_at <= database_now():
        raise ForbiddenError("The upload URL has expired. Ask for a new upload.")
    if upload.asset_id is not None:
        raise FilledUploadError
    return upload


def fill_upload(upload: Upload, file: "File[bytes]") -> Asset:
    """Keep the bytes as a still and make it the upload's. Raises BadStillError, StorageError, FilledUploadError."""
    still = store_image(team=upload.team, uploader=upload.user, file=file)
    with transaction.atomic():
        # The sweep takes unused stills under their row's lock; ours is young, and used from here on.
        if not Upload.objects.filter(pk=upload.pk, asset=None).update(asset=still, filled_at=Now()):
            raise FilledUploadError
    return still


def still_of_upload(membership: Membership, uri: str) -> Asset:
    """The still behind `ltx://uploads/<id>`, if the team filled it within the day. Raises NotFoundError."""
    usable = Upload.objects.filter(team=membership.team, created_at__gt=database_time(-USABLE_FOR))
    upload = usable.select_related("asset").filter(pk=_upload_id(uri), asset__isnull=False).first()
    if upload is None or upload.asset is None:
        raise NotFoundError(MISSING)
    return upload.asset


def _upload_id(uri: str) -> UUID:
    try:
        return UUID(uri.removeprefix(SCHEME))
    except ValueError as error:
        raise NotFoundError(MISSING) from error


def sweep_uploads() -> int:
    """Delete places that may no longer be used, and return how many. Stills that no job took are then nobody's."""
    count, _ = Upload.objects.filter(created_at__lt=database_time(-USABLE_FOR)).delete()
    return count


def _signature(upload_id: UUID) -> str:
    return Signer(salt=_SALT).sign(str(upload_id)).rpartition(":")[2]
