"""A video counts when every frame of it has been decoded."""

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


def test_it_tells_what_decoding_showed(path: Path, video: bytes):
    path.write_bytes(video)

    facts = inspect_video(path)

    assert (facts.width, facts.height, facts.frames, facts.fps) == (128, 72, 60, Fraction(24))
    assert (facts.codec, facts.pixel_format, facts.has_audio) == ("h264", "yuv420p", True)
    assert facts.seconds == 2.5


def test_it_knows_a_silent_video(path: Path):
    path.write_bytes(make_video(frames=12, fps=50))

    facts = inspect_video(path)

    assert not facts.has_audio
    assert (facts.frames, facts.fps) == (12, Fraction(50))


def test_it_shows_signs_of_life(path: Path, video: bytes):
    path.write_bytes(video)
    signs = []

    inspect_video(path, on_progress=lambda: signs.append(1))

    assert len(signs) == 2


def test_it_stops_when_its_caller_does(path: Path, video: bytes):
    class LeaseLost(Exception):
        pass

    def lose() -> None:
        raise LeaseLost

    path.write_bytes(video)

    with pytest.raises(LeaseLost):
        inspect_video(path, on_progress=lose)


@pytest.mark.parametrize("share", [0.1, 0.6, 0.9, 0.99, 0.999])
def test_it_refuses_a_video_cut_short_though_its_header_is_whole(path: Path, video: bytes, share: float):
    cut = video[: int(len(video) * share)]
    assert b"moov" in video[:64]
    path.write_bytes(cut)
    with pytest.raises(BadVideoError):
        inspect_video(path)


def test_a_cut_video_would_have_passed_for_whole(path: Path, video: bytes):
    path.write_bytes(video[: int(len(video) * 0.6)])

    with av.open(str(path)) as container:
        assert container.streams.video[0].frames == 60


def test_it_refuses_a_silent_cut(path: Path):
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


def sound_alone() -> bytes:
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
    """The right length and index, but a third of the pictures overwritten."""
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
        (sound_alone, "no video stream"),
        (damaged, "damaged|cannot be decoded|cut short"),
    ],
    ids=["empty", "html", "json", "no index", "matroska", "playlist", "concat", "sound alone", "damaged"],
)
def test_it_refuses_what_is_no_whole_video(path: Path, make, reason: str):
    path.write_bytes(make())

    with pytest.raises(BadVideoError, match=reason):
        inspect_video(path)


def test_it_refuses_a_file_that_is_not_there(path: Path):
    with pytest.raises(BadVideoError):
        inspect_video(path)


def test_it_keeps_the_video_as_it_came(media_root: Path, team: Team, bob: User, path: Path, video: bytes):
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


def solid_video(path: Path, colour: tuple[int, int, int], width: int, height: int) -> None:
    """One colour as players take it: BT.709, not tagged."""
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=24, options={"crf": "1"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        picture = av.VideoFrame.from_image(Image.new("RGB", (width, height), colour))
        frame = picture.reformat(format="yuv420p", dst_colorspace="ITU709")
        frame.colorspace = 2
        container.mux([*stream.encode(frame), *stream.encode()])


def test_the_poster_is_the_first_frame_in_its_colours(path: Path):
    solid_video(path, (200, 60, 40), 1920, 1080)

    poster = Image.open(io.BytesIO(make_poster(path)))

    assert (poster.format, poster.size) == ("WEBP", (1280, 720))
    colour = poster.convert("RGB").getpixel((640, 360))
    assert all(abs(a - b) <= 6 for a, b in zip(colour, (200, 60, 40), strict=True))


def test_it_keeps_the_poster_with_a_placeholder(media_root: Path, team: Team, bob: User, path: Path, video: bytes):
    path.write_bytes(video)
    poster = make_poster(path)

    asset = store_poster(team=team, uploader=bob, poster=poster)

    assert (asset.kind, asset.mime, asset.width, asset.height) == ("poster", "image/webp", 128, 72)
    assert asset.placeholder.startswith("data:image/webp")
    with media_storage().open(asset.name) as file:
        assert file.read() == poster


def test_there_is_no_poster_of_no_video(path: Path):
    path.write_bytes(b"nothing")

    with pytest.raises(BadVideoError):
        make_poster(path)
