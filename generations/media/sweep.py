"""Taking away stills that were uploaded and never used."""

from datetime import timedelta
from uuid import UUID

from django.db import models, transaction
from django.db.models import Exists, OuterRef, ProtectedError, QuerySet

from generations.common.clock import database_time

from .models import Asset, AssetKind
from .storage_errors import StorageError
from .storages import FileStorage, media_storage

KEEP_UNUSED = timedelta(hours=24)
_BATCH = 200


def sweep_orphan_stills(*, older_than: timedelta = KEEP_UNUSED, batch: int = _BATCH) -> int:
    """Delete stills that no row has used for `older_than`, row and file. Return how many went.

    What uses a still is read from the models that point at it with PROTECT, so that this room need not know them.
    Two sweeps at once share the work. A file that another asset still names stays. After a StorageError the still
    stays for the next sweep.
    """
    oldest = _unused_stills(older_than).order_by("created_at").values_list("pk", flat=True)[:batch]
    return sum(_remove(pk, older_than) for pk in list(oldest))


def sweep_partial_files(*, older_than: timedelta = KEEP_UNUSED) -> int:
    """Delete what killed writers left on local files. S3 keeps no such thing."""
    storage = media_storage()
    return storage.sweep_partial(older_than) if isinstance(storage, FileStorage) else 0


def _unused_stills(older_than: timedelta) -> QuerySet[Asset]:
    stills = Asset.objects.filter(kind=AssetKind.STILL, created_at__lt=database_time(-older_than))
    for relation in Asset._meta.get_fields(include_hidden=True):
        if isinstance(relation, models.ManyToOneRel) and relation.on_delete is models.PROTECT:
            users = relation.related_model._default_manager.filter(**{relation.field.name: OuterRef("pk")})
            stills = stills.filter(~Exists(users))
    return stills


def _remove(pk: UUID, older_than: timedelta) -> bool:
    """Remove one still under its row's lock.

    The file goes before the commit, against the custom of no network inside a transaction: an upload of the same
    bytes waits for this lock, and must find the file gone or never touched (see `assets.keep_asset`).
    """
    try:
        with transaction.atomic():
            still = _unused_stills(older_than).filter(pk=pk).select_for_update(skip_locked=True, of=("self",)).first()
            if still is None:
                return False
            still.delete()
            if not Asset.objects.filter(name=still.name).exists():
                media_storage().delete(still.name)
            return True
    except (ProtectedError, StorageError):
        return False
