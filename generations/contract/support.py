"""The support matrix and the list prices, as data with a date; price and crop arithmetic."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, Decimal
from functools import cached_property
from importlib.resources import files
from typing import Any

CREDITS_PER_USD = 100


@dataclass(frozen=True)
class MatrixRow:
    """Resolutions, frame rates and durations that can be combined freely."""

    resolutions: tuple[str, ...]
    fps: tuple[int, ...]
    seconds: tuple[int, ...]


@dataclass(frozen=True)
class Model:
    id: str
    family: str
    is_retired: bool
    has_last_frame: bool
    has_auto_duration: bool
    matrix: tuple[MatrixRow, ...]
    usd_per_second: Mapping[str, Decimal]

    @cached_property
    def resolutions(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(r for row in self.matrix for r in row.resolutions))

    @cached_property
    def all_fps(self) -> tuple[int, ...]:
        return tuple(sorted({f for row in self.matrix for f in row.fps}))

    @cached_property
    def all_seconds(self) -> tuple[int, ...]:
        return tuple(sorted({s for row in self.matrix for s in row.seconds}))

    def fps(self, resolution: str) -> tuple[int, ...]:
        return tuple(sorted({f for row in self.matrix if resolution in row.resolutions for f in row.fps}))

    def seconds(self, resolution: str, fps: int) -> tuple[int, ...]:
        rows = [row for row in self.matrix if resolution in row.resolutions and fps in row.fps]
        return tuple(sorted({s for row in rows for s in row.seconds}))


@dataclass(frozen=True)
class ImageLimits:
    """Sizes in bytes. The size of a data URI is that of its encoded form."""

    mime: tuple[str, ...]
    https_url_max_bytes: int
    data_uri_max_encoded_bytes: int
    upload_max_bytes: int


@dataclass(frozen=True)
class Support:
    matrix_as_of: date
    prices_as_of: date
    default_fps: int
    prompt_max_chars: int
    tiers: Mapping[str, tuple[str, ...]]
    camera_motions: tuple[str, ...]
    image: ImageLimits
    models: Mapping[str, Model]

    @cached_property
    def _tier_of(self) -> dict[str, str]:
        return {resolution: tier for tier, members in self.tiers.items() for resolution in members}

    @cached_property
    def resolutions(self) -> tuple[str, ...]:
        return tuple(self._tier_of)

    @cached_property
    def current_models(self) -> tuple[str, ...]:
        return tuple(name for name, model in self.models.items() if not model.is_retired)

    def tier(self, resolution: str) -> str:
        """Return the price tier of a resolution, e.g. `1080p`. Raises KeyError for an unknown resolution."""
        return self._tier_of[resolution]


def size_of(resolution: str) -> tuple[int, int]:
    """Return the width and height in pixels of `WIDTHxHEIGHT`."""
    width, height = resolution.split("x")
    return int(width), int(height)


def credits_per_second(usd_per_second: Decimal) -> int:
    """Round a list price up to whole credits per second. One credit is one US cent of the provider's price."""
    return int((usd_per_second * CREDITS_PER_USD).to_integral_value(rounding=ROUND_CEILING))


def price(usd_per_second: Decimal, seconds: int) -> int:
    """Return the credits for a video of this duration. Frame rate, orientation and audio do not change it."""
    return credits_per_second(usd_per_second) * seconds


@dataclass(frozen=True)
class Crop:
    """A rectangle in pixels of the image, from its upper left corner."""

    x: int
    y: int
    width: int
    height: int


def cover_crop(width: int, height: int, resolution: str) -> Crop:
    """Return the part of an image that the video starts with: the largest centered rectangle with its aspect ratio."""
    frame_width, frame_height = size_of(resolution)
    crop_width = min(width, max(1, round(height * frame_width / frame_height)))
    crop_height = min(height, max(1, round(width * frame_height / frame_width)))
    return Crop((width - crop_width) // 2, (height - crop_height) // 2, crop_width, crop_height)


def _model(name: str, raw: dict[str, Any]) -> Model:
    return Model(
        id=name,
        family=raw["family"],
        is_retired=raw["is_retired"],
        has_last_frame=raw["has_last_frame"],
        has_auto_duration=raw["has_auto_duration"],
        matrix=tuple(
            MatrixRow(tuple(row["resolutions"]), tuple(row["fps"]), tuple(row["seconds"])) for row in raw["matrix"]
        ),
        usd_per_second={tier: Decimal(usd) for tier, usd in raw["usd_per_second"].items()},
    )


def _load() -> Support:
    raw = json.loads(files(__package__).joinpath("support.json").read_text(encoding="utf-8"))
    image = raw["image"]
    return Support(
        matrix_as_of=date.fromisoformat(raw["as_of"]["matrix"]),
        prices_as_of=date.fromisoformat(raw["as_of"]["prices"]),
        default_fps=raw["defaults"]["fps"],
        prompt_max_chars=raw["prompt_max_chars"],
        tiers={tier: tuple(members) for tier, members in raw["tiers"].items()},
        camera_motions=tuple(raw["camera_motions"]),
        image=ImageLimits(**{**image, "mime": tuple(image["mime"])}),
        models={name: _model(name, model) for name, model in raw["models"].items()},
    )


SUPPORT = _load()
