"""Unused images are deleted after a day; everything else stays."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.db import connection, transaction
from django.utils import timezone
from PIL import Image

from generations.accounts.models import Membership, Team, User
from generations.jobs.submit import GenerationRequest, submit_generation
from generations.media.cleanup import delete_partial_files, delete_unused_images
from generations.media.images import store_image
from generations.media.models import Asset
from generations.media.storages import FileStorage, StorageError, media_storage
from tests.media.sample_images import jpeg

pytestmark = pytest.mark.usefixtures("media_root")

Upload = Callable[..., Asset]


@pytest.fixture
def upload(team: Team, bob: User) -> Upload:
    def store(shade: int = 0, hours: float = 25) -> Asset:
        data = jpeg(Image.new("RGB", (64, 64), (shade, 0, 0)))
        asset = store_image(team=team, uploader=bob, file=ContentFile(data, "image.jpg"))
        Asset.objects.filter(pk=asset.pk).update(created_at=timezone.now() - timedelta(hours=hours))
        return asset

    return store


def use(image: Asset, membership: Membership, last_frame: Asset | None = None) -> None:
    request = GenerationRequest(
        first_frame=image,
        last_frame=last_frame,
        prompt="The tide comes in.",
        model="ltx-2-3-fast",
        resolution="1280x720",
        fps=24,
        duration=6,
    )
    submit_generation(membership=membership, request=request, idempotency_key=str(image.pk))


def exists(asset: Asset) -> bool:
    has_row = Asset.objects.filter(pk=asset.pk).exists()
    assert media_storage().exists(asset.name) is has_row
    return has_row


def test_it_deletes_unused_images_after_a_day(upload: Upload):
    old, young = upload(10), upload(200, hours=23)

    assert delete_unused_images() == 1

    assert not exists(old)
    assert exists(young)
    assert delete_unused_images() == 0


def test_it_keeps_first_and_last_frames(upload: Upload, funded: Team, bob: User, member):
    first, last, orphan = upload(10), upload(90), upload(200)
    use(first, member(bob, funded), last_frame=last)

    assert delete_unused_images() == 1

    assert [exists(image) for image in (first, last, orphan)] == [True, True, False]


def test_it_keeps_videos_and_posters(team: Team):
    for kind in ("video", "poster"):
        Asset.objects.create(
            team=team,
            kind=kind,
            name=kind,
            mime="video/mp4",
            sha256="aa" * 32,
            bytes=1,
            width=1,
            height=1,
            frames=1,
            fps_numerator=1,
            fps_denominator=1,
        )
    Asset.objects.update(created_at=timezone.now() - timedelta(days=9))

    assert delete_unused_images() == 0


def test_uploading_again_restarts_the_day(upload: Upload, team: Team, bob: User):
    old = upload(10)
    again = store_image(team=team, uploader=bob, file=ContentFile(jpeg(Image.new("RGB", (64, 64), (10, 0, 0)))))

    assert again == old
    assert delete_unused_images() == 0
    assert exists(old)


def test_it_keeps_a_file_that_another_asset_names(upload: Upload, team: Team):
    orphan = upload(10)
    Asset.objects.create(
        team=team, kind="poster", name=orphan.name, mime="image/jpeg", sha256="bb" * 32, bytes=1, width=1, height=1
    )

    assert delete_unused_images() == 1

    assert media_storage().exists(orphan.name)


def test_an_upload_after_the_cleanup_stores_it_again(upload: Upload):
    upload(10)
    delete_unused_images()

    assert exists(upload(10))


def test_it_deletes_in_batches_oldest_first(upload: Upload):
    old, older, oldest = upload(10, hours=25), upload(90, hours=26), upload(200, hours=27)

    assert delete_unused_images(batch=2) == 2
    assert [exists(image) for image in (old, older, oldest)] == [True, False, False]
    assert delete_unused_images(batch=2) == 1


def test_an_image_stays_while_the_storage_fails(upload: Upload, monkeypatch: pytest.MonkeyPatch):
    image = upload(10)

    def fail(self: FileStorage, name: str) -> None:
        raise StorageError

    with monkeypatch.context() as patch:
        patch.setattr(FileStorage, "delete", fail)
        assert delete_unused_images() == 0

    assert exists(image)
    assert delete_unused_images() == 1


def in_threads(*calls: Callable[[], object]) -> list[object]:
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], object]) -> object:
        try:
            start.wait(30)
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


@pytest.mark.django_db(transaction=True)
def test_concurrent_cleanups_share_the_work(upload: Upload):
    images = [upload(shade) for shade in range(0, 250, 25)]

    removed = in_threads(delete_unused_images, delete_unused_images, delete_unused_images)

    assert sum(removed) + delete_unused_images() == len(images)
    assert not any(exists(image) for image in images)


@pytest.mark.django_db(transaction=True)
def test_an_upload_during_the_cleanup_has_row_and_file(upload: Upload, team: Team, bob: User):
    image = ContentFile(jpeg(Image.new("RGB", (64, 64), (10, 0, 0))))
    for _ in range(3):
        upload(10)
        _, asset = in_threads(delete_unused_images, lambda: store_image(team=team, uploader=bob, file=image))

        assert Asset.objects.filter(pk=asset.pk).exists()
        assert exists(asset)


def wait_for_a_blocked_query() -> None:
    deadline = time.monotonic() + 30
    blocked = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
    with connection.cursor() as cursor:
        while True:
            cursor.execute(blocked)
            if cursor.fetchone()[0]:
                return
            assert time.monotonic() < deadline
            time.sleep(0.01)


@pytest.mark.django_db(transaction=True)
def test_an_upload_that_waits_for_the_cleanup_has_row_and_file(upload: Upload):
    deleted = upload(10)

    def upload_again() -> Asset:
        try:
            return upload(10)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Asset.objects.select_for_update().get(pk=deleted.pk)
            # The upload has found row and file, and now waits for our lock of the row.
            again = pool.submit(upload_again)
            wait_for_a_blocked_query()
            Asset.objects.filter(pk=deleted.pk).delete()
            media_storage().delete(deleted.name)
        asset = again.result(timeout=30)

    assert asset != deleted
    assert Asset.objects.filter(pk=asset.pk).exists()
    assert exists(asset)


@pytest.mark.django_db(transaction=True)
def test_it_skips_an_image_that_is_locked(upload: Upload, funded: Team, bob: User, member):
    image = upload(10)
    with transaction.atomic():
        Asset.objects.select_for_update().get(pk=image.pk)

        assert in_threads(delete_unused_images) == [0]

    assert exists(image)


def test_partial_files_are_deleted_on_local_storage_only(s3, settings):
    assert delete_partial_files() == 0
    endpoint = s3.connection.meta.client.meta.endpoint_url
    options = {"bucket_name": "media", "endpoint_url": endpoint, "access_key": "a", "secret_key": "b"}
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "generations.media.s3.S3Storage", "OPTIONS": options},
    }

    assert delete_partial_files() == 0
