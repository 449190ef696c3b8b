"""Sample images, as people, phones and attackers produce them."""

import io
import struct
import zlib
from collections.abc import Callable

from PIL import Image, ImageCms, PngImagePlugin

from generations.contract.support import SUPPORT

SECRET = b"52.5200N-13.4050E"
HTML = b"<script>alert(document.cookie)</script>"


def sample_image(width: int = 96, height: int = 64) -> Image.Image:
    """Return an image that shows its orientation: red on the left, blue on the right, a green bar at the top."""
    image = Image.new("RGB", (width, height), (200, 30, 30))
    image.paste((30, 30, 200), (width // 2, 0, width, height))
    image.paste((30, 200, 30), (0, 0, width, height // 4))
    return image


def encoded(image: Image.Image, file_format: str, **options: object) -> bytes:
    target = io.BytesIO()
    image.save(target, file_format, **options)
    return target.getvalue()


def jpeg(image: Image.Image | None = None, **options: object) -> bytes:
    return encoded(image or sample_image(), "JPEG", **{"quality": 95, "subsampling": 0, **options})


def png(image: Image.Image | None = None, **options: object) -> bytes:
    return encoded(image or sample_image(), "PNG", **options)


def webp(image: Image.Image | None = None, **options: object) -> bytes:
    return encoded(image or sample_image(), "WEBP", **options)


def huge_png(width: int, height: int) -> bytes:
    """Return a gray PNG of any size, a few kilobytes long."""
    packer = zlib.compressobj(9)
    row = b"\0" * (width + 1)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def sixteen_bits() -> bytes:
    """Return a gray 16-bit gradient from black to white."""
    values = [round(x * 65535 / 63) for _ in range(16) for x in range(64)]
    return png(Image.frombytes("I;16", (64, 16), struct.pack(f"<{len(values)}H", *values)))


def with_metadata() -> dict[str, bytes]:
    """Return the same image in the three formats, each with metadata about place and author."""
    exif = Image.Exif()
    exif[0x010F] = SECRET.decode()
    exif.get_ifd(0x8825)[29] = SECRET.decode()
    exif.get_ifd(0x8769)[0x927C] = b"maker note " + SECRET
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">' + SECRET + b"</x:xmpmeta>"
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", SECRET.decode())
    text.add_itxt("XML:com.adobe.xmp", xmp.decode())
    iptc = b"Photoshop 3.0\x008BIM\x04\x04\x00\x00" + struct.pack(">I", len(SECRET)) + SECRET
    with_iptc = jpeg(exif=exif, xmp=xmp, comment=SECRET)
    app13 = b"\xff\xed" + struct.pack(">H", len(iptc) + 2) + iptc
    return {
        "jpeg": with_iptc[:2] + app13 + with_iptc[2:],
        "png": png(exif=exif, pnginfo=text),
        "webp": webp(exif=exif, xmp=xmp),
    }


def turned(orientation: int) -> bytes:
    """Return `sample_image()` as a rotated camera stores it: transposed pixels and the orientation tag."""
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    exif = Image.Exif()
    exif[0x0112] = orientation
    return png(sample_image().transpose(Image.Transpose(back[orientation])), exif=exif)


def swapped_profile() -> bytes:
    """Return an RGB profile with red and blue swapped, so that its use is visible."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack(">I", profile[128:132])[0]
    for entry in range(132, 132 + 12 * count, 12):
        tag = bytes(profile[entry : entry + 4])
        profile[entry : entry + 4] = {b"rXYZ": b"bXYZ", b"bXYZ": b"rXYZ"}.get(tag, tag)
    return bytes(profile)


def animated(file_format: str, frames: int = 3) -> bytes:
    shades = [Image.new("RGB", (16, 16), (step * 255 // frames, 0, 0)) for step in range(frames)]
    return encoded(shades[0], file_format, save_all=True, append_images=shades[1:], duration=40)


def multi_scan(jpeg_data: bytes) -> bytes:
    """Mark the first scan of a JPEG as having one component, as in files with several sequential scans."""
    at = jpeg_data.index(b"\xff\xda")
    return jpeg_data[: at + 4] + b"\x01" + jpeg_data[at + 5 :]


UNSUPPORTED = "Unsupported file type. Use JPEG, PNG or WebP."

BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "empty"),
    "text": (lambda: b"not an image at all", UNSUPPORTED),
    "svg": (lambda: b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', UNSUPPORTED),
    "gif": (lambda: encoded(sample_image(), "GIF"), UNSUPPORTED),
    "tiff": (lambda: encoded(sample_image(), "TIFF"), UNSUPPORTED),
    "html behind a png name": (lambda: b"\x89PNG\r\n\x1a\n" + HTML, UNSUPPORTED),
    "cut jpeg": (lambda: jpeg(Image.effect_noise((64, 64), 80))[:-300], "damaged"),
    "cut png": (lambda: png(Image.effect_noise((64, 64), 80))[:-300], "damaged"),
    "cut webp": (lambda: webp(Image.effect_noise((64, 64), 80))[:-300], f"{UNSUPPORTED}|damaged"),
    "header alone": (lambda: jpeg()[:20], UNSUPPORTED),
    "81 megapixels in 80 kB": (lambda: huge_png(9000, 9000), "81.0 megapixels. Maximum is 28 for PNG."),
    "too wide": (lambda: huge_png(12_001, 4), "12001 × 4"),
    "bomb": (lambda: huge_png(14_000, 14_000), "too large .max 64 megapixels"),
    "large webp": (lambda: webp(Image.new("RGB", (4000, 2600))), "10.4 megapixels. Maximum is 10 for WebP."),
    "large progressive jpeg": (
        lambda: jpeg(Image.new("L", (5000, 3200)), progressive=True),
        "16.0 megapixels. Maximum is 14 for progressive JPEG.",
    ),
    "large jpeg of several scans": (
        lambda: multi_scan(jpeg(Image.new("RGB", (5000, 3200)))),
        "16.0 megapixels. Maximum is 14 for progressive JPEG.",
    ),
    "animated webp": (lambda: animated("WEBP"), "Animated"),
    "animated png": (lambda: animated("PNG"), "Animated"),
    "2,000 frames": (lambda: animated("WEBP", 2000), "Animated"),
    "16 MB": (lambda: jpeg() + b"\0" * SUPPORT.image.upload_max_bytes, "too large .max 15 MB"),
}


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
