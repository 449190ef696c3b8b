"""Videos of the provider: each is decoded completely once before it is accepted, and stored unchanged."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
from av.audio.frame import AudioFrame
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace
from django.core.files import File
from django.core.files.base import ContentFile
from PIL import Image

from generations.accounts.models import Team, User
from generations.common.errors import DailiesError

from .assets import NewAsset, store_asset
from .images import encode_poster, make_placeholder
from .models import Asset, AssetKind

MAX_FRAMES = 10_000
MAX_SIDE = 8192
POSTER_SIDE = 1280

_FRAMES_BETWEEN_CALLS = 24
_HD_SIDE = 720
_UNTAGGED = 2  # AVCOL_SPC_UNSPECIFIED


class BadVideoError(DailiesError):
    """The file is not a complete, playable video. The message says what is wrong."""

    status = 422
    code = "invalid"


@dataclass(frozen=True)
class VideoFacts:
    """The facts found by decoding, not those of the header."""

    width: int
    height: int
    frames: int
    fps: Fraction
    has_audio: bool
    codec: str
    pixel_format: str

    @property
    def seconds(self) -> float:
        return float(self.frames / self.fps)


def inspect_video(path: Path, *, on_progress: Callable[[], None] | None = None) -> VideoFacts:
    """Decode every video and audio frame of an MP4 and return its facts. Raises BadVideoError.

    The header proves nothing: with the index in front, a truncated file still has the full length in its header.
    `on_progress` is called about once per second of video, so that a lease can be renewed. Its errors are not caught.
    """
    with _open(path) as container:
        video = container.streams.video[0]
        _check_header(video.width, video.height, video.frames, video.average_rate)
        frames, has_audio = 0, False
        for frame in _decode(container):
            has_audio |= isinstance(frame, AudioFrame)
            frames += isinstance(frame, VideoFrame)
            if frames > MAX_FRAMES:
                raise BadVideoError(f"The video has more than {MAX_FRAMES} frames.")
            if on_progress and isinstance(frame, VideoFrame) and frames % _FRAMES_BETWEEN_CALLS == 0:
                on_progress()
        _check_complete(frames, video.frames, has_audio=has_audio, declares_audio=bool(container.streams.audio))
        return VideoFacts(
            width=video.width,
            height=video.height,
            frames=frames,
            fps=Fraction(video.average_rate or 0),
            has_audio=has_audio,
            codec=video.codec_context.name,
            pixel_format=video.codec_context.pix_fmt or "",
        )


def store_video(*, team: Team, uploader: User | None, path: Path, facts: VideoFacts, sha256: str) -> Asset:
    """Store the file unchanged. `sha256` is the hash of its bytes from the download. Raises StorageError."""
    new = NewAsset(
        kind=AssetKind.VIDEO,
        mime="video/mp4",
        sha256=sha256,
        width=facts.width,
        height=facts.height,
        frames=facts.frames,
        fps_numerator=facts.fps.numerator,
        fps_denominator=facts.fps.denominator,
        has_audio=facts.has_audio,
    )
    with path.open("rb") as source:
        return store_asset(team=team, uploader=uploader, content=File(source), new=new)


def make_poster(path: Path) -> bytes:
    """Return the first frame as WebP. It equals the start of the video, so the image does not jump when it plays."""
    with _open(path) as container:
        for frame in _decode(container):
            if isinstance(frame, VideoFrame):
                return encode_poster(_to_image(frame), longest_side=POSTER_SIDE)
    raise BadVideoError("The video has no frames.")


def store_poster(*, team: Team, uploader: User | None, poster: bytes) -> Asset:
    """Store the result of `make_poster`. Raises StorageError."""
    with Image.open(ContentFile(poster), formats=("WEBP",)) as image:
        new = NewAsset(
            kind=AssetKind.POSTER,
            mime="image/webp",
            sha256=hashlib.sha256(poster).hexdigest(),
            width=image.width,
            height=image.height,
            placeholder=make_placeholder(image),
        )
    return store_asset(team=team, uploader=uploader, content=ContentFile(poster), new=new)


@contextmanager
def _open(path: Path) -> Iterator[InputContainer]:
    """Open an MP4 that has a video stream. Other containers are not tried, because some can name more files to open."""
    try:
        container = av.open(str(path), format="mp4", options={"protocol_whitelist": "file"})
    except av.FFmpegError as error:
        raise BadVideoError("The file is not an MP4 video, or its index is missing.") from error
    with container:
        if not container.streams.video:
            raise BadVideoError("The file has no video stream.")
        container.streams.video[0].thread_type = "AUTO"
        yield container


def _decode(container: InputContainer) -> Iterator[VideoFrame | AudioFrame]:
    """Yield the frames of the first video and the first audio stream. Raises BadVideoError for a concealed error."""
    streams = [*container.streams.video[:1], *container.streams.audio[:1]]
    try:
        for packet in container.demux(streams):
            if packet.is_corrupt:
                raise BadVideoError("The video is truncated.")
            for frame in packet.decode():
                if isinstance(frame, VideoFrame | AudioFrame):
                    yield _intact(frame)
    except av.FFmpegError as error:
        raise BadVideoError("The video cannot be decoded completely.") from error


def _intact(frame: VideoFrame | AudioFrame) -> VideoFrame | AudioFrame:
    if frame.is_corrupt:
        raise BadVideoError("A frame of the video is damaged.")
    return frame


def _check_header(width: int, height: int, frames: int, rate: Fraction | None) -> None:
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise BadVideoError(f"The video is {width} × {height} px. Maximum is {MAX_SIDE} px per side.")
    if frames > MAX_FRAMES:
        raise BadVideoError(f"The video header declares {frames} frames. Maximum is {MAX_FRAMES}.")
    if not rate:
        raise BadVideoError("The video has no frame rate.")


def _check_complete(frames: int, declared: int, *, has_audio: bool, declares_audio: bool) -> None:
    if not frames:
        raise BadVideoError("The video has no frames.")
    if frames < declared:
        raise BadVideoError(f"The video is truncated: it has {frames} of {declared} frames.")
    if declares_audio and not has_audio:
        raise BadVideoError("The video declares an audio track, but the track is empty.")


def _to_image(frame: VideoFrame) -> Image.Image:
    """Convert to RGB as a player does: untagged frames of HD size are BT.709."""
    is_untagged_hd = frame.colorspace == _UNTAGGED and min(frame.width, frame.height) >= _HD_SIDE
    source = Colorspace.ITU709 if is_untagged_hd else None
    return cast(Image.Image, frame.to_image(src_colorspace=source))  # type: ignore[no-untyped-call]
