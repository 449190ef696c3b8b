"""A real engine in its own process, called over a real socket."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from project.stack.ports import free_port

from .images import data_uri, encoded, photo

ROOT = Path(__file__).parents[2]
IMAGE = encoded(photo(1000, 800), "JPEG", quality=90)
IMAGE_URI = data_uri(IMAGE, "image/jpeg")
DEADLINE_SECONDS = 150  # long, because the machine may be busy with other tests


def until(condition: Callable[[], Any], what: str) -> Any:
    """Wait until a condition is true and return its value."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        if result := condition():
            return result
        time.sleep(0.02)
    raise AssertionError(f"timed out waiting for {what}")


def request_body(**changes: Any) -> dict[str, Any]:
    """Return the smallest valid submit body with changes. A field changed to None is sent as null."""
    return {
        "image_uri": IMAGE_URI,
        "prompt": "Fog rolls over the hills",
        "model": "ltx-2-3-fast",
        "duration": 6,
        "resolution": "1280x720",
        **changes,
    }


class EngineProcess:
    """Start, call, stop or kill one engine."""

    def __init__(self, data_dir: Path, **settings: str) -> None:
        self.data_dir, self.port = data_dir, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._settings = settings
        self.start()

    def start(self) -> None:
        environment = {
            **os.environ,
            "ENGINE_PORT": str(self.port),
            "ENGINE_DATA_DIR": str(self.data_dir),
            **{f"ENGINE_{name.upper()}": value for name, value in self._settings.items()},
        }
        self.process = subprocess.Popen([sys.executable, "-m", "generations.engine"], cwd=ROOT, env=environment)
        until(self.is_healthy, "the engine to start")

    def restart(self, **settings: str) -> None:
        self._settings = settings
        self.start()

    def is_healthy(self) -> bool:
        assert self.process.poll() is None, "the engine ended unexpectedly"
        try:
            return httpx.get(f"{self.url}/healthz").json() == {"status": "ok"}
        except httpx.TransportError:
            return False

    def client(self, key: str | None = "key-of-a-test") -> httpx.Client:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30)

    def submit(self, **changes: Any) -> str:
        """Submit and return the id of the accepted job."""
        with self.client() as client:
            response = client.post("/v2/image-to-video", json=request_body(**changes))
        assert response.status_code == 202, response.text
        return response.json()["id"]

    def poll(self, job_id: str) -> dict[str, Any]:
        with self.client() as client:
            return client.get(f"/v2/image-to-video/{job_id}").json()

    def finished(self, job_id: str) -> dict[str, Any]:
        """Wait for the end of a job and return its last status."""

        def ended() -> dict[str, Any] | None:
            response = self.poll(job_id)
            return response if response.get("status") in ("completed", "failed") else None

        return until(ended, f"job {job_id} to end")

    def render_processes(self) -> list[int]:
        return children_of(self.process.pid)

    def terminate(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(DEADLINE_SECONDS)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(DEADLINE_SECONDS)

    def close(self) -> None:
        if self.process.poll() is None:
            self.terminate()


def children_of(pid: int) -> list[int]:
    listed = [Path(f"/proc/{pid}/task/{thread.name}/children") for thread in Path(f"/proc/{pid}/task").iterdir()]
    return [int(child) for children in listed for child in children.read_text().split()]


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
