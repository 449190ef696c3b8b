"""From a still to a finished video, and what happens when the credits do not reach."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.stack import StackProcess

from .conftest import RENDER_MS, choose
from .pages import look_at

SignIn = Callable[..., None]

# The mean difference between two decoded frames of the playing video, in levels of 256.
COMPARE = """
async () => {
  const video = document.querySelector('video');
  const canvas = new OffscreenCanvas(64, 36), pen = canvas.getContext('2d', {willReadFrequently: true});
  const grab = () => { pen.drawImage(video, 0, 0, 64, 36); return pen.getImageData(0, 0, 64, 36).data; };
  const first = grab(), before = video.currentTime;
  await new Promise(done => video.addEventListener('timeupdate', function wait() {
    if (video.currentTime > before + 3) { video.removeEventListener('timeupdate', wait); done(); }
  }));
  const second = grab();
  return first.reduce((sum, level, at) => sum + Math.abs(level - second[at]), 0) / first.length;
}
"""


def test_from_a_still_to_a_take(
    page: Page, studio: StackProcess, sign_in: SignIn, still: Path, complaints: list[str], tmp_path: Path
) -> None:
    sign_in("creator@example.com")
    page.set_input_files("#id_first_frame_file", still)
    expect(page.locator("image-slot[data-name=first_frame] img").first).to_be_visible()
    page.get_by_label("Prompt").fill("The harbour at dusk; the water moves, the camera comes closer.")
    choose(page, "model", "ltx-2-3-fast")
    choose(page, "resolution", "1280x720")
    choose(page, "camera_motion", "dolly_in")
    choose(page, "duration", "12")
    button = page.locator("#generate")
    expect(button).to_contain_text("36 credits")
    expect(page.locator(".submit-hint")).to_contain_text("credits left after this")
    look_at(page, "studio-ready")

    # The page is told of each step a moment later; a render that waits to be seen cannot be over by then.
    with studio.renders_suspended():
        button.click()
        expect(page).to_have_url(re.compile(r"/t/demo/jobs/"))
        state = page.locator(".job").filter(has_text="the water moves").locator(".state")
        expect(state).to_contain_text("Generating", timeout=RENDER_MS)
    expect(state).to_have_text("Ready", timeout=RENDER_MS)

    page.get_by_role("link", name="Gallery").first.click()
    page.locator("main a[href*='/takes/']").first.click()
    expect(page.get_by_text("the water moves").first).to_be_visible()
    expect(page.get_by_text("36 credits").first).to_be_visible()
    page.evaluate("document.querySelector('video').muted = true")
    # In the middle of the move, where it is fastest.
    page.evaluate("document.querySelector('video').currentTime = 5")
    page.evaluate("document.querySelector('video').play()")
    assert page.evaluate(COMPARE) > 1
    assert page.evaluate("document.querySelector('video').currentTime") > 8

    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    path = tmp_path / "take.mp4"
    download.value.save_as(path)
    assert download.value.suggested_filename.endswith(".mp4")
    check_take(path)


def check_take(path: Path) -> None:
    """H.264 yuv420p, exactly seconds × fps frames at the asked size, AAC because sound was asked for."""
    with av.open(str(path)) as container:
        video, sound = container.streams.video[0], container.streams.audio[0]
        facts = (video.codec_context.name, video.codec_context.pix_fmt, video.width, video.height)
        assert facts == ("h264", "yuv420p", 1280, 720)
        assert sound.codec_context.name == "aac"
        assert sum(1 for _ in container.decode(video)) == 288


def test_the_whole_team_sees_the_take_and_a_stranger_does_not(
    page: Page, studio: StackProcess, sign_in: SignIn, browser: Browser
) -> None:
    sign_in("reviewer@example.com")
    expect(page.get_by_role("link", name="Studio")).to_have_count(0)
    page.goto(f"{studio.url}/t/demo/gallery/")
    page.locator("main a[href*='/takes/']").first.click()
    address, media = page.url, page.locator("video").evaluate("video => video.currentSrc || video.src")
    stranger = browser.new_context()
    for url in (address, media):
        answer = stranger.request.get(url, max_redirects=0)
        assert answer.status in (302, 404)
    stranger.close()


def test_out_of_credits_says_everything_that_helps(
    page: Page, studio: StackProcess, still: Path, complaints: list[str]
) -> None:
    sign_up(page, studio, "dana@example.com")
    page.set_input_files("#id_first_frame_file", still)
    page.get_by_label("Prompt").fill("Wind in the sails.")
    choose(page, "model", "ltx-2-3-fast")
    expect(page.locator("#generate")).to_contain_text("36 credits")
    with page.expect_response(
        lambda answer: answer.request.method == "POST" and answer.url.endswith("/studio/")
    ) as sent:
        page.locator("#generate").click()
    assert sent.value.status == 402
    notice = page.get_by_role("alert").filter(has_text="Not enough credits")
    for words in ("36 credits", "0 credits", "Team credits", "dana@example.com"):
        expect(notice).to_contain_text(words)
    expect(page.get_by_label("Prompt")).to_have_value("Wind in the sails.")
    page.goto(page.url.replace("/studio/", "/jobs/"))
    expect(page.locator(".job")).to_have_count(0)


def sign_up(page: Page, studio: StackProcess, email: str) -> None:
    """Make an account; the letter with the link is in the log, since nobody has named a mail server."""
    page.goto(f"{studio.url}/account/signup/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill("correct-horse-battery")
    page.get_by_label("Password", exact=True).press("Enter")
    expect(page).to_have_url(re.compile("confirm-email"))
    link = re.search(r"/account/confirm-email/[^\s/]+/", studio.output)
    assert link is not None
    page.goto(studio.url + link[0])
    page.get_by_role("button", name=re.compile("confirm", re.IGNORECASE)).click()
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill("correct-horse-battery")
    page.get_by_label("Password", exact=True).press("Enter")
    expect(page.locator("#generate")).to_be_visible()


@pytest.fixture
def plain_page(browser: Browser) -> Any:
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_everything_works_without_scripts(plain_page: Page, studio: StackProcess, still: Path) -> None:
    page = plain_page
    page.goto(f"{studio.url}/account/login/")
    page.fill("input[name=login]", "creator@example.com")
    page.fill("input[name=password]", "dailies-demo")
    page.press("input[name=password]", "Enter")
    page.wait_for_url(re.compile(r"/t/demo/"))
    page.goto(f"{studio.url}/t/demo/studio/")
    page.set_input_files("#id_first_frame_file", still)
    page.fill("#id_prompt", "Without scripts.")
    choose(page, "model", "ltx-2-3-fast")
    choose(page, "resolution", "1280x720")
    page.get_by_role("button", name="Update price").click()
    expect(page.locator("#generate")).to_contain_text("18 credits")
    expect(page.locator("#id_prompt")).to_have_value("Without scripts.")
    page.locator("#generate").click()
    expect(page).to_have_url(re.compile(r"/t/demo/jobs/"))
    expect(page.locator(".job").first).to_contain_text("Without scripts.")
