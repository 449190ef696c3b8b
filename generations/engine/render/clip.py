"""Render one clip to a file: threads draw frames, the encoder reads them in order, a few frames are buffered."""

import zlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import av
import cv2

from .encoder import Encoder, add_sound, blank_frame, open_mp4, write_sound
from .planes import Planes
from .scenes import Scene, make_scene
from .sound import ambience

BUFFERED_FRAMES = 3  # drawn frames that may wait for the encoder


@dataclass(frozen=True)
class Clip:
    """What to render. The images have the size of the clip; the camera motion is one of the contract or None."""

    first: Planes
    last: Planes | None
    motion: str | None
    seconds: int
    fps: int
    has_sound: bool

    @property
    def frame_count(self) -> int:
        return self.seconds * self.fps


def render_clip(clip: Clip, path: Path, *, threads: int, on_frame: Callable[[int], None]) -> None:
    """Write the clip to `path`. Call `on_frame` with the number of finished frames after each frame."""
    width, height = clip.first.width, clip.first.height
    scene = make_scene(first=clip.first, last=clip.last, motion=clip.motion, seconds=clip.seconds)
    with open_mp4(path) as container:
        encoder = Encoder(container, width=width, height=height, fps=clip.fps, threads=threads)
        sound = add_sound(container) if clip.has_sound else None
        if sound is not None:
            write_sound(container, sound, ambience(clip.seconds, zlib.crc32(clip.first.y.tobytes())))
        for done, frame in enumerate(draw_frames(scene, clip, threads=threads), start=1):
            encoder.write(frame)
            on_frame(done)
        encoder.finish()


def draw_frames(scene: Scene, clip: Clip, *, threads: int) -> Iterator[av.VideoFrame]:
    """Yield the frames of a clip in order. Few are in memory at a time, however long the clip is."""
    cv2.setNumThreads(1)  # each thread draws whole frames; this scales better than OpenCV's own threads
    pending: deque[Future[av.VideoFrame]] = deque()
    with ThreadPoolExecutor(threads) as executor:
        for index in range(clip.frame_count):
            pending.append(executor.submit(_draw, scene, index / (clip.frame_count - 1), clip.first))
            if len(pending) >= threads + BUFFERED_FRAMES:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def _draw(scene: Scene, t: float, like: Planes) -> av.VideoFrame:
    frame, planes = blank_frame(like.width, like.height)
    scene.draw(t, planes)
    return frame
