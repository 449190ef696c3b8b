"""Whether a stream is a whole MP4 file, however it is cut into pieces."""

from hypothesis import given
from hypothesis import strategies as st

from generations.upstream.boxes import BoxWalker
from tests.fakes.video import make_video

VIDEO = make_video()


def walk(data: bytes, pieces: list[int]) -> BoxWalker:
    walker, start = BoxWalker(), 0
    for size in [*pieces, len(data)]:
        walker.feed(data[start : start + size])
        start += size
    return walker


@given(pieces=st.lists(st.integers(0, 200), max_size=60))
def test_a_whole_file_is_whole_in_any_pieces(pieces):
    assert walk(VIDEO, pieces).is_whole


def test_a_cut_file_is_never_whole():
    assert [end for end in range(len(VIDEO)) if walk(VIDEO[:end], []).is_whole] == []


@given(end=st.integers(0, len(VIDEO) - 1), pieces=st.lists(st.integers(0, 200), max_size=60))
def test_a_cut_file_is_not_whole_in_any_pieces(end, pieces):
    assert not walk(VIDEO[:end], pieces).is_whole


@given(tail=st.integers(1, 7).flatmap(lambda size: st.binary(min_size=size, max_size=size)))
def test_a_broken_head_at_the_end_is_not_whole(tail):
    assert not walk(VIDEO + tail, []).is_whole


def box(name: bytes, body: bytes = b"", *, size: int | None = None) -> bytes:
    return (len(body) + 8 if size is None else size).to_bytes(4, "big") + name + body


FTYP = box(b"ftyp", b"isom") + box(b"moov")


@given(pieces=st.lists(st.integers(0, 9), max_size=30))
def test_a_long_size_is_understood(pieces):
    large = box(b"mdat", (16 + 20).to_bytes(8, "big") + b"x" * 20, size=1)
    assert walk(FTYP + large, pieces).is_whole
    assert not walk((FTYP + large)[:-1], pieces).is_whole


def test_index_and_media_are_needed():
    assert walk(FTYP + box(b"mdat"), []).is_whole
    assert not walk(FTYP, []).is_whole
    assert not walk(box(b"ftyp") + box(b"mdat"), []).is_whole


def test_a_last_box_may_reach_to_the_end():
    assert walk(FTYP + box(b"mdat", b"x" * 99, size=0), []).is_whole


def test_another_first_box_is_no_mp4():
    walker = walk(box(b"moov") + FTYP + box(b"mdat"), [])
    assert not walker.is_mp4
    assert not walker.is_whole


def test_a_size_that_cannot_be_is_no_mp4():
    assert not walk(FTYP + box(b"mdat", size=5), []).is_mp4
    assert not walk(FTYP + box(b"mdat", (9).to_bytes(8, "big"), size=1), []).is_mp4


@given(data=st.binary(max_size=300), pieces=st.lists(st.integers(0, 20), max_size=30))
def test_any_bytes_can_be_walked(data, pieces):
    walker = walk(data, pieces)
    assert not walker.is_whole or data[4:8] == b"ftyp"
