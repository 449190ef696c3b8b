"""Small real videos of drifting colours, to fill a gallery with."""

import colorsys
import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.video.frame import VideoFrame
from django.core.files.base import ContentFile
from PIL import Image

from generations.accounts.models import Team
from generations.media.encode import encode_still
from generations.media.models import Asset
from generations.media.stills import store_still
from generations.media.videos import inspect_video, make_poster, store_poster, store_video

LANDSCAPE, PORTRAIT = (640, 360), (360, 640)
FPS = 24
_FRAMES = 48
_HUES = 6


@dataclass(frozen=True)
class Clip:
    still: Asset
    video: Asset
    poster: Asset

    @property
    def is_portrait(self) -> bool:
        return self.video.height > self.video.width


def store_clips(team: Team) -> list[Clip]:
    """Render and keep a few clips of either orientation; the same team gets the same ones again."""
    return [_store(team, size, hue / _HUES) for size in (LANDSCAPE, PORTRAIT) for hue in range(_HUES)]


def _store(team: Team, size: tuple[int, int], hue: float) -> Clip:
    frames = list(_frames(size, hue))
    still = ContentFile(encode_still(frames[0], is_lossless=True).data, name="colours.png")
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "clip.mp4"
        _encode(path, frames)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        return Clip(
            still=store_still(team=team, uploader=None, file=still),
            video=store_video(team=team, uploader=None, path=path, facts=inspect_video(path), sha256=digest),
            poster=store_poster(team=team, uploader=None, poster=make_poster(path)),
        )


def _frames(size: tuple[int, int], hue: float) -> Iterator[Image.Image]:
    """A window that drifts over a larger picture of two neighbouring colours."""
    width, height = size
    colours = [colorsys.hls_to_rgb(hue + turn, lightness, 0.5) for turn, lightness in ((0, 0.25), (0.08, 0.7))]
    corners = Image.new("RGB", (2, 2))
    corners.putdata([_bytes(colours[index]) for index in (0, 1, 1, 0)])
    picture = corners.resize((width + _FRAMES * 2, height + _FRAMES * 2), Image.Resampling.BICUBIC)
    for step in range(_FRAMES):
        yield picture.crop((step * 2, step, step * 2 + width, step + height))


def _bytes(colour: tuple[float, float, float]) -> tuple[int, int, int]:
    red, green, blue = (round(255 * channel) for channel in colour)
    return red, green, blue


def _encode(path: Path, frames: list[Image.Image]) -> None:
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=Fraction(FPS), options={"crf": "30", "preset": "veryfast"})
        stream.width, stream.height = frames[0].size
        stream.pix_fmt = "yuv420p"
        for image in frames:
            container.mux(stream.encode(VideoFrame.from_image(image)))  # type: ignore[no-untyped-call]
        container.mux(stream.encode())
