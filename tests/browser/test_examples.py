"""The examples of the documentation, run as they are printed, against the whole product."""

import base64
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page

from project.env import ROOT
from tests.browser.conftest import RENDER_MS
from tests.stack import StackProcess, clean_environment, manage

CURL = shutil.which("curl") or f"{sys.executable} -m tests.browser.curl"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture(scope="module")
def secret(studio: StackProcess) -> str:
    made = manage("create_api_key", "--user", "creator@example.com", "--name", "examples", data_dir=studio.data_dir)
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


@pytest.fixture
def printed(page: Page, studio: StackProcess) -> list[str]:
    """The boxes with code, from top to bottom, as a reader would copy them."""
    page.goto(f"{studio.url}/api/v1/docs")
    return page.locator("copy-text pre").all_inner_texts()


@pytest.fixture
def run(tmp_path: Path, still: Path, secret: str, studio: StackProcess):
    """Run a program in a folder with `image.jpg`, and return what it printed."""
    shutil.copy(still, tmp_path / "image.jpg")

    def go(*command: str, cwd: Path = tmp_path) -> str:
        environment = clean_environment(studio.data_dir, DAILIES_KEY=secret, PYTHONPATH=str(ROOT))
        done = subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=RENDER_MS / 1000, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return go


def with_our_programs(shell: str) -> str:
    return shell.replace(".venv/bin/python", sys.executable).replace("curl ", f"{CURL} ")


def assert_is_video(content: bytes) -> None:
    assert content[4:8] == b"ftyp"
    assert len(content) > 10_000


def test_the_first_lines_submit_a_job(printed, run, page, studio):
    answer = run("sh", "-c", with_our_programs(printed[0]), cwd=ROOT)
    job = UUID.search(answer)
    assert job, answer
    assert '"created_at"' in answer


def test_curl_makes_a_take(printed, run, tmp_path):
    run("sh", "-c", with_our_programs(printed[1]))
    assert_is_video((tmp_path / "take.mp4").read_bytes())


def test_python_makes_a_take(printed, run, tmp_path):
    run(sys.executable, "-c", printed[2])
    assert_is_video((tmp_path / "take.mp4").read_bytes())


def test_javascript_makes_a_take(printed, page, secret, still):
    page.set_default_timeout(RENDER_MS)
    picture = base64.b64encode(still.read_bytes()).decode()
    made = page.evaluate(
        f"""async ([key, picture]) => {{
            {printed[3]}
            const bytes = Uint8Array.from(atob(picture), (letter) => letter.charCodeAt(0));
            const take = await createTake(key, new Blob([bytes], {{ type: "image/jpeg" }}), "The boat leaves.");
            const content = new Uint8Array(await take.arrayBuffer());
            return [content.length, String.fromCharCode(...content.slice(0, 8))];
        }}""",
        [secret, picture],
    )
    size, beginning = made
    assert size > 10_000
    assert beginning[4:] == "ftyp"
