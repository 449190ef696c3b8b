"""From an uploaded file to plain pixels: upright, opaque, sRGB, within a fixed amount of memory.

Pillow is told which three formats it may try, and every size is judged before a pixel is decoded. The caps differ by
format because the decoders do: measured in bytes of memory a pixel, PNG and one-scan JPEG take 4, a JPEG of several
scans 10 (12 with four inks), WebP 16. JPEGs past `_WHOLE_PIXELS` are decoded at half size, which their decoder does
for a quarter of the memory; 48-megapixel phones come in that way. Large pictures are converted in bands, so that
there is never a second full copy. Together this keeps the worst accepted file below 190 MB above the idle process.
"""

import io
import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from PIL import Image, ImageCms

from generations.common.errors import DailiesError

MAX_SIDE = 12_000
MAX_PIXELS = 64_000_000
MAX_STORED_PIXELS = 12_000_000
"""Enough to cover 3840×2160 from a picture of any usual shape."""

_FORMATS = ("JPEG", "PNG", "WEBP")
_WHOLE_PIXELS = 28_000_000
_MAX_PIXELS = {"png": _WHOLE_PIXELS, "jpeg": MAX_PIXELS, "progressive jpeg": 14_000_000, "webp": 10_000_000}
_SHOWN = {"png": "PNG", "jpeg": "JPEG", "progressive jpeg": "progressive JPEG", "webp": "WebP"}
_BAND = 64
_LANCZOS_REACH = 3
_WHITE = (255, 255, 255)
_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

Convert = Callable[[Image.Image], Image.Image]


class BadStillError(DailiesError):
    """The upload is no still that we take; the message says what to change."""

    status = 422
    code = "invalid"


@dataclass(frozen=True)
class Pixels:
    image: Image.Image
    """Mode RGB, nothing attached."""
    is_lossless: bool
    """Whether the upload was a lossless picture, so that ours should be too."""


def decode_still(data: bytes) -> Pixels:
    """Decode a JPEG, PNG or WebP. Transparent parts become white, because the provider takes opaque pictures only.

    Raises BadStillError for anything else, for moving pictures, broken files and sizes past the caps.
    """
    source = _open(data)
    kind = _kind(source, data)
    _check_size(source, kind)
    _check_stands_still(source)
    try:
        if source.width * source.height > _WHOLE_PIXELS:
            source.draft(None, (source.width // 2, source.height // 2))
        source.load()
        upright = _UPRIGHT.get(_orientation(source))
        image = _render(source, _stored_size(source.size), _to_srgb(source))
        source.close()
        return Pixels(image if upright is None else image.transpose(upright), is_lossless=kind == "png")
    except Exception as error:  # decoders raise of every kind on broken files
        raise BadStillError("This picture is damaged or cut short. Export it again and upload the new file.") from error


def _open(data: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=_FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadStillError(
            f"This picture is far too large. Scale it down to {MAX_PIXELS // 1_000_000} megapixels."
        ) from error
    except Exception as error:  # as above
        raise BadStillError("This is not a JPEG, PNG or WebP picture. Save it as one of these.") from error


def _kind(source: Image.Image, data: bytes) -> str:
    if source.format in ("PNG", "WEBP"):
        return source.format.lower()
    return "jpeg" if _has_one_scan(data) else "progressive jpeg"


def _has_one_scan(data: bytes) -> bool:
    """Tell whether a JPEG's first scan carries all its components: only then is it decoded line by line."""
    at, components = 2, 0
    while at + 10 <= len(data):
        marker, length = struct.unpack(">HH", data[at : at + 4])
        if marker == 0xFFDA:
            return data[at + 4] == components
        if marker in (0xFFC0, 0xFFC1):  # baseline and extended sequential
            components = data[at + 9]
        at += 2 + length
    return False


def _check_size(source: Image.Image, kind: str) -> None:
    width, height = source.size
    if max(width, height) > MAX_SIDE:
        raise BadStillError(
            f"This picture is {width} × {height} pixels. Scale it down to {MAX_SIDE} on its longer side."
        )
    if width * height > _MAX_PIXELS[kind]:
        most = _MAX_PIXELS[kind] // 1_000_000
        raise BadStillError(
            f"This picture has {width * height / 1e6:.1f} megapixels; a {_SHOWN[kind]} may have {most}. Scale it down."
        )


def _check_stands_still(source: Image.Image) -> None:
    """Refuse animations. A JPEG of several pictures, as phones write, shows its first."""
    if source.format in ("PNG", "WEBP") and getattr(source, "is_animated", False):
        raise BadStillError("This picture is animated. Save one frame of it as JPEG, PNG or WebP.")


def _orientation(source: Image.Image) -> int:
    try:
        return int(source.getexif().get(_ORIENTATION, 1))
    except Exception:  # broken metadata must not cost the picture
        return 1


def _stored_size(size: tuple[int, int]) -> tuple[int, int]:
    scale = min(1.0, math.sqrt(MAX_STORED_PIXELS / (size[0] * size[1])))
    return max(1, int(size[0] * scale)), max(1, int(size[1] * scale))


def _render(source: Image.Image, size: tuple[int, int], convert: Convert) -> Image.Image:
    """Convert and scale band by band: the result equals that of the whole picture at once."""
    target = Image.new("RGB", size)
    scale = source.height / size[1]
    reach = math.ceil(_LANCZOS_REACH * scale) + 1
    for top in range(0, size[1], _BAND):
        bottom = min(top + _BAND, size[1])
        first = max(0, math.floor(top * scale) - reach)
        last = min(source.height, math.ceil(bottom * scale) + reach)
        band = convert(source.crop((0, first, source.width, last)))
        box = (0, top * scale - first, source.width, min(bottom * scale - first, band.height))
        target.paste(band.resize((size[0], bottom - top), Image.Resampling.LANCZOS, box), (0, top))
    return target


def _to_srgb(source: Image.Image) -> Convert:
    """Return the way from the source's pixels to opaque sRGB."""
    managed = _colour_management(source)

    def convert(band: Image.Image) -> Image.Image:
        if band.mode.startswith("I"):
            return _eight_bits(band).convert("RGB")
        if band.has_transparency_data:
            layers = band.convert("RGBA")
            paper = Image.new("RGB", band.size, _WHITE)
            paper.paste(managed(layers.convert("RGB")), mask=layers.getchannel("A"))
            return paper
        return managed(band if band.mode in ("L", "RGB", "CMYK") else band.convert("RGB"))

    return convert


def _eight_bits(band: Image.Image) -> Image.Image:
    return band.convert("I").point(lambda value: value * (1 / 257) + 0.5).convert("L")


def _colour_management(source: Image.Image) -> Convert:
    """Follow the embedded colour profile; a picture without one, or with a broken one, counts as sRGB."""
    mode = source.mode if source.mode in ("L", "CMYK") else "RGB"
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(source.info["icc_profile"]))
        transform = ImageCms.buildTransform(profile, ImageCms.createProfile("sRGB"), mode, "RGB")
    except (KeyError, TypeError, OSError, ImageCms.PyCMSError):
        return lambda band: band.convert("RGB")
    return lambda band: cast(Image.Image, ImageCms.applyTransform(band, transform))
