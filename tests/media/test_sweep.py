"""Stills that nobody used go after a day; everything else stays."""

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
from generations.jobs.submit import Wish, submit_generation
from generations.media.models import Asset
from generations.media.stills import store_still
from generations.media.storage_errors import StorageError
from generations.media.storages import FileStorage, media_storage
from generations.media.sweep import sweep_orphan_stills, sweep_partial_files
from tests.media.pictures import jpeg

pytestmark = pytest.mark.usefixtures("media_root")

Upload = Callable[..., Asset]


@pytest.fixture
def upload(team: Team, bob: User) -> Upload:
    def store(shade: int = 0, hours: float = 25) -> Asset:
        still = jpeg(Image.new("RGB", (64, 64), (shade, 0, 0)))
        asset = store_still(team=team, uploader=bob, file=ContentFile(still, "still.jpg"))
        Asset.objects.filter(pk=asset.pk).update(created_at=timezone.now() - timedelta(hours=hours))
        return asset

    return store


def use(still: Asset, membership: Membership, last_frame: Asset | None = None) -> None:
    wish = Wish(
        first_frame=still,
        last_frame=last_frame,
        prompt="The tide comes in.",
        model="ltx-2-3-fast",
        resolution="1280x720",
        fps=24,
        duration=6,
    )
    submit_generation(membership=membership, wish=wish, idempotency_key=str(still.pk))


def is_there(asset: Asset) -> bool:
    has_row = Asset.objects.filter(pk=asset.pk).exists()
    assert media_storage().exists(asset.name) is has_row
    return has_row


def test_it_takes_the_unused_after_a_day(upload: Upload):
    old, young = upload(10), upload(200, hours=23)

    assert sweep_orphan_stills() == 1

    assert not is_there(old)
    assert is_there(young)
    assert sweep_orphan_stills() == 0


def test_it_leaves_first_and_last_frames(upload: Upload, funded: Team, bob: User, member):
    first, last, orphan = upload(10), upload(90), upload(200)
    use(first, member(bob, funded), last_frame=last)

    assert sweep_orphan_stills() == 1

    assert [is_there(still) for still in (first, last, orphan)] == [True, True, False]


def test_it_leaves_videos_and_posters(team: Team):
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

    assert sweep_orphan_stills() == 0


def test_uploading_again_begins_a_new_day(upload: Upload, team: Team, bob: User):
    old = upload(10)
    again = store_still(team=team, uploader=bob, file=ContentFile(jpeg(Image.new("RGB", (64, 64), (10, 0, 0)))))

    assert again == old
    assert sweep_orphan_stills() == 0
    assert is_there(old)


def test_it_leaves_a_file_that_another_asset_names(upload: Upload, team: Team):
    orphan = upload(10)
    Asset.objects.create(
        team=team, kind="poster", name=orphan.name, mime="image/jpeg", sha256="bb" * 32, bytes=1, width=1, height=1
    )

    assert sweep_orphan_stills() == 1

    assert media_storage().exists(orphan.name)


def test_uploading_after_the_sweep_brings_it_back(upload: Upload):
    upload(10)
    sweep_orphan_stills()

    assert is_there(upload(10))


def test_it_goes_in_batches_oldest_first(upload: Upload):
    old, older, oldest = upload(10, hours=25), upload(90, hours=26), upload(200, hours=27)

    assert sweep_orphan_stills(batch=2) == 2
    assert [is_there(still) for still in (old, older, oldest)] == [True, False, False]
    assert sweep_orphan_stills(batch=2) == 1


def test_a_still_stays_while_the_storage_fails(upload: Upload, monkeypatch: pytest.MonkeyPatch):
    still = upload(10)

    def fail(self: FileStorage, name: str) -> None:
        raise StorageError

    with monkeypatch.context() as patch:
        patch.setattr(FileStorage, "delete", fail)
        assert sweep_orphan_stills() == 0

    assert is_there(still)
    assert sweep_orphan_stills() == 1


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
def test_two_sweeps_at_once_share_the_work(upload: Upload):
    stills = [upload(shade) for shade in range(0, 250, 25)]

    removed = in_threads(sweep_orphan_stills, sweep_orphan_stills, sweep_orphan_stills)

    assert sum(removed) + sweep_orphan_stills() == len(stills)
    assert not any(is_there(still) for still in stills)


@pytest.mark.django_db(transaction=True)
def test_an_upload_at_the_moment_of_the_sweep_has_row_and_file(upload: Upload, team: Team, bob: User):
    still = ContentFile(jpeg(Image.new("RGB", (64, 64), (10, 0, 0))))
    for _ in range(3):
        upload(10)
        _, asset = in_threads(sweep_orphan_stills, lambda: store_still(team=team, uploader=bob, file=still))

        assert Asset.objects.filter(pk=asset.pk).exists()
        assert is_there(asset)


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
def test_an_upload_that_meets_a_half_done_sweep_has_row_and_file(upload: Upload):
    swept = upload(10)

    def upload_again() -> Asset:
        try:
            return upload(10)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Asset.objects.select_for_update().get(pk=swept.pk)
            # The other one has found row and file, and now waits for us with the row.
            again = pool.submit(upload_again)
            wait_for_a_blocked_query()
            Asset.objects.filter(pk=swept.pk).delete()
            media_storage().delete(swept.name)
        asset = again.result(timeout=30)

    assert asset != swept
    assert Asset.objects.filter(pk=asset.pk).exists()
    assert is_there(asset)


@pytest.mark.django_db(transaction=True)
def test_it_passes_over_a_still_that_is_being_used(upload: Upload, funded: Team, bob: User, member):
    still = upload(10)
    with transaction.atomic():
        Asset.objects.select_for_update().get(pk=still.pk)

        assert in_threads(sweep_orphan_stills) == [0]

    assert is_there(still)


def test_partial_files_are_swept_on_local_files_only(s3, settings):
    assert sweep_partial_files() == 0
    endpoint = s3.connection.meta.client.meta.endpoint_url
    options = {"bucket_name": "media", "endpoint_url": endpoint, "access_key": "a", "secret_key": "b"}
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "generations.media.storages.S3Storage", "OPTIONS": options},
    }

    assert sweep_partial_files() == 0
