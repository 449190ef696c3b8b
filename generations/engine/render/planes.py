"""One image in the format of the encoder: luma at full size, two chroma planes at half size, BT.709, TV range."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.uint8]

BAND_ROWS = 128  # luma rows that are processed at a time, so that they fit into the CPU cache

_KR, _KB = 0.2126, 0.0722
_KG = 1 - _KR - _KB
# Rows: Y, Cb, Cr. Columns: R, G, B in 0..255 and a constant.
_BT709 = np.array(
    [
        [_KR * 219 / 255, _KG * 219 / 255, _KB * 219 / 255, 16],
        [-_KR / (1 - _KB) * 112 / 255, -_KG / (1 - _KB) * 112 / 255, 112 / 255, 128],
        [112 / 255, -_KG / (1 - _KR) * 112 / 255, -_KB / (1 - _KR) * 112 / 255, 128],
    ],
    np.float32,
)


@dataclass(frozen=True)
class Planes:
    """`y` is (height, width); `u` and `v` have half of both, each sample in the center of its 2x2 block of luma."""

    y: Plane
    u: Plane
    v: Plane

    @property
    def width(self) -> int:
        return int(self.y.shape[1])

    @property
    def height(self) -> int:
        return int(self.y.shape[0])

    def __iter__(self) -> Iterator[Plane]:
        return iter((self.y, self.u, self.v))


def blank_planes(width: int, height: int) -> Planes:
    """Return planes with undefined content."""
    half = (height // 2, width // 2)
    return Planes(np.empty((height, width), np.uint8), np.empty(half, np.uint8), np.empty(half, np.uint8))


def planes_from_rgb(rgb: NDArray[np.uint8]) -> Planes:
    """Convert (height, width, 3) sRGB. Width and height must be even."""
    planes = blank_planes(rgb.shape[1], rgb.shape[0])
    for top in range(0, planes.height, BAND_ROWS):
        luma, chroma = slice(top, top + BAND_ROWS), slice(top // 2, (top + BAND_ROWS) // 2)
        yuv = cv2.transform(rgb[luma].astype(np.float32), _BT709)
        halved = cv2.resize(yuv[..., 1:], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        planes.y[luma] = _rounded(yuv[..., 0])
        planes.u[chroma] = _rounded(halved[..., 0])
        planes.v[chroma] = _rounded(halved[..., 1])
    return planes


def copy_planes(source: Planes, into: Planes) -> None:
    for target, plane in zip(into, source, strict=True):
        np.copyto(target, plane)


def blend_planes(first: Planes, second: Planes, weight: float, into: Planes) -> None:
    """Mix two images; `weight` is the part of the second. 0 and 1 return exactly one of them."""
    for target, a, b in zip(into, first, second, strict=True):
        cv2.addWeighted(a, 1 - weight, b, weight, 0, dst=target)


def _rounded(values: NDArray[Any]) -> Plane:
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)
