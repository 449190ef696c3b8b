"""Decoding of the largest accepted images, each in its own process, needs less than 300 MB."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.media.sample_images import encoded, huge_png

MEGABYTES = 1 << 20

PROGRAM = """
import sys
from pathlib import Path
import django
django.setup()
from generations.media.images import BadImageError, _clean

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1024

idle = peak()
try:
    encoded, size, _ = _clean(Path(sys.argv[1]).read_bytes())
    print(size[0] * size[1], idle, peak())
except BadImageError:
    print(0, idle, peak())
"""


def grain(width: int, height: int, resampling: Image.Resampling = Image.Resampling.BILINEAR) -> Image.Image:
    noise = Image.effect_noise((width // 8, height // 8), 60)
    layers = (noise, noise.transpose(0), noise.transpose(1))
    return Image.merge("RGB", layers).resize((width, height), resampling)


def with_alpha(width: int, height: int) -> Image.Image:
    image = grain(width, height, Image.Resampling.NEAREST)
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return image


WORST: dict[str, Callable[[], bytes]] = {
    "jpeg": lambda: encoded(grain(6100, 4580), "JPEG", quality=90, subsampling=0),
    "jpeg of a large sensor": lambda: encoded(grain(9200, 6900), "JPEG", quality=75),
    "progressive cmyk": lambda: encoded(
        grain(4300, 3250).convert("CMYK"), "JPEG", quality=90, subsampling=0, progressive=True
    ),
    "png with alpha": lambda: encoded(with_alpha(6100, 4580), "PNG", compress_level=1),
    "lossless webp": lambda: encoded(with_alpha(3600, 2700), "WEBP", lossless=True, method=0),
    "81 megapixels": lambda: huge_png(9000, 9000),
}


@pytest.mark.parametrize("case", WORST)
def test_memory_stays_bounded(tmp_path: Path, case: str):
    file = tmp_path / "image"
    file.write_bytes(WORST[case]())
    assert file.stat().st_size < 15_000_000

    result = subprocess.run([sys.executable, "-c", PROGRAM, file], capture_output=True, text=True, check=True)

    pixels, idle, peak = map(int, result.stdout.split())
    assert peak - idle < 190 * MEGABYTES
    assert peak < 300 * MEGABYTES
    assert (pixels > 0) is (case != "81 megapixels")
