import tempfile
from pathlib import Path

import pytest

from generations.jobs.saving import FOLDER_PREFIX, working_folder


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def abandon(temporary: Path) -> Path:
    """Return what a killed worker leaves: a folder with a lock file that no process holds."""
    folder = temporary / f"{FOLDER_PREFIX}abandoned"
    folder.mkdir()
    folder.with_suffix(".lock").touch()
    (folder / "take.mp4").write_bytes(b"half")
    return folder


def test_it_is_empty_and_is_removed_with_its_content() -> None:
    with working_folder() as folder:
        assert list(folder.iterdir()) == []
        (folder / "take.mp4").touch()
    assert not folder.exists()


def test_it_is_removed_after_an_error() -> None:
    with pytest.raises(OSError, match="full"), working_folder() as folder:
        raise OSError("full")
    assert not folder.exists()


def test_an_abandoned_folder_is_removed_by_the_next_worker(temporary: Path) -> None:
    left = abandon(temporary)
    with working_folder():
        assert not left.exists()
        assert not left.with_suffix(".lock").exists()


def test_folders_in_use_and_other_files_stay(temporary: Path) -> None:
    unrelated = temporary / "something-else"
    unrelated.mkdir()
    with working_folder() as first, working_folder() as second:
        assert first != second
        assert first.exists()
    assert unrelated.exists()
