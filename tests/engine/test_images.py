"""Decoding of untrusted images as a viewer would show them."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from generations.engine.images import MAX_PIXELS, BadImageError, check_image, cover, load_image

from .images import encoded, photo


def half_and_half() -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", (80, 40), "red")
    image.paste("blue", (40, 0, 80, 40))
    return image


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_it_reads_the_three_formats(kind: str):
    image = photo(120, 80)
    loaded = load_image(encoded(image, kind, quality=95))
    assert (loaded.size, loaded.mode) == ((120, 80), "RGB")
    assert np.abs(np.asarray(loaded, int) - np.asarray(image, int)).mean() < 6


def test_it_applies_the_orientation():
    exif = Image.Exif()
    exif[0x0112] = 6  # must be rotated clockwise by 90 degrees
    loaded = load_image(encoded(half_and_half(), "JPEG", exif=exif.tobytes(), quality=95))
    assert loaded.size == (40, 80)
    assert loaded.getpixel((20, 10))[0] > 200
    assert loaded.getpixel((20, 70))[2] > 200


def test_transparent_parts_become_white():
    image = Image.new("RGBA", (20, 20), (255, 0, 0, 0))
    image.paste((0, 0, 255, 255), (0, 0, 10, 20))
    for candidate in (image, image.quantize()):
        loaded = load_image(encoded(candidate))
        assert loaded.getpixel((15, 10)) == (255, 255, 255)
        assert loaded.getpixel((5, 10)) == (0, 0, 255)


def test_it_converts_the_colors_of_a_profile():
    """A fifth of full light is a low value in a linear color space and a middle value in sRGB."""
    loaded = load_image(encoded(Image.new("RGB", (8, 8), (55, 55, 55)), icc_profile=_linear_profile()))
    assert loaded.getpixel((4, 4))[0] == pytest.approx(128, abs=4)


def test_a_broken_profile_is_ignored():
    loaded = load_image(encoded(half_and_half(), icc_profile=b"not a profile"))
    assert loaded.getpixel((10, 10)) == (255, 0, 0)


@pytest.mark.parametrize("mode", ["L", "1", "CMYK", "LA", "I;16"])
def test_it_reads_other_pixel_kinds(mode: str):
    if mode == "I;16":
        data = encoded(Image.fromarray(np.full((20, 20), 128 * 257, np.uint16)))
    else:
        data = encoded(Image.new("RGB", (20, 20), (128, 128, 128)).convert(mode), "JPEG" if mode == "CMYK" else "PNG")
    loaded = load_image(data)
    assert loaded.mode == "RGB"
    if mode != "1":
        assert loaded.getpixel((10, 10))[1] == pytest.approx(128, abs=8)


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBPVP8 "])
def test_damaged_bytes_are_a_bad_image(data: bytes):
    with pytest.raises(BadImageError):
        check_image(data)


def test_every_truncated_file_is_a_bad_image_or_an_image():
    """Decoding raises no other error, wherever the file ends."""
    for data in (encoded(photo(48, 48)), encoded(photo(48, 48), "JPEG"), encoded(photo(48, 48), "WEBP")):
        for cut in range(0, len(data) - 1, max(1, len(data) // 60)):
            try:
                check_image(data[:cut])
            except BadImageError:
                continue


def test_too_many_pixels_are_rejected_before_they_are_decoded():
    side = int(MAX_PIXELS**0.5) + 10
    with pytest.raises(BadImageError, match="pixels"):
        check_image(encoded(Image.new("1", (side, side))))


def test_it_crops_around_the_center():
    image = Image.new("RGB", (300, 100), "black")
    image.paste("white", (100, 0, 200, 100))
    covered = cover(image, 64, 64)
    assert covered.size == (64, 64)
    assert np.asarray(covered).min() > 200


def _linear_profile() -> bytes:
    """Return an sRGB profile with linear curves, made by overwriting the curves of a standard one."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = int.from_bytes(profile[128:132], "big")
    for index in range(count):
        entry = 132 + 12 * index
        if bytes(profile[entry : entry + 4]) in (b"rTRC", b"gTRC", b"bTRC"):
            offset = int.from_bytes(profile[entry + 4 : entry + 8], "big")
            size = int.from_bytes(profile[entry + 8 : entry + 12], "big")
            straight = b"curv" + bytes(8)
            profile[offset : offset + size] = straight + bytes(size - len(straight))
    assert ImageCms.ImageCmsProfile(io.BytesIO(bytes(profile)))
    return bytes(profile)
