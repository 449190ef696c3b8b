"""From plain pixels to the file that we keep. Only pixels go in, so no metadata can come out."""

import base64
import io
from dataclasses import dataclass

from PIL import Image

from generations.contract.support import SUPPORT

_JPEG_STEPS = ((92, "4:4:4"), (85, "4:4:4"), (75, "4:2:0"), (50, "4:2:0"))
_PLACEHOLDER_SIDES = (24, 16, 12)
_PLACEHOLDER_CHARS = 400


@dataclass(frozen=True)
class Encoded:
    data: bytes
    mime: str


def encode_still(image: Image.Image, *, is_lossless: bool) -> Encoded:
    """Encode as PNG if lossless, else as JPEG, always within what the provider takes as an upload.

    A lossless picture too large for that becomes a JPEG; a JPEG too large loses quality, step by step.
    """
    if is_lossless and _fits(png := _save(image, "PNG")):
        return Encoded(png, "image/png")
    for quality, subsampling in _JPEG_STEPS:
        jpeg = _save(image, "JPEG", quality=quality, subsampling=subsampling)
        if _fits(jpeg):
            break
    return Encoded(jpeg, "image/jpeg")


def encode_poster(image: Image.Image, *, longest_side: int) -> bytes:
    small = image.copy()
    small.thumbnail((longest_side, longest_side), Image.Resampling.LANCZOS)
    return _save(small, "WEBP", quality=82, method=4)


def make_placeholder(image: Image.Image) -> str:
    """Return a few blurred pixels as a data URI of at most 400 characters."""
    for side in _PLACEHOLDER_SIDES:
        scale = min(1.0, side / max(image.size))
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        small = image.resize(size, Image.Resampling.BOX, reducing_gap=2)
        uri = "data:image/webp;base64," + base64.b64encode(_save(small, "WEBP", quality=20, method=4)).decode()
        if len(uri) <= _PLACEHOLDER_CHARS:
            return uri
    return ""


def _fits(data: bytes) -> bool:
    return len(data) <= SUPPORT.image.upload_max_bytes


def _save(image: Image.Image, file_format: str, **options: object) -> bytes:
    target = io.BytesIO()
    image.save(target, file_format, **options)
    return target.getvalue()
