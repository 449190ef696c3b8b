"""The web process of the product on a free port, beside the test's own database and Valkey."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

from django.conf import settings
from django.db import connection

from project.env import ROOT
from project.stack.ports import free_port
from project.stack.services import WEB_THREADS
from tests.events.sse import eventually


@dataclass(frozen=True)
class WebProcess:
    port: int
    media: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def database_url() -> str:
    """The address of the test's database, for another process."""
    database = connection.settings_dict
    place = urlencode({name: database[name.upper()] for name in ("host", "port") if database[name.upper()]})
    user = f"{database['USER']}:{database['PASSWORD']}@" if database["USER"] else ""
    return f"postgresql://{user}/{database['NAME']}?{place}"


@contextmanager
def web_process(folder: Path, **environment: str) -> Iterator[WebProcess]:
    """Run it until the end of the block, under the settings of `make run`."""
    process = WebProcess(free_port(), folder / "media")
    flags = ["--interface", "wsgi", "--port", str(process.port), "--workers", "1", "--no-ws"]
    flags += ["--blocking-threads", str(WEB_THREADS)]
    given = {
        "DJANGO_SETTINGS_MODULE": "project.settings.local",
        "DATABASE_URL": database_url(),
        "REDIS_URL": settings.REDIS_URL,
        "SECRET_KEY": settings.SECRET_KEY,
        "DATA_DIR": str(folder),
        "PUBLIC_URL": process.url,
        **environment,
    }
    (folder / "static").mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "granian", *flags, "project.wsgi:application"]
    log = folder / "web.log"
    with log.open("wb") as output:
        running = subprocess.Popen(command, cwd=ROOT, env=os.environ | given, stdout=output, stderr=output)
        try:
            eventually(lambda: _answers(running, process.url, log))
            yield process
        finally:
            running.terminate()
            running.wait(30)


def _answers(running: "subprocess.Popen[bytes]", url: str, log: Path) -> bool:
    assert running.poll() is None, f"the web process has ended: {log.read_text()}"
    try:
        with urlopen(f"{url}/healthz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (URLError, ConnectionError, TimeoutError):
        return False
