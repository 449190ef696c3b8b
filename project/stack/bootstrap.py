"""Install uv and the locked environment with plain Python: `python3 -I bootstrap.py run|test|check|all`.

It runs before anything is installed, so it imports only the standard library. The URL and checksum of uv come from
uv.lock. If that URL cannot be reached, pip installs the same version from its configured index.
"""

import hashlib
import os
import platform
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
VENV = ROOT / ".venv"
LOCK = ROOT / "uv.lock"
RUN = ["--extra", "local", "--extra", "engine"]
TARGETS = {
    "run": RUN,
    "test": [*RUN, "--extra", "sentry", "--group", "test"],
    "check": [*RUN, "--extra", "sentry", "--group", "test", "--group", "lint"],
    "image": ["--extra", "engine", "--extra", "sentry"],
}
DOWNLOAD_SECONDS = 60


class BootstrapError(Exception):
    """The installation failed. The message says what to do."""


def main(target: str) -> None:
    environment = VENV if target != "image" else Path(os.environ.get("UV_PROJECT_ENVIRONMENT", VENV))
    stamp = environment / f".installed-{target}"
    wanted = _fingerprint(target)
    if stamp.is_file() and stamp.read_text() == wanted and (environment / "bin" / "python").exists():
        return
    uv = ensure_uv()
    _sync(uv, environment, TARGETS[target])
    stamp.write_text(wanted)


def ensure_uv() -> Path:
    """Return the locked uv in `.uv/<version>/`. Install it if it is missing."""
    package = _locked_uv()
    uv = ROOT / ".uv" / str(package["version"]) / "uv"
    if not uv.exists():
        uv.parent.mkdir(parents=True, exist_ok=True)
        print(f"Installing uv {package['version']} into .uv/", flush=True)
        try:
            _download_uv(_wheel_for_here(package["wheels"]), uv)
        except (OSError, ValueError) as error:
            _install_uv_with_pip(str(package["version"]), uv, reason=error)
    return uv


def _fingerprint(target: str) -> str:
    digest = hashlib.sha256(LOCK.read_bytes())
    digest.update((ROOT / "pyproject.toml").read_bytes())
    digest.update(" ".join(TARGETS[target]).encode())
    return digest.hexdigest()


def _locked_uv() -> dict[str, Any]:
    import tomllib  # imported here, so that an older Python reaches its error message

    packages = tomllib.loads(LOCK.read_text())["package"]
    return next(package for package in packages if package["name"] == "uv")


def _wheel_for_here(wheels: list[dict[str, Any]]) -> dict[str, Any]:
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
    if sys.platform == "darwin":
        wanted = rf"macosx_.*_{'arm64' if machine == 'aarch64' else machine}\.whl"
    elif platform.libc_ver()[0] == "glibc":
        wanted = rf"manylinux.*_{machine}[.\w]*\.whl"
    else:
        wanted = rf"musllinux.*_{machine}\.whl"
    for wheel in wheels:
        if re.search(wanted, str(wheel["url"])):
            return wheel
    raise ValueError(f"there is no uv for {sys.platform} on {machine}")


def _download_uv(wheel: dict[str, Any], uv: Path) -> None:
    with tempfile.TemporaryDirectory(dir=uv.parent) as folder:
        archive = Path(folder) / "uv.whl"
        download = urllib.request.urlopen(str(wheel["url"]), timeout=DOWNLOAD_SECONDS)  # noqa: S310
        with download as response, archive.open("wb") as file:
            shutil.copyfileobj(response, file)
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        if f"sha256:{digest}" != wheel["hash"]:
            raise BootstrapError("The downloaded uv does not match the checksum in uv.lock; nothing was installed.")
        with zipfile.ZipFile(archive) as files:
            name = next(name for name in files.namelist() if name.endswith(".data/scripts/uv"))
            _install(Path(files.extract(name, folder)), uv)


def _install_uv_with_pip(version: str, uv: Path, *, reason: Exception) -> None:
    with tempfile.TemporaryDirectory(dir=uv.parent) as folder:
        commands = [
            [sys.executable, "-m", "venv", folder],
            [f"{folder}/bin/python", "-m", "pip", "install", "--quiet", f"uv=={version}"],
        ]
        for command in commands:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise BootstrapError(
                    f"uv could not be downloaded ({reason}), and pip could not install it. "
                    f"Install uv {version} yourself and copy or link it to {uv}"
                )
        _install(Path(folder) / "bin" / "uv", uv)


def _install(source: Path, uv: Path) -> None:
    """Move the file in one step, so that an interrupted start leaves no partial file."""
    source.chmod(source.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    source.replace(uv)


def _sync(uv: Path, environment: Path, wanted: list[str]) -> None:
    print(f"Installing the locked packages into {environment.name}/", flush=True)
    chosen = os.environ | {
        "UV_PROJECT_ENVIRONMENT": str(environment),
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_PYTHON_PREFERENCE": "only-system",
        "UV_NO_PROGRESS": "1",
    }
    if not (environment / "bin" / "python").exists():
        chosen["UV_PYTHON"] = sys.executable
    command = [str(uv), "sync", "--frozen", "--inexact", "--quiet", "--directory", str(ROOT), *wanted]
    if subprocess.run(command, env=chosen, check=False).returncode:
        raise BootstrapError("The packages could not be installed; see the lines above.")


if __name__ == "__main__":
    if sys.version_info < (3, 11):  # noqa: UP036  (shows a clear message on an older version)
        sys.exit(f"Dailies needs Python 3.11 or newer; this is {platform.python_version()}.")
    try:
        main(sys.argv[1])
    except BootstrapError as error:
        sys.exit(f"dailies: {error}")
    except OSError as error:
        sys.exit(f"dailies: could not install: {error}")
