"""The browser of the tests. `python -m tests.chromium` installs one if it needs no password for that."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
APT = ["apt-get", "install", "--yes", "--no-install-recommends", "chromium"]
PLAYWRIGHT = [sys.executable, "-m", "playwright", "install", "chromium"]
# Neither a test nor the browser may use the network.
QUIET = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
    "--disable-gpu",
    "--disable-default-apps",
    "--metrics-recording-only",
]


def find_chromium() -> str | None:
    """CHROMIUM from the environment, or one on PATH, or the one that Playwright downloaded."""
    named = [os.environ.get("CHROMIUM"), *map(shutil.which, NAMES), _playwright_chromium()]
    return next((path for path in named if path and Path(path).exists()), None)


def launch_flags() -> list[str]:
    """Chromium cannot use its sandbox as root, as in most containers."""
    return [*QUIET, "--no-sandbox"] if os.geteuid() == 0 else QUIET


def how_to_install() -> str:
    """The command that installs Chromium."""
    if shutil.which("apt-get"):
        return f"sudo {' '.join(APT)}"
    return ".venv/bin/python -m playwright install --with-deps chromium"


def _playwright_chromium() -> str | None:
    cache = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright")
    found = sorted(cache.glob("chromium-*/chrome-*/chrome"))
    return str(found[-1]) if found else None


def _install() -> None:
    if os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["apt-get", "update", "--quiet=2"], [*APT, "--quiet=2"]):
            subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, check=False)
    if find_chromium() is None:
        subprocess.run(PLAYWRIGHT, stdin=subprocess.DEVNULL, check=False)


if __name__ == "__main__":
    if find_chromium() is None:
        print("Installing Chromium for the browser tests", flush=True)  # noqa: T201
        _install()
    if find_chromium() is None:
        sys.exit(f"The browser tests need Chromium. Install it with: {how_to_install()}")
