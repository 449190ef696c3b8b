import tempfile
from pathlib import Path

import pytest

from generations.jobs.folders import take_folder


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def abandon(temporary: Path) -> Path:
    """What a killed worker leaves behind: nobody holds it any more."""
    folder = temporary / "take-abandoned"
    folder.mkdir()
    (folder / "take.mp4").write_bytes(b"half")
    return folder


def test_it_is_empty_and_goes_with_its_content() -> None:
    with take_folder() as folder:
        assert list(folder.iterdir()) == []
        (folder / "take.mp4").touch()
    assert not folder.exists()


def test_it_goes_after_an_error_too() -> None:
    with pytest.raises(OSError, match="full"), take_folder() as folder:
        raise OSError("full")
    assert not folder.exists()


def test_what_a_killed_worker_left_is_removed_by_the_next(temporary: Path) -> None:
    left = abandon(temporary)
    with take_folder():
        assert not left.exists()


def test_one_in_use_and_strangers_things_stay(temporary: Path) -> None:
    stranger = temporary / "something-else"
    stranger.mkdir()
    with take_folder() as first, take_folder() as second:
        assert first != second
        assert first.exists()
    assert stranger.exists()
