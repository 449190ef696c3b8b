"""SeaweedFS on loopback: a real S3 for tests and benchmarks."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
from botocore.config import Config

from generations.media.s3 import S3Storage
from project.stack.ports import free_port

ACCESS_KEY, SECRET_KEY, BUCKET = "studio", "studio-secret", "media"
PARTS = ("s3", "filer", "master", "volume")


@contextmanager
def weed(folder: Path) -> Iterator[str]:
    """Run a server with its data in `folder` and yield the URL of its S3, with a bucket that is ready."""
    (folder / "data").mkdir(parents=True)
    ports = _free_ports(2 * len(PARTS))
    log = folder / "log"
    with log.open("wb") as target:
        process = subprocess.Popen(_command(folder, ports), stdout=target, stderr=target, cwd=folder)
    endpoint = f"http://127.0.0.1:{ports[0]}"
    try:
        _wait_for_bucket(endpoint, process, log)
        yield endpoint
    finally:
        process.kill()  # a normal stop takes half a minute, and the data is not needed
        process.wait(timeout=30)
        for port in ports:
            for socket in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                socket.unlink()


def s3_storage(endpoint: str, **options) -> S3Storage:
    return S3Storage(
        bucket_name=BUCKET,
        endpoint_url=endpoint,
        region_name="us-east-1",
        access_key=ACCESS_KEY,
        secret_key=SECRET_KEY,
        **options,
    )


def s3_client(endpoint: str):
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        config=Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 1}),
    )


def _command(folder: Path, ports: list[int]) -> list[str]:
    """Return the command line. It sets every port, because a default port may be in use."""
    identity = {
        "name": "studio",
        "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
        "actions": ["Admin", "Read", "Write", "List"],
    }
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    names = [f"{part}.port{kind}" for part in PARTS for kind in ("", ".grpc")]
    return [
        str(Path(sys.executable).with_name("weed")),
        "server",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        f"-dir={folder / 'data'}",
        "-s3",
        f"-s3.config={folder / 's3.json'}",
        f"-s3.localSocket={folder / 's3.sock'}",
        f"-filer.localSocket={folder / 'filer.sock'}",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-volume.max=100",
        "-master.volumeSizeLimitMB=256",
        "-master.telemetry=false",
        *(f"-{name}={port}" for name, port in zip(names, ports, strict=True)),
    ]


def _wait_for_bucket(endpoint: str, process: subprocess.Popen, log: Path) -> None:
    client = s3_client(endpoint)
    deadline = time.monotonic() + 60
    while True:
        if process.poll() is not None:
            raise RuntimeError(f"SeaweedFS stopped:\n{log.read_text()}")
        try:
            client.create_bucket(Bucket=BUCKET)
            client.put_object(Bucket=BUCKET, Key="ready", Body=b"ready")
            return
        except Exception as error:
            if time.monotonic() > deadline:
                raise RuntimeError(f"SeaweedFS is not ready:\n{log.read_text()}") from error
            time.sleep(0.1)


def _free_ports(count: int) -> list[int]:
    ports: set[int] = set()
    while len(ports) < count:
        ports.add(free_port())
    return list(ports)
