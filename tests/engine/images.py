"""Generated images with detail everywhere, so that a tracker can follow points."""

import base64
import io

import numpy as np
from PIL import Image


def photo(width: int, height: int, seed: int = 1) -> Image.Image:
    """Draw soft color clouds under a fine gray texture. Another seed gives an unrelated image."""
    random = np.random.default_rng(seed)
    clouds = _stretched(random.integers(0, 255, (6, 8, 3), dtype=np.uint8), width, height)
    texture = _stretched(random.integers(0, 255, (height // 8, width // 8), dtype=np.uint8), width, height)
    return Image.blend(clouds, texture, 0.35)


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def data_uri(data: bytes, mime: str = "image/png") -> str:
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"


def _stretched(pixels: np.ndarray, width: int, height: int) -> Image.Image:
    return Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC).convert("RGB")
