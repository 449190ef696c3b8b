"""Open an image from a stranger: checked format and size, decoded whole, upright, in sRGB, without alpha."""

import io
from dataclasses import dataclass

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

MAX_PIXELS = 50_000_000
FORMATS = ("PNG", "JPEG", "WEBP")

_SRGB = ImageCms.createProfile("sRGB")
_WITH_ALPHA = ("RGBA", "LA", "PA", "La", "RGBa")


class BadImageError(ValueError):
    """The bytes are not an image we can use; the message says why, and what would do."""


@dataclass(frozen=True)
class ImageFacts:
    width: int
    height: int


def check_image(data: bytes) -> ImageFacts:
    """Decode an image only to see that it decodes. Raises BadImageError."""
    with _opened(data) as image:
        return ImageFacts(*image.size)


def load_image(data: bytes) -> Image.Image:
    """Return the picture as people see it: orientation applied, in sRGB, on white where it was transparent."""
    with _opened(data) as image:
        return _in_srgb(_flattened(ImageOps.exif_transpose(image)), image.info.get("icc_profile"))


def cover(image: Image.Image, width: int, height: int) -> Image.Image:
    """Scale and crop about the centre so that the picture covers the size exactly."""
    return ImageOps.fit(image, (width, height), Image.Resampling.LANCZOS)


def _opened(data: bytes) -> Image.Image:
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
        # Pillow's readers raise all of these on damaged files.
        raise BadImageError("the image is damaged and cannot be decoded") from error
    return image


def _flattened(image: Image.Image) -> Image.Image:
    if image.mode in _WITH_ALPHA or "transparency" in image.info:
        picture = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    if image.mode.startswith("I"):  # 16 bits of grey; convert() would clip instead of scale
        return image.point(lambda value: value / 257).convert("L")
    return image.convert("RGB") if image.mode in ("P", "1") else image


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, _SRGB, outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError):
            converted = None  # a broken or unsuitable profile is common, and no reason to refuse the picture
        if converted is not None:
            return converted
    return image.convert("RGB")
