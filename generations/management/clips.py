"""Small real videos that pan over drawn scenes, for the takes of `seed_gallery`."""

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
from generations.media.images import encode_image, store_image
from generations.media.models import Asset
from generations.media.videos import inspect_video, make_poster, store_poster, store_video

from .scenes import draw_scene

LANDSCAPE, PORTRAIT = (640, 360), (360, 640)
FPS = 24
_FRAMES = 48
_SCENES = 12


@dataclass(frozen=True)
class Clip:
    image: Asset
    video: Asset
    poster: Asset

    @property
    def is_portrait(self) -> bool:
        return self.video.height > self.video.width


def store_clips(team: Team) -> list[Clip]:
    """Render and store a few clips in both orientations. A second call for the same team returns the same clips."""
    scenes = [(PORTRAIT if number % 4 == 3 else LANDSCAPE, number) for number in range(_SCENES)]
    return [_store(team, size, number) for size, number in scenes]


def _store(team: Team, size: tuple[int, int], number: int) -> Clip:
    frames = list(_frames(size, number))
    image = ContentFile(encode_image(frames[0], is_lossless=True).data, name="scene.png")
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "clip.mp4"
        _encode(path, frames)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        return Clip(
            image=store_image(team=team, uploader=None, file=image),
            video=store_video(team=team, uploader=None, path=path, facts=inspect_video(path), sha256=digest),
            poster=store_poster(team=team, uploader=None, poster=make_poster(path)),
        )


def _frames(size: tuple[int, int], number: int) -> Iterator[Image.Image]:
    """Yield the frames of a window that pans over a larger scene."""
    width, height = size
    picture = draw_scene((width + _FRAMES * 2, height + _FRAMES), number)
    for step in range(_FRAMES):
        yield picture.crop((step * 2, step, step * 2 + width, step + height))


def _encode(path: Path, frames: list[Image.Image]) -> None:
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=Fraction(FPS), options={"crf": "26", "preset": "veryfast"})
        stream.width, stream.height = frames[0].size
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            container.mux(stream.encode(VideoFrame.from_image(frame)))  # type: ignore[no-untyped-call]
        container.mux(stream.encode())
