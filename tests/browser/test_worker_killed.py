"""The promise under the worst of deaths: the job is finished once and charged once."""

import json
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.stack import StackProcess, manage

from .conftest import RENDER_MS, choose

COUNTS = """
from django.core.management import call_command
from generations.models import Attempt, Generation, LedgerEntry
import json
jobs = Generation.objects.filter(prompt="Slow tide.")
print(json.dumps({
    "states": list(jobs.values_list("state", flat=True)),
    "attempts": Attempt.objects.filter(generation__in=jobs).count(),
    "captures": LedgerEntry.objects.filter(hold__generation__in=jobs, kind="capture").count(),
}))
call_command("audit_books")
"""


def test_a_killed_worker_costs_neither_the_job_nor_a_second_charge(
    page: Page, studio: StackProcess, sign_in: Callable[..., None], still: Path
) -> None:
    sign_in("creator@example.com")
    page.goto(f"{studio.url}/t/demo/studio/")
    page.set_input_files("#id_first_frame_file", still)
    expect(page.locator("image-slot[data-name=first_frame] img").first).to_be_visible()
    page.get_by_label("Prompt").fill("Slow tide.")
    choose(page, "model", "ltx-2-3-fast")
    choose(page, "resolution", "1280x720")
    expect(page.locator("#generate")).to_contain_text("18 credits")
    # The render outlives the worker on any machine: it does not move before the worker is dead.
    with studio.renders_suspended():
        page.locator("#generate").click()
        expect(page).to_have_url(re.compile(r"/t/demo/jobs/"))
        state = page.locator(".job").filter(has_text="Slow tide.").locator(".state")
        expect(state).to_contain_text("Generating", timeout=RENDER_MS)

        os.kill(studio.child("worker --queues dailies").pid, signal.SIGKILL)
        assert studio.wait() != 0
    assert "worker" in studio.output

    studio.start()
    page.goto(f"{studio.url}/t/demo/jobs/")
    expect(state).to_have_text("Ready", timeout=RENDER_MS)
    counted = manage("shell", "--no-imports", "-c", COUNTS, data_dir=studio.data_dir)
    assert counted.returncode == 0, counted.stderr
    counts, books = counted.stdout.splitlines()
    assert json.loads(counts) == {"states": ["completed"], "attempts": 1, "captures": 1}
    assert books == "The books close."
