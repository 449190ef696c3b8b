"""The rendered file: container, tracks, frames, label, sound, and the first and last frame."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import httpx
import numpy as np
import pytest
from PIL import Image, ImageOps

from generations.engine.render.planes import planes_from_rgb
from generations.engine.render.sound import LOUDNESS, RATE, ambience

from .conftest import Rendered
from .process import EngineProcess

SIZE = (1280, 720)


def decoded(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as container:
        return list(container.decode(container.streams.video[0]))


def boxes(path: Path) -> list[str]:
    """List the top-level boxes of an MP4 in order."""
    data, at, names = path.read_bytes(), 0, []
    while at < len(data):
        names.append(data[at + 4 : at + 8].decode())
        at += int.from_bytes(data[at : at + 4], "big")
    return names


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / np.mean((a.astype(float) - b.astype(float)) ** 2)))


def luma(image: Image.Image) -> np.ndarray:
    return planes_from_rgb(np.asarray(ImageOps.fit(image, SIZE, Image.Resampling.LANCZOS))).y


@pytest.fixture(scope="module")
def frames(rendered: Rendered) -> list[av.VideoFrame]:
    return decoded(rendered.path)


def test_it_has_exactly_the_requested_frames(frames: list[av.VideoFrame]):
    assert len(frames) == 6 * 24
    assert [frame.pts * frame.time_base for frame in frames] == [Fraction(i, 24) for i in range(144)]
    assert {(frame.width, frame.height, frame.format.name) for frame in frames} == {(*SIZE, "yuv420p")}


def test_it_is_h264_high_in_bt709_with_sound_of_the_same_length(rendered: Rendered):
    with av.open(str(rendered.path)) as container:
        [video], [audio] = container.streams.video, container.streams.audio
        context = video.codec_context
        assert (context.name, context.profile, video.average_rate) == ("h264", "High", 24)
        assert (context.color_range, context.colorspace, context.color_primaries, context.color_trc) == (1, 1, 1, 1)
        assert video.duration * video.time_base == 6
        assert (audio.codec_context.name, audio.codec_context.sample_rate) == ("aac", 48_000)
        assert audio.duration * audio.time_base == 6
        sound = np.concatenate([frame.to_ndarray() for frame in container.decode(audio)], axis=1)
    assert 0.005 < np.sqrt(np.mean(sound**2)) < 0.1
    assert np.abs(sound).max() < 0.95


def test_playback_can_start_before_the_download_ends(rendered: Rendered):
    order = boxes(rendered.path)
    assert order[0] == "ftyp"
    assert order.index("moov") < order.index("mdat")


def test_its_label_names_the_preview_engine(rendered: Rendered):
    with av.open(str(rendered.path)) as container:
        assert container.metadata["title"] == "Dailies preview engine, no generative model"
        assert container.metadata["comment"] == "Dailies preview engine, no generative model"


def test_the_first_and_last_frame_are_the_two_images(rendered: Rendered, frames: list[av.VideoFrame]):
    for frame, image in ((frames[0], rendered.first), (frames[-1], rendered.last)):
        assert psnr(frame.to_ndarray()[: SIZE[1]], luma(image)) >= 40
        fitted = np.asarray(ImageOps.fit(image, SIZE, Image.Resampling.LANCZOS))
        assert psnr(frame.to_ndarray(format="rgb24", src_colorspace="ITU709"), fitted) >= 38


def test_consecutive_frames_differ_a_little(frames: list[av.VideoFrame]):
    lumas = [frame.to_ndarray()[: SIZE[1]].astype(np.int16) for frame in frames[10:-10]]
    steps = [np.abs(b - a).mean() for a, b in pairwise(lumas)]
    assert min(steps) > 0.1
    assert max(steps) < 8


def test_a_silent_clip_has_no_sound_track(engine: EngineProcess, tmp_path: Path):
    status = engine.finished(engine.submit(generate_audio=False, resolution="720x1280", fps=25, camera_motion="static"))
    path = tmp_path / "silent.mp4"
    path.write_bytes(httpx.get(status["result"]["video_url"]).content)
    with av.open(str(path)) as container:
        assert not container.streams.audio
    frames = decoded(path)
    assert len(frames) == 150
    assert (frames[0].width, frames[0].height) == (720, 1280)
    assert psnr(frames[-1].to_ndarray()[:1280], frames[0].to_ndarray()[:1280]) > 40


def test_the_ambience_has_two_channels_of_the_length_of_the_video():
    assert ambience(6, seed=1).shape == (2, 6 * RATE)


def test_the_ambience_is_soft_and_fades_at_both_ends():
    sound = ambience(6, seed=1)
    assert np.sqrt(np.mean(sound**2)) == pytest.approx(LOUDNESS, rel=0.01)
    assert np.abs(sound).max() < 0.9
    assert np.abs(sound[:, [0, -1]]).max() < 1e-4


def test_the_same_seed_gives_the_same_ambience_and_another_does_not():
    assert np.array_equal(ambience(2, seed=1), ambience(2, seed=1))
    assert not np.array_equal(ambience(2, seed=1), ambience(2, seed=2))
