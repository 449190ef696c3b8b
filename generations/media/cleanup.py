"""Delete images that were uploaded and never used, expired uploads and partial files."""

from datetime import timedelta
from uuid import UUID

from celery import shared_task
from django.db import models, transaction
from django.db.models import Exists, OuterRef, ProtectedError, QuerySet

from generations.common.clock import database_time

from .models import Asset, AssetKind
from .storages import FileStorage, StorageError, media_storage
from .uploads import delete_expired_uploads

KEEP_UNUSED = timedelta(hours=24)
_BATCH = 200


@shared_task(name="generations.sweep")
def sweep() -> None:
    """Delete what uploads and killed writers left behind."""
    delete_expired_uploads()
    delete_unused_images()
    delete_partial_files()


def delete_unused_images(*, older_than: timedelta = KEEP_UNUSED, batch: int = _BATCH) -> int:
    """Delete images that no row has used for `older_than`, row and file. Return their number.

    An image is in use while a model points to it with PROTECT. The models are found by inspection, because this room
    may not import them. Two runs at the same time share the work. A file that another asset also names stays. After a
    StorageError the image stays for the next run.
    """
    oldest = _unused_images(older_than).order_by("created_at").values_list("pk", flat=True)[:batch]
    return sum(_delete(pk, older_than) for pk in list(oldest))


def delete_partial_files(*, older_than: timedelta = KEEP_UNUSED) -> int:
    """Delete the partial files that killed writers left on local storage. S3 has no partial files."""
    storage = media_storage()
    return storage.delete_partial(older_than) if isinstance(storage, FileStorage) else 0


def _unused_images(older_than: timedelta) -> QuerySet[Asset]:
    images = Asset.objects.filter(kind=AssetKind.IMAGE, created_at__lt=database_time(-older_than))
    for relation in Asset._meta.get_fields(include_hidden=True):
        if isinstance(relation, models.ManyToOneRel) and relation.on_delete is models.PROTECT:
            users = relation.related_model._default_manager.filter(**{relation.field.name: OuterRef("pk")})
            images = images.filter(~Exists(users))
    return images


def _delete(pk: UUID, older_than: timedelta) -> bool:
    """Delete one image while its row is locked.

    The file is deleted before the commit, although network calls inside a transaction are avoided elsewhere: an upload
    of the same bytes waits for this lock and must find the file deleted or untouched (see `assets.store_asset`).
    """
    try:
        with transaction.atomic():
            image = _unused_images(older_than).filter(pk=pk).select_for_update(skip_locked=True, of=("self",)).first()
            if image is None:
                return False
            image.delete()
            if not Asset.objects.filter(name=image.name).exists():
                media_storage().delete(image.name)
            return True
    except (ProtectedError, StorageError):
        return False
