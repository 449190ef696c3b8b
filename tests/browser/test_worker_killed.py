"""The promise under the worst of deaths: the job is finished once and charged once."""

import json
import os
import re
import signal
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.stack import StackProcess, manage

from .conftest import RENDER_MS, choose

COUNTS = """
from generations.models import Attempt, Generation, LedgerEntry
import json
print(json.dumps({
    "states": list(Generation.objects.values_list("state", flat=True)),
    "attempts": Attempt.objects.count(),
    "captures": LedgerEntry.objects.filter(kind="capture").count(),
}))
"""


def test_a_killed_worker_costs_neither_the_job_nor_a_second_charge(
    browser: Browser, still: Path, tmp_path: Path
) -> None:
    stack = StackProcess(tmp_path / "data")
    page = browser.new_context().new_page()
    with stack:
        page.goto(f"{stack.url}/account/login/")
        page.fill("input[name=login]", "creator@example.com")
        page.fill("input[name=password]", "dailies-demo")
        page.press("input[name=password]", "Enter")
        page.set_input_files("#id_first_frame_file", still)
        expect(page.locator("still-slot[data-name=first_frame] img").first).to_be_visible()
        page.get_by_label("Prompt").fill("Slow tide.")
        # Long enough that the render outlives the worker on any machine.
        choose(page, "duration", "20")
        expect(page.locator("#generate")).to_contain_text("260 credits")
        page.locator("#generate").click()
        expect(page).to_have_url(re.compile(r"/t/demo/jobs/"))
        expect(page.locator(".job .state").first).to_contain_text("Rendering at the provider", timeout=RENDER_MS)
        os.kill(stack.child("worker --queues dailies").pid, signal.SIGKILL)
        assert stack.wait() != 0
        assert "worker" in stack.output
    with stack:
        page.goto(f"{stack.url}/t/demo/jobs/")
        expect(page.locator(".job .state").first).to_have_text("Done", timeout=RENDER_MS)
        counted = manage("shell", "--no-imports", "-c", COUNTS, data_dir=stack.data_dir)
        assert json.loads(counted.stdout) == {"states": ["completed"], "attempts": 1, "captures": 1}
        books = manage("audit_books", data_dir=stack.data_dir)
        assert (books.returncode, books.stdout.strip()) == (0, "The books close.")
    page.context.close()
