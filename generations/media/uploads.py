"""Uploads of API clients: create an upload, PUT the bytes to its signed URL, then use it as `ltx://uploads/<id>`."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.core.files import File
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.db.models.functions import Now
from django.urls import reverse

from generations.accounts.models import Membership
from generations.common.clock import database_now
from generations.common.errors import DailiesError, ForbiddenError, NotFoundError

from .images import store_image
from .models import Asset, Upload

SCHEME = "ltx://uploads/"
PUT_FOR = timedelta(hours=1)

MISSING = "there is no such upload, or it has expired, or its bytes were never sent"
_SALT = "dailies.media.uploads"


class FilledUploadError(DailiesError):
    """The upload already has its bytes. They are never replaced."""

    status = 409
    code = "conflict"

    def __init__(self) -> None:
        super().__init__("These bytes were already uploaded and cannot be replaced. Create a new upload.")


def create_upload(membership: Membership) -> Upload:
    """Create an upload that accepts one PUT within the hour."""
    return Upload.objects.create(team=membership.team, user=membership.user, expires_at=database_now() + PUT_FOR)


def upload_url(upload: Upload) -> str:
    """Return the absolute URL to PUT the bytes to. Its signature is the permission."""
    return f"{settings.PUBLIC_URL}{reverse('upload_bytes', args=[upload.pk])}?signature={_signature(upload.pk)}"


def storage_uri(upload: Upload) -> str:
    return f"{SCHEME}{upload.pk}"


def access_upload(upload_id: UUID, signature: str) -> Upload:
    """Return the upload of a signed URL. Raises ForbiddenError if it is wrong or expired, or FilledUploadError."""
    try:
        Signer(salt=_SALT).unsign(f"{upload_id}:{signature}")
    except BadSignature as error:
        raise ForbiddenError("The signature of the upload URL is wrong.") from error
    upload = Upload.objects.select_related("team", "user").filter(pk=upload_id).first()
    if upload is None or upload.expires_at <= database_now():
        raise ForbiddenError("The upload URL has expired. Create a new upload.")
    if upload.asset_id is not None:
        raise FilledUploadError
    return upload


def fill_upload(upload: Upload, file: "File[bytes]") -> Asset:
    """Store the bytes as the image of the upload. Raises BadImageError, StorageError or FilledUploadError."""
    image = store_image(team=upload.team, uploader=upload.user, file=file)
    with transaction.atomic():
        # The cleanup deletes only unused images of a certain age. This one is new, and in use from here on.
        if not Upload.objects.filter(pk=upload.pk, asset=None).update(asset=image, filled_at=Now()):
            raise FilledUploadError
    return image


def uploaded_image(membership: Membership, uri: str) -> Asset:
    """Return the image of `ltx://uploads/<id>`, if the team uploaded it within the day. Raises NotFoundError."""
    usable = Upload.objects.visible_to(membership).usable().select_related("asset")
    upload = usable.filter(pk=_upload_id(uri)).first()
    if upload is None or upload.asset is None:
        raise NotFoundError(MISSING)
    return upload.asset


def _upload_id(uri: str) -> UUID:
    try:
        return UUID(uri.removeprefix(SCHEME))
    except ValueError as error:
        raise NotFoundError(MISSING) from error


def delete_expired_uploads() -> int:
    """Delete expired uploads and return their number. Their images are then unused, unless a job uses them."""
    count, _ = Upload.objects.expired().delete()
    return count


def _signature(upload_id: UUID) -> str:
    return Signer(salt=_SALT).sign(str(upload_id)).rpartition(":")[2]
