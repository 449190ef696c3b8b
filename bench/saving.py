"""How fast a finished video is saved, compared with a plain write of the same bytes, and the memory it needs.

    python -m bench.saving [--megabytes 50] [--rounds 5]

Local files are compared with a plain write in large pieces, without and with a sync (ours syncs). S3 is a SeaweedFS of
this run, compared with a plain HTTP PUT to a signed URL. Rounds are interleaved; the figure is the median. `peak` is
the memory above idle while our code saves. One JSON line per figure.
"""

import argparse
import http.client
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.files import File

if not settings.configured:
    settings.configure()  # the project's settings are not needed

from generations.media.storages import FileStorage, MediaStorage
from tests.media.weed import BUCKET, s3_client, s3_storage, weed

MEGABYTE = 1 << 20
Saver = Callable[[str], None]


def save(storage: MediaStorage, source: Path, name: str) -> None:
    with source.open("rb") as content:
        storage.save(name, File(content))


def write(source: Path, folder: Path, is_synced: bool, name: str) -> None:
    with source.open("rb") as content, (folder / name).open("wb") as target:
        while piece := content.read(MEGABYTE):
            target.write(piece)
        if is_synced:
            target.flush()
            os.fsync(target.fileno())


def put(source: Path, endpoint: str, name: str) -> None:
    url = s3_client(endpoint).generate_presigned_url("put_object", {"Bucket": BUCKET, "Key": name})
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.netloc, blocksize=MEGABYTE)
    headers = {"Content-Length": str(source.stat().st_size)}
    with source.open("rb") as content:
        connection.request("PUT", f"{address.path}?{address.query}", body=content, headers=headers)
        response = connection.getresponse()
    connection.close()
    if response.status != http.HTTPStatus.OK:
        raise RuntimeError(f"S3 responded with {response.status}")


def measure(group: str, savers: dict[str, Saver], size: int, rounds: int) -> None:
    seconds: dict[str, list[float]] = {name: [] for name in savers}
    for number in range(rounds + 1):
        for name, saver in savers.items():
            started = time.perf_counter()
            saver(f"{name}-{number}.mp4")
            if number:  # the first round warms up
                seconds[name].append(time.perf_counter() - started)
    speed = {name: size / statistics.median(taken) / 1e6 for name, taken in seconds.items()}
    for name, value in speed.items():
        report(f"saving.{group}.{name}", value, "MB/s")
        if name != "ours":
            report(f"saving.{group}.ours_to_{name}", speed["ours"] / value, "ratio")
    report(f"saving.{group}.peak", peak_above_idle(partial(savers["ours"], "peak.mp4")) / MEGABYTE, "MiB")


def peak_above_idle(action: Callable[[], None]) -> int:
    """Linux: reset the high-water mark to the current memory, and read it after `action`."""
    Path("/proc/self/clear_refs").write_text("5")
    idle = high_water()
    action()
    return high_water() - idle


def high_water() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1024


def report(name: str, value: float, unit: str) -> None:
    print(json.dumps({"name": name, "value": round(value, 3), "unit": unit}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    size = options.megabytes * 1_000_000
    with tempfile.TemporaryDirectory(prefix="saving-") as name:
        folder = Path(name)
        source = folder / "video.mp4"
        source.write_bytes(os.urandom(size))
        local = {
            "ours": partial(save, FileStorage(location=folder / "media"), source),
            "write": partial(write, source, folder, False),
            "synced_write": partial(write, source, folder, True),
        }
        measure("local", local, size, options.rounds)
        with weed(folder / "weed") as endpoint:
            s3 = {"ours": partial(save, s3_storage(endpoint), source), "put": partial(put, source, endpoint)}
            measure("s3", s3, size, options.rounds)


if __name__ == "__main__":
    main()
