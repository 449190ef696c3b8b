"""Decode untrusted images: check format and size, decode fully, make them upright, sRGB and opaque."""

import io
from dataclasses import dataclass

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

MAX_PIXELS = 50_000_000
FORMATS = ("PNG", "JPEG", "WEBP")

_SRGB = ImageCms.createProfile("sRGB")
_WITH_ALPHA = ("RGBA", "LA", "PA", "La", "RGBa")


class BadImageError(ValueError):
    """The bytes are not a usable image. The message says why and what is accepted."""


@dataclass(frozen=True)
class ImageFacts:
    width: int
    height: int


def check_image(data: bytes) -> ImageFacts:
    """Decode an image to prove that it is valid. Raises BadImageError."""
    with _open(data) as image:
        return ImageFacts(*image.size)


def load_image(data: bytes) -> Image.Image:
    """Return the image as a viewer shows it: orientation applied, in sRGB, on white where it was transparent."""
    with _open(data) as image:
        return _to_srgb(_flatten(ImageOps.exif_transpose(image)), image.info.get("icc_profile"))


def cover(image: Image.Image, width: int, height: int) -> Image.Image:
    """Scale and crop around the center so that the image covers the size exactly."""
    return ImageOps.fit(image, (width, height), Image.Resampling.LANCZOS)


def _open(data: bytes) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
        if image.width * image.height > MAX_PIXELS:
            raise BadImageError(
                f"the image has {image.width:,} x {image.height:,} pixels; at most {MAX_PIXELS:,} are accepted"
            )
        image.load()
    except UnidentifiedImageError as error:
        raise BadImageError("this is not a PNG, JPEG or WebP image") from error
    except Image.DecompressionBombError as error:
        raise BadImageError(f"the image has more than {MAX_PIXELS:,} pixels") from error
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError) as error:
        if isinstance(error, BadImageError):
            raise
        # Pillow's decoders raise all of these for damaged files.
        raise BadImageError("the image is damaged and cannot be decoded") from error
    return image


def _flatten(image: Image.Image) -> Image.Image:
    if image.mode in _WITH_ALPHA or "transparency" in image.info:
        layer = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
    if image.mode.startswith("I"):  # 16-bit gray; convert() would clip instead of scale
        return image.point(lambda value: value / 257).convert("L")
    return image.convert("RGB") if image.mode in ("P", "1") else image


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, _SRGB, outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError):
            converted = None  # broken or unsuitable profiles are common; the image is then read as sRGB
        if converted is not None:
            return converted
    return image.convert("RGB")
