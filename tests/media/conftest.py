"""Real storages, pictures and videos for the tests of media."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from generations.media.storages import FileStorage, S3Storage

ACCESS_KEY, SECRET_KEY = "studio", "studio-secret"


@pytest.fixture
def media_root(tmp_path: Path, settings) -> Path:
    """Keep the media of this test in a directory of its own."""
    root = tmp_path / "media"
    options = {"location": root, "base_url": None}
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "generations.media.storages.FileStorage", "OPTIONS": options},
    }
    return root


@pytest.fixture
def files(tmp_path: Path) -> FileStorage:
    return FileStorage(location=tmp_path / "files")


@pytest.fixture(scope="session")
def s3_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A SeaweedFS of this session, on loopback."""
    directory = tmp_path_factory.mktemp("weed")
    ports = _free_ports(8)
    config = directory / "s3.json"
    identity = {
        "name": "studio",
        "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
        "actions": ["Admin", "Read", "Write", "List"],
    }
    config.write_text(json.dumps({"identities": [identity]}))
    (directory / "data").mkdir()
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(_weed(directory / "data", config, ports), stdout=log, stderr=log, cwd=directory)
    endpoint = f"http://127.0.0.1:{ports[0]}"
    try:
        _wait_for_bucket(endpoint, process, directory / "log")
        yield endpoint
    finally:
        process.kill()  # it takes half a minute to say goodbye, and its data is ours to lose
        process.wait(timeout=30)
        for port in ports:
            for left in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                left.unlink()


@pytest.fixture
def s3(s3_endpoint: str) -> S3Storage:
    return s3_storage(s3_endpoint)


@pytest.fixture(params=["files", "s3"])
def storage(request: pytest.FixtureRequest) -> FileStorage | S3Storage:
    """Each of the two storages in turn."""
    return request.getfixturevalue(request.param)


def s3_storage(endpoint: str, **options) -> S3Storage:
    return S3Storage(
        bucket_name="media",
        endpoint_url=endpoint,
        region_name="us-east-1",
        access_key=ACCESS_KEY,
        secret_key=SECRET_KEY,
        **options,
    )


def _weed(data: Path, config: Path, ports: list[int]) -> list[str]:
    """The command line. Every port is named, because a default port may be another's."""
    names = [f"{part}.port{kind}" for part in ("s3", "filer", "master", "volume") for kind in ("", ".grpc")]
    return [
        str(Path(sys.executable).with_name("weed")),
        "server",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        f"-dir={data}",
        "-s3",
        f"-s3.config={config}",
        f"-s3.localSocket={data}/s3.sock",
        f"-filer.localSocket={data}/filer.sock",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-volume.max=100",
        "-master.volumeSizeLimitMB=256",
        "-master.telemetry=false",
        *(f"-{name}={port}" for name, port in zip(names, ports, strict=True)),
    ]


def _wait_for_bucket(endpoint: str, process: subprocess.Popen, log: Path) -> None:
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        config=Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 1}),
    )
    deadline = time.monotonic() + 60
    while True:
        assert process.poll() is None, log.read_text()
        try:
            client.create_bucket(Bucket="media")
            client.put_object(Bucket="media", Key="ready", Body=b"ready")
            return
        except Exception:
            if time.monotonic() > deadline:
                raise AssertionError(log.read_text()) from None
            time.sleep(0.2)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()
