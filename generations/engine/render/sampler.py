"""Read a still between its pixels.

Linear sampling alone softens a slow move in pulses, so luma is read from a copy at twice the size, interpolated with
the six taps that H.264 uses for half pixels. Even samples of that copy are the still: an unmoved view is exact.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from .camera import View, source_positions
from .planes import BAND_ROWS, Plane, Planes

CELL = 8  # pixels of luma per cell of a displacement field

_HALF_PIXEL = np.array([1, -5, 20, 20, -5, 1], np.float32) / 32
_ONE = np.ones(1, np.float32)

Field = NDArray[np.float32]


class Sampler:
    """A still prepared for drawing. Safe to use from several threads at once."""

    def __init__(self, still: Planes) -> None:
        self.still = still
        self._sources = ((doubled(still.y), 2, 1), (still.u, 1, 2), (still.v, 1, 2))

    def draw_view(self, view: View, into: Planes) -> None:
        """Draw what the camera sees."""
        for target, (source, scale, step) in zip(into, self._sources, strict=True):
            height, width = target.shape
            across = (source_positions(view, 0, width) * scale).astype(np.float32)
            down = (source_positions(view, 1, height) * scale).astype(np.float32)
            rows = BAND_ROWS // step
            map_x = np.repeat(across[None], min(rows, height), axis=0)
            map_y = np.empty_like(map_x)
            for top in range(0, height, rows):
                band = target[top : top + rows]
                count = len(band)
                map_y[:count] = down[top : top + count, None]
                _remap(source, map_x[:count], map_y[:count], band)

    def draw_field(self, field: Field, into: Planes) -> None:
        """Draw the still displaced by a field of (across, down) offsets in luma pixels, one per cell.

        Every pixel reads the still at its own place plus the offset; both sides must be multiples of `CELL`.
        """
        rimmed = np.pad(field, ((1, 1), (1, 1), (0, 0)), mode="edge")
        for target, (source, scale, step) in zip(into, self._sources, strict=True):
            cell, rows = CELL // step, BAND_ROWS // step
            across = np.arange(target.shape[1], dtype=np.float32)
            for top in range(0, target.shape[0], rows):
                band = target[top : top + rows]
                offsets = _magnified(rimmed, top // cell, len(band) // cell, cell) / np.float32(step)
                down = np.arange(top, top + len(band), dtype=np.float32)
                _remap(source, (across + offsets[..., 0]) * scale, (down[:, None] + offsets[..., 1]) * scale, band)


def doubled(plane: Plane) -> Plane:
    """Return the plane at twice the size; its even samples are the plane, the others lie half way between."""
    height, width = plane.shape
    double = np.empty((2 * height, 2 * width), np.uint8)
    beside = cv2.sepFilter2D(plane, -1, _HALF_PIXEL, _ONE, anchor=(2, 0), borderType=cv2.BORDER_REPLICATE)
    double[::2, ::2] = plane
    double[::2, 1::2] = beside
    for columns, source in ((0, plane), (1, beside)):
        double[1::2, columns::2] = cv2.sepFilter2D(
            source, -1, _ONE, _HALF_PIXEL, anchor=(0, 2), borderType=cv2.BORDER_REPLICATE
        )
    return double


def _magnified(rimmed: Field, first: int, count: int, cell: int) -> Field:
    """Interpolate `count` rows of cells to pixels. The rim of one cell makes bands meet without a seam."""
    rows = rimmed[first : first + count + 2]
    wide = np.asarray(cv2.resize(rows, None, fx=cell, fy=cell, interpolation=cv2.INTER_LINEAR), np.float32)
    return wide[cell:-cell, cell:-cell]


def _remap(source: Plane, map_x: NDArray[np.float32], map_y: NDArray[np.float32], band: Plane) -> None:
    cv2.remap(source, map_x, map_y, cv2.INTER_LINEAR, dst=band, borderMode=cv2.BORDER_REPLICATE)
