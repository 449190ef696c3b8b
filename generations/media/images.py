"""Images: check an upload, decode it to plain pixels, encode it again and store it.

The stored file is written from the pixels alone: upright, opaque, sRGB, without metadata. The work runs within a fixed
amount of memory. Pillow may try only three formats, and every size is checked before a pixel is decoded. The limits
differ by format because the decoders do: measured in bytes of memory per pixel, PNG and single-scan JPEG need 4, a JPEG
of several scans 10 (12 with four inks), WebP 16. A JPEG of more than `_FULL_SIZE_PIXELS` is decoded at half size, which
needs a quarter of the memory; this admits 48-megapixel phones. Large images are converted in bands, so that there is
never a second full copy. With all this the largest accepted file stays below 190 MB above the idle process.
"""

import base64
import hashlib
import io
import math
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from django.core.files import File
from django.core.files.base import ContentFile
from PIL import Image, ImageCms

from generations.accounts.models import Team, User
from generations.common.errors import DailiesError
from generations.contract.support import SUPPORT

from .assets import NewAsset, clean_name, store_asset
from .models import Asset, AssetKind

MAX_SIDE = 12_000
MAX_PIXELS = 64_000_000
MAX_STORED_PIXELS = 12_000_000
"""Enough to cover 3840×2160 from an image of any usual shape."""

_FORMATS = ("JPEG", "PNG", "WEBP")
_FULL_SIZE_PIXELS = 28_000_000
_MAX_PIXELS = {"png": _FULL_SIZE_PIXELS, "jpeg": MAX_PIXELS, "progressive jpeg": 14_000_000, "webp": 10_000_000}
_FORMAT_LABELS = {"png": "PNG", "jpeg": "JPEG", "progressive jpeg": "progressive JPEG", "webp": "WebP"}
_BAND_ROWS = 64
_LANCZOS_RADIUS = 3
_WHITE = (255, 255, 255)
_ORIENTATION_TAG = 0x0112
_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_JPEG_STEPS = ((92, "4:4:4"), (85, "4:4:4"), (75, "4:2:0"), (50, "4:2:0"))
_PLACEHOLDER_SIDES = (24, 16, 12)
_PLACEHOLDER_CHARS = 400

# A process decodes one image at a time. The memory limit of one image is then the limit of the process.
_decoder_lock = threading.Lock()

Convert = Callable[[Image.Image], Image.Image]


class BadImageError(DailiesError):
    """The upload is not an accepted image. The message says what to change."""

    status = 422
    code = "invalid"


@dataclass(frozen=True)
class Pixels:
    image: Image.Image
    """Mode RGB, without metadata."""
    is_lossless: bool
    """Whether the upload was lossless, so that the stored file is lossless too."""


@dataclass(frozen=True)
class Encoded:
    data: bytes
    mime: str


def store_image(*, team: Team, uploader: User | None, file: "File[bytes]") -> Asset:
    """Store an uploaded JPEG, PNG or WebP as a clean image. The same upload again returns the same asset.

    The stored file has at most 12 megapixels and 15 MB, and transparent parts are white. PNG stays lossless; JPEG and
    WebP become JPEG. Raises BadImageError with a sentence for the member, and StorageError if the storage fails.
    """
    data = _read(file)
    with _decoder_lock:
        encoded, size, placeholder = _clean(data)
    new = NewAsset(
        kind=AssetKind.IMAGE,
        mime=encoded.mime,
        sha256=hashlib.sha256(encoded.data).hexdigest(),
        width=size[0],
        height=size[1],
        original_name=clean_name(file.name),
        placeholder=placeholder,
    )
    return store_asset(team=team, uploader=uploader, content=ContentFile(encoded.data), new=new)


def measure_image(file: "File[bytes]") -> tuple[int, int]:
    """Return the width and height that `store_image` would store. Raises BadImageError. Stores nothing."""
    data = _read(file)
    with _decoder_lock:
        return decode_image(data).image.size


def decode_image(data: bytes) -> Pixels:
    """Decode a JPEG, PNG or WebP. Transparent parts become white, because the provider accepts only opaque images.

    Raises BadImageError for other formats, animations, damaged files and sizes beyond the limits.
    """
    source = _open(data)
    kind = _kind(source, data)
    _check_size(source, kind)
    _check_not_animated(source)
    try:
        if source.width * source.height > _FULL_SIZE_PIXELS:
            source.draft(None, (source.width // 2, source.height // 2))
        source.load()
        transpose = _TRANSPOSE.get(_orientation(source))
        image = _render(source, _stored_size(source.size), _to_srgb(source))
        source.close()
        return Pixels(image if transpose is None else image.transpose(transpose), is_lossless=kind == "png")
    except Exception as error:  # the decoders raise many kinds of errors for damaged files
        raise BadImageError("This image file is damaged. Export it again and re-upload.") from error


def encode_image(image: Image.Image, *, is_lossless: bool) -> Encoded:
    """Encode as PNG if lossless, else as JPEG, always within the upload limit of the provider.

    A lossless image above the limit becomes a JPEG. A JPEG above the limit is encoded again at lower quality.
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


def _clean(data: bytes) -> tuple[Encoded, tuple[int, int], str]:
    pixels = decode_image(data)
    encoded = encode_image(pixels.image, is_lossless=pixels.is_lossless)
    return encoded, pixels.image.size, make_placeholder(pixels.image)


def _read(file: "File[bytes]") -> bytes:
    """Read the upload up to the size limit. The size that it declares is not trusted."""
    limit = SUPPORT.image.upload_max_bytes
    file.seek(0)
    data = file.read(limit + 1)
    if not data:
        raise BadImageError("This file is empty. Choose another file.")
    if len(data) > limit:
        raise BadImageError(f"File is too large (max {limit // 1_000_000} MB).")
    return bytes(data)


def _open(data: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=_FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadImageError(f"This image is too large (max {MAX_PIXELS // 1_000_000} megapixels).") from error
    except Exception as error:  # as above
        raise BadImageError("Unsupported file type. Use JPEG, PNG or WebP.") from error


def _kind(source: Image.Image, data: bytes) -> str:
    if source.format in ("PNG", "WEBP"):
        return source.format.lower()
    return "jpeg" if _has_one_scan(data) else "progressive jpeg"


def _has_one_scan(data: bytes) -> bool:
    """Tell whether the first scan of a JPEG has all its components. Only then is it decoded line by line."""
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
        raise BadImageError(f"Image is {width} × {height} px. Maximum is {MAX_SIDE} px on the longer side.")
    if width * height > _MAX_PIXELS[kind]:
        raise BadImageError(
            f"Image has {width * height / 1e6:.1f} megapixels. "
            f"Maximum is {_MAX_PIXELS[kind] // 1_000_000} for {_FORMAT_LABELS[kind]}."
        )


def _check_not_animated(source: Image.Image) -> None:
    """Reject animations. Of a JPEG with several images, as phones write it, the first is used."""
    if source.format in ("PNG", "WEBP") and getattr(source, "is_animated", False):
        raise BadImageError("Animated images are not supported. Upload a still image.")


def _orientation(source: Image.Image) -> int:
    try:
        return int(source.getexif().get(_ORIENTATION_TAG, 1))
    except Exception:  # an image with broken metadata is still accepted
        return 1


def _stored_size(size: tuple[int, int]) -> tuple[int, int]:
    scale = min(1.0, math.sqrt(MAX_STORED_PIXELS / (size[0] * size[1])))
    return max(1, int(size[0] * scale)), max(1, int(size[1] * scale))


def _render(source: Image.Image, size: tuple[int, int], convert: Convert) -> Image.Image:
    """Convert and scale band by band. The result equals that of the whole image at once."""
    target = Image.new("RGB", size)
    scale = source.height / size[1]
    margin = math.ceil(_LANCZOS_RADIUS * scale) + 1
    for top in range(0, size[1], _BAND_ROWS):
        bottom = min(top + _BAND_ROWS, size[1])
        first = max(0, math.floor(top * scale) - margin)
        last = min(source.height, math.ceil(bottom * scale) + margin)
        band = convert(source.crop((0, first, source.width, last)))
        box = (0, top * scale - first, source.width, min(bottom * scale - first, band.height))
        target.paste(band.resize((size[0], bottom - top), Image.Resampling.LANCZOS, box), (0, top))
    return target


def _to_srgb(source: Image.Image) -> Convert:
    """Return the conversion from the source's pixels to opaque sRGB."""
    apply_profile = _profile_conversion(source)

    def convert(band: Image.Image) -> Image.Image:
        if band.mode.startswith("I"):
            return _eight_bits(band).convert("RGB")
        if band.has_transparency_data:
            layers = band.convert("RGBA")
            background = Image.new("RGB", band.size, _WHITE)
            background.paste(apply_profile(layers.convert("RGB")), mask=layers.getchannel("A"))
            return background
        return apply_profile(band if band.mode in ("L", "RGB", "CMYK") else band.convert("RGB"))

    return convert


def _eight_bits(band: Image.Image) -> Image.Image:
    return band.convert("I").point(lambda value: value * (1 / 257) + 0.5).convert("L")


def _profile_conversion(source: Image.Image) -> Convert:
    """Return the conversion by the embedded color profile. Without one, or with a broken one, assume sRGB."""
    mode = source.mode if source.mode in ("L", "CMYK") else "RGB"
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(source.info["icc_profile"]))
        transform = ImageCms.buildTransform(profile, ImageCms.createProfile("sRGB"), mode, "RGB")
    except (KeyError, TypeError, OSError, ImageCms.PyCMSError):
        return lambda band: band.convert("RGB")
    return lambda band: cast(Image.Image, ImageCms.applyTransform(band, transform))


def _fits(data: bytes) -> bool:
    return len(data) <= SUPPORT.image.upload_max_bytes


def _save(image: Image.Image, file_format: str, **options: object) -> bytes:
    target = io.BytesIO()
    image.save(target, file_format, **options)
    return target.getvalue()
