"""Which part of a still the video begins with: the largest in the frame's shape, about the centre."""

from dataclasses import dataclass

from .support import size_of


@dataclass(frozen=True)
class Crop:
    """A rectangle in pixels of the still, from its upper left corner."""

    x: int
    y: int
    width: int
    height: int


def cover_crop(width: int, height: int, resolution: str) -> Crop:
    """The rectangle of a `width` × `height` still that fills a frame of `WIDTHxHEIGHT`."""
    frame_width, frame_height = size_of(resolution)
    kept_width = min(width, max(1, round(height * frame_width / frame_height)))
    kept_height = min(height, max(1, round(width * frame_height / frame_width)))
    return Crop((width - kept_width) // 2, (height - kept_height) // 2, kept_width, kept_height)
