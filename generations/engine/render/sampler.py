"""Sample an image at positions between its pixels.

Linear sampling alone makes a slow motion alternate between sharp and soft. Luma is therefore sampled from a copy of
twice the size, interpolated with the six-tap filter that H.264 uses for half pixels. Even samples of that copy are the
original, so a view without motion is exact.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from .camera import View, source_positions
from .planes import BAND_ROWS, Plane, Planes

CELL = 8  # pixels of luma per cell of a displacement field

_HALF_PIXEL = np.array([1, -5, 20, 20, -5, 1], np.float32) / 32
_ONE = np.ones(1, np.float32)

DisplacementField = NDArray[np.float32]


class Sampler:
    """An image that is prepared for drawing. Thread-safe."""

    def __init__(self, image: Planes) -> None:
        self._sources = ((doubled(image.y), 2, 1), (image.u, 1, 2), (image.v, 1, 2))

    def draw_view(self, view: View, into: Planes) -> None:
        """Draw what the camera shows."""
        for target, (source, scale, step) in zip(into, self._sources, strict=True):
            height, width = target.shape
            x = (source_positions(view, 0, width) * scale).astype(np.float32)
            y = (source_positions(view, 1, height) * scale).astype(np.float32)
            rows = BAND_ROWS // step
            map_x = np.repeat(x[None], min(rows, height), axis=0)
            map_y = np.empty_like(map_x)
            for top in range(0, height, rows):
                band = target[top : top + rows]
                count = len(band)
                map_y[:count] = y[top : top + count, None]
                _remap(source, map_x[:count], map_y[:count], band)

    def draw_field(self, field: DisplacementField, into: Planes) -> None:
        """Draw the image displaced by a field of (x, y) offsets in luma pixels, one per cell.

        Every pixel is sampled at its own position plus the offset. Width and height must be multiples of `CELL`.
        """
        padded = np.pad(field, ((1, 1), (1, 1), (0, 0)), mode="edge")
        for target, (source, scale, step) in zip(into, self._sources, strict=True):
            cell, rows = CELL // step, BAND_ROWS // step
            x = np.arange(target.shape[1], dtype=np.float32)
            for top in range(0, target.shape[0], rows):
                band = target[top : top + rows]
                offsets = _upsampled(padded, top // cell, len(band) // cell, cell) / np.float32(step)
                y = np.arange(top, top + len(band), dtype=np.float32)
                _remap(source, (x + offsets[..., 0]) * scale, (y[:, None] + offsets[..., 1]) * scale, band)


def doubled(plane: Plane) -> Plane:
    """Return the plane at twice the size. Even samples are the original, the others are interpolated."""
    height, width = plane.shape
    double = np.empty((2 * height, 2 * width), np.uint8)
    half_way = cv2.sepFilter2D(plane, -1, _HALF_PIXEL, _ONE, anchor=(2, 0), borderType=cv2.BORDER_REPLICATE)
    double[::2, ::2] = plane
    double[::2, 1::2] = half_way
    for columns, source in ((0, plane), (1, half_way)):
        double[1::2, columns::2] = cv2.sepFilter2D(
            source, -1, _ONE, _HALF_PIXEL, anchor=(0, 2), borderType=cv2.BORDER_REPLICATE
        )
    return double


def _upsampled(padded: DisplacementField, first: int, count: int, cell: int) -> DisplacementField:
    """Interpolate `count` rows of cells to pixels. The padding of one cell avoids seams between bands."""
    rows = padded[first : first + count + 2]
    pixels = np.asarray(cv2.resize(rows, None, fx=cell, fy=cell, interpolation=cv2.INTER_LINEAR), np.float32)
    return pixels[cell:-cell, cell:-cell]


def _remap(source: Plane, map_x: NDArray[np.float32], map_y: NDArray[np.float32], band: Plane) -> None:
    cv2.remap(source, map_x, map_y, cv2.INTER_LINEAR, dst=band, borderMode=cv2.BORDER_REPLICATE)
