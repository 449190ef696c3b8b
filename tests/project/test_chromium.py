"""How the tests find a Chromium."""

from pathlib import Path

import pytest

from tests import chromium


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "browsers"))
    return tmp_path


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_without_a_browser_the_install_command_is_shown(bare_machine: Path) -> None:
    assert chromium.find_chromium() is None
    assert chromium.how_to_install() == ".venv/bin/python -m playwright install --with-deps chromium"
    program(bare_machine / "apt-get")
    assert chromium.how_to_install() == "sudo apt-get install --yes --no-install-recommends chromium"


def test_the_system_browser_has_priority(bare_machine: Path) -> None:
    own = program(bare_machine / "browsers" / "chromium-1187" / "chrome-linux" / "chrome")
    assert chromium.find_chromium() == str(own)
    system = program(bare_machine / "chromium")
    assert chromium.find_chromium() == str(system)
