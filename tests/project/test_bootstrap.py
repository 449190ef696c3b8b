"""uv is installed from the lock file: the right wheel, verified, in one step."""

import hashlib
import os
import platform
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from project.stack import bootstrap


def wheel_at(folder: Path, content: bytes) -> dict[str, str]:
    archive = folder / "uv-1-py3-none-any.whl"
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("uv-1.data/scripts/uv", content)
        files.writestr("uv-1.data/scripts/uvx", b"other")
    return {"url": archive.as_uri(), "hash": f"sha256:{hashlib.sha256(archive.read_bytes()).hexdigest()}"}


def test_the_program_is_unpacked_and_executable(tmp_path: Path) -> None:
    uv = tmp_path / "uv"
    bootstrap._download_uv(wheel_at(tmp_path, b"#!/bin/sh\n"), uv)
    assert uv.read_bytes() == b"#!/bin/sh\n"
    assert os.access(uv, os.X_OK)


def test_a_wrong_checksum_installs_nothing(tmp_path: Path) -> None:
    wheel = wheel_at(tmp_path, b"tampered") | {"hash": "sha256:0"}
    with pytest.raises(bootstrap.BootstrapError, match="checksum"):
        bootstrap._download_uv(wheel, tmp_path / "uv")
    assert not (tmp_path / "uv").exists()


@pytest.mark.parametrize(
    ("system", "machine", "libc", "expected"),
    [
        ("linux", "x86_64", "glibc", "manylinux_2_17_x86_64"),
        ("linux", "aarch64", "glibc", "manylinux_2_17_aarch64"),
        ("linux", "x86_64", "", "musllinux_1_1_x86_64"),
        ("darwin", "arm64", "", "macosx_11_0_arm64"),
        ("darwin", "x86_64", "", "macosx_10_12_x86_64"),
    ],
)
def test_the_wheel_fits_the_machine(
    monkeypatch: pytest.MonkeyPatch, system: str, machine: str, libc: str, expected: str
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(platform, "libc_ver", lambda: (libc, ""))
    wheel = bootstrap._wheel_for_here(bootstrap._locked_uv()["wheels"])
    assert expected in wheel["url"]


def test_an_unknown_machine_uses_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "vax")
    with pytest.raises(ValueError, match="vax"):
        bootstrap._wheel_for_here(bootstrap._locked_uv()["wheels"])


def test_every_target_names_groups_that_exist() -> None:
    declared = tomllib.loads((bootstrap.ROOT / "pyproject.toml").read_text())
    known = {*declared["project"]["optional-dependencies"], *declared["dependency-groups"]}
    for flags in bootstrap.TARGETS.values():
        assert {name for name in flags if not name.startswith("--")} <= known
