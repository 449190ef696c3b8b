"""A video is accepted when every frame has been decoded."""

import hashlib
import io
from fractions import Fraction
from pathlib import Path

import av
import pytest
from PIL import Image

from generations.accounts.models import Team, User
from generations.media.storages import media_storage
from generations.media.videos import (
    BadVideoError,
    inspect_video,
    make_poster,
    store_poster,
    store_video,
)
from tests.fakes.video import make_video


@pytest.fixture(scope="module")
def video() -> bytes:
    return make_video(frames=60, has_audio=True)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "take.mp4"


def test_it_returns_the_decoded_facts(path: Path, video: bytes):
    path.write_bytes(video)

    facts = inspect_video(path)

    assert (facts.width, facts.height, facts.frames, facts.fps) == (128, 72, 60, Fraction(24))
    assert (facts.codec, facts.pixel_format, facts.has_audio) == ("h264", "yuv420p", True)
    assert facts.seconds == 2.5


def test_it_recognizes_a_silent_video(path: Path):
    path.write_bytes(make_video(frames=12, fps=50))

    facts = inspect_video(path)

    assert not facts.has_audio
    assert (facts.frames, facts.fps) == (12, Fraction(50))


def test_it_reports_progress(path: Path, video: bytes):
    path.write_bytes(video)
    calls = []

    inspect_video(path, on_progress=lambda: calls.append(1))

    assert len(calls) == 2


def test_it_stops_when_the_progress_callback_raises(path: Path, video: bytes):
    class LeaseLost(Exception):
        pass

    def lose() -> None:
        raise LeaseLost

    path.write_bytes(video)

    with pytest.raises(LeaseLost):
        inspect_video(path, on_progress=lose)


@pytest.mark.parametrize("share", [0.1, 0.6, 0.9, 0.99, 0.999])
def test_it_rejects_a_truncated_video_with_a_complete_header(path: Path, video: bytes, share: float):
    cut = video[: int(len(video) * share)]
    assert b"moov" in video[:64]
    path.write_bytes(cut)
    with pytest.raises(BadVideoError):
        inspect_video(path)


def test_the_header_of_a_truncated_video_declares_all_frames(path: Path, video: bytes):
    path.write_bytes(video[: int(len(video) * 0.6)])

    with av.open(str(path)) as container:
        assert container.streams.video[0].frames == 60


def test_it_rejects_a_truncated_silent_video(path: Path):
    whole = make_video(frames=60)
    path.write_bytes(whole[: int(len(whole) * 0.6)])

    with pytest.raises(BadVideoError):
        inspect_video(path)


def without_index() -> bytes:
    target = io.BytesIO()
    with av.open(target, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for _ in range(24):
            container.mux(stream.encode(av.VideoFrame.from_image(Image.effect_noise((64, 64), 90).convert("RGB"))))
        container.mux(stream.encode())
    return target.getvalue()[:-2000]


def audio_only() -> bytes:
    target = io.BytesIO()
    with av.open(io.BytesIO(make_video(has_audio=True))) as source, av.open(target, "w", format="mp4") as container:
        stream = container.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(source.streams.audio[0]):
            if packet.dts is not None:
                packet.stream = stream
                container.mux(packet)
    return target.getvalue()


def other_container(name: str) -> bytes:
    target = io.BytesIO()
    with av.open(target, "w", format=name) as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        container.mux([*stream.encode(av.VideoFrame(64, 64, "yuv420p")), *stream.encode()])
    return target.getvalue()


def damaged() -> bytes:
    """Return a video with the right length and index, but a third of its frames overwritten."""
    whole = bytearray(make_video(frames=60))
    at = len(whole) // 2
    whole[at : at + len(whole) // 3] = b"\xa5" * (len(whole) // 3)
    return bytes(whole)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: b"", "not an MP4"),
        (lambda: b"<html>Not found</html>", "not an MP4"),
        (lambda: b'{"error": {"type": "api_error"}}', "not an MP4"),
        (without_index, "not an MP4"),
        (lambda: other_container("matroska"), "not an MP4"),
        (lambda: b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "not an MP4"),
        (lambda: b"ffconcat version 1.0\nfile /etc/passwd\n", "not an MP4"),
        (audio_only, "no video stream"),
        (damaged, "damaged|cannot be decoded|truncated"),
    ],
    ids=["empty", "html", "json", "no index", "matroska", "playlist", "concat", "audio only", "damaged"],
)
def test_it_rejects_other_files(path: Path, make, reason: str):
    path.write_bytes(make())

    with pytest.raises(BadVideoError, match=reason):
        inspect_video(path)


def test_it_rejects_a_missing_file(path: Path):
    with pytest.raises(BadVideoError):
        inspect_video(path)


def test_it_stores_the_video_unchanged(media_root: Path, team: Team, bob: User, path: Path, video: bytes):
    path.write_bytes(video)
    sha256 = hashlib.sha256(video).hexdigest()
    facts = inspect_video(path)

    asset = store_video(team=team, uploader=bob, path=path, facts=facts, sha256=sha256)
    again = store_video(team=team, uploader=bob, path=path, facts=facts, sha256=sha256)

    asset.refresh_from_db()
    assert again == asset
    assert (asset.kind, asset.mime, asset.bytes) == ("video", "video/mp4", len(video))
    assert (asset.frames, asset.fps, asset.seconds, asset.has_audio) == (60, 24.0, 2.5, True)
    assert asset.name == f"teams/{team.pk}/videos/{sha256[:2]}/{sha256}.mp4"
    assert (media_root / asset.name).read_bytes() == video
    assert path.read_bytes() == video


def solid_video(path: Path, color: tuple[int, int, int], width: int, height: int) -> None:
    """Write one color as players read it: BT.709, untagged."""
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=24, options={"crf": "1"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        picture = av.VideoFrame.from_image(Image.new("RGB", (width, height), color))
        frame = picture.reformat(format="yuv420p", dst_colorspace="ITU709")
        frame.colorspace = 2
        container.mux([*stream.encode(frame), *stream.encode()])


def test_the_poster_is_the_first_frame_in_its_colors(path: Path):
    solid_video(path, (200, 60, 40), 1920, 1080)

    poster = Image.open(io.BytesIO(make_poster(path)))

    assert (poster.format, poster.size) == ("WEBP", (1280, 720))
    color = poster.convert("RGB").getpixel((640, 360))
    assert all(abs(a - b) <= 6 for a, b in zip(color, (200, 60, 40), strict=True))


def test_it_stores_the_poster_with_a_placeholder(media_root: Path, team: Team, bob: User, path: Path, video: bytes):
    path.write_bytes(video)
    poster = make_poster(path)

    asset = store_poster(team=team, uploader=bob, poster=poster)

    assert (asset.kind, asset.mime, asset.width, asset.height) == ("poster", "image/webp", 128, 72)
    assert asset.placeholder.startswith("data:image/webp")
    with media_storage().open(asset.name) as file:
        assert file.read() == poster


def test_a_poster_needs_a_video(path: Path):
    path.write_bytes(b"nothing")

    with pytest.raises(BadVideoError):
        make_poster(path)
