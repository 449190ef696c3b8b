"""Draw landscapes for the takes of `seed_gallery`."""

import math
import random
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFilter

Color = tuple[int, int, int]


@dataclass(frozen=True)
class Palette:
    """Colors of the sky from top to horizon, of the light in it, and of the nearest ridge. Other ridges are mixed."""

    top: Color
    horizon: Color
    light: Color
    ridge: Color
    has_water: bool


PALETTES = (
    Palette((38, 52, 84), (236, 158, 110), (255, 226, 178), (28, 30, 44), True),
    Palette((112, 158, 190), (226, 226, 208), (255, 252, 236), (40, 66, 60), False),
    Palette((14, 18, 34), (56, 78, 110), (226, 230, 238), (8, 12, 20), True),
    Palette((196, 138, 96), (246, 214, 160), (255, 244, 214), (110, 56, 40), False),
    Palette((84, 88, 104), (188, 190, 190), (222, 222, 218), (34, 40, 44), False),
    Palette((52, 34, 70), (222, 118, 128), (255, 206, 190), (30, 18, 40), True),
)
_RIDGES = 5
_HALO = 48


def draw_scene(size: tuple[int, int], number: int) -> Image.Image:
    """Draw the scene of this number. The same number always gives the same image."""
    rng = random.Random(number)  # noqa: S311 - an image, not a secret
    palette = PALETTES[number % len(PALETTES)]
    width, height = size
    horizon = round(height * rng.uniform(0.5, 0.62))
    image = _gradient(size, palette.top, palette.horizon, horizon)
    _light(image, palette, (round(width * rng.uniform(0.2, 0.8)), round(horizon * rng.uniform(0.35, 0.85))))
    for layer in range(_RIDGES):
        _ridge(image, palette, horizon, (layer + 1) / _RIDGES, rng)
    if palette.has_water:
        _water(image, palette, round(height * 0.74))
    return image


def _gradient(size: tuple[int, int], top: Color, bottom: Color, horizon: int) -> Image.Image:
    column = Image.new("RGB", (1, size[1]))
    column.putdata([_mix(top, bottom, min(1.0, y / horizon) ** 1.4) for y in range(size[1])])
    return column.resize(size)


def _light(image: Image.Image, palette: Palette, center: tuple[int, int]) -> None:
    radius = image.height // 14
    glow = Image.new("L", image.size)
    pen = ImageDraw.Draw(glow)
    for step in range(_HALO, 0, -1):
        pen.ellipse(_box(center, radius * (1 + 6 * step / _HALO)), fill=round(90 * (1 - step / _HALO) ** 2))
    pen.ellipse(_box(center, radius), fill=255)
    image.paste(palette.light, mask=glow.filter(ImageFilter.GaussianBlur(radius / 6)))


def _ridge(image: Image.Image, palette: Palette, horizon: int, nearness: float, rng: random.Random) -> None:
    width, height = image.size
    base = horizon + (height - horizon) * (nearness**1.6) * 0.55
    waves = [(rng.uniform(1, 3) * 2**n, rng.uniform(0, math.tau), 0.55**n) for n in range(6)]
    reach = height * 0.07 * (0.6 + nearness)
    line = [
        (x, base - reach * sum(math.sin(x / width * pace * math.pi + start) * part for pace, start, part in waves))
        for x in range(0, width + 4, 4)
    ]
    color = _mix(palette.horizon, palette.ridge, nearness**0.8)
    ImageDraw.Draw(image).polygon([(0, height), *line, (width, height)], fill=color)


def _water(image: Image.Image, palette: Palette, shore: int) -> None:
    """Mirror the part above the shore, darkened, as water."""
    width, height = image.size
    depth = height - shore
    mirrored = image.crop((0, shore - depth, width, shore)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    tint = Image.new("RGB", mirrored.size, palette.ridge)
    image.paste(Image.blend(mirrored.filter(ImageFilter.BoxBlur(3)), tint, 0.35), (0, shore))


def _box(center: tuple[int, int], radius: float) -> tuple[float, float, float, float]:
    return center[0] - radius, center[1] - radius, center[0] + radius, center[1] + radius


def _mix(first: Color, second: Color, part: float) -> Color:
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(first, second, strict=True))
    return red, green, blue
