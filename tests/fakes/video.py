"""Small real MP4 files: H.264, optionally with AAC, with the index at the start."""

import tempfile
from fractions import Fraction
from pathlib import Path

import av
import numpy as np


def make_video(
    *, width: int = 128, height: int = 72, fps: int = 24, frames: int = 24, has_audio: bool = False
) -> bytes:
    """Encode a moving gradient. The sizes must be even."""
    # A real file, because FFmpeg opens it a second time to move the index to the start.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "video.mp4")
        _encode(path, width, height, fps, frames, has_audio)
        return path.read_bytes()


def _encode(path: Path, width: int, height: int, fps: int, frames: int, has_audio: bool) -> None:
    with av.open(path, "w", format="mp4", options={"movflags": "+faststart"}) as container:
        video = container.add_stream("libx264", rate=fps, options={"preset": "ultrafast", "crf": "30"})
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        audio = container.add_stream("aac", rate=48_000, layout="stereo") if has_audio else None
        for number in range(frames):
            container.mux(video.encode(av.VideoFrame.from_ndarray(_picture(width, height, number), format="rgb24")))
        container.mux(video.encode())
        if audio is not None:
            container.mux([*audio.encode(_silence(frames, fps)), *audio.encode()])


def _picture(width: int, height: int, number: int) -> np.ndarray:
    ramp = (np.add.outer(np.arange(height), np.arange(width)) + 4 * number) % 256
    return np.stack([ramp, ramp[::-1], np.full_like(ramp, 128)], axis=-1).astype(np.uint8)


def _silence(frames: int, fps: int) -> av.AudioFrame:
    samples = np.zeros((2, 48_000 * frames // fps), dtype=np.float32)
    frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="stereo")
    frame.sample_rate, frame.time_base, frame.pts = 48_000, Fraction(1, 48_000), 0
    return frame
