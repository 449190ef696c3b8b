"""One cluster for all tests of a test process. After each test all jobs must have ended, and the books must balance."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.db import connections
from pytest_django import DjangoDbBlocker, Settings

from generations.events.models import Alert
from generations.jobs.models import ProviderThrottle

from .cluster import Cluster
from .invariants import check_all_settled
from .studio import Studio, open_studio


@pytest.fixture(scope="session")
def _shared_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("cluster") / "data")
    try:
        cluster.start_all()
        yield cluster
    finally:
        cluster.stop_all()


@pytest.fixture
def cluster(
    _shared_cluster: Cluster, _own_media_folder: None, settings: Settings, django_db_blocker: DjangoDbBlocker
) -> Iterator[Cluster]:
    """The complete cluster. This test process uses its database and its media folder."""
    backend = {**settings.STORAGES["default"], "OPTIONS": {"location": _shared_cluster.media, "base_url": None}}
    settings.STORAGES = {**settings.STORAGES, "default": backend}
    ours = connections.databases["default"]
    kept = dict(ours)
    connections["default"].close()
    ours.update(_shared_cluster.database, CONN_MAX_AGE=0)
    try:
        with django_db_blocker.unblock():
            _shared_cluster.restore()
            _shared_cluster.failpoints.forget()
            _shared_cluster.provider.clear()
            _shared_cluster.provider.configure(polls_until_done=1, honors_keys=False, latency=0, api_key=None)
            with _shared_cluster.valkey_client() as valkey:
                valkey.flushdb()
            ProviderThrottle.objects.all().delete()
            Alert.objects.all().delete()
            yield _shared_cluster
            connections["default"].close()
            _shared_cluster.restore()
            check_all_settled(_shared_cluster)
    finally:
        connections["default"].close()
        ours.clear()
        ours.update(kept)


@pytest.fixture
def studio(cluster: Cluster) -> Studio:
    """A new team for each test, with 1,000 credits and everything needed to submit."""
    return open_studio(f"studio-{uuid4().hex[:8]}")
