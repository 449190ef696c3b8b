"""`GET /v2/image-to-video/{id}`: the four states and who may read them."""

from datetime import datetime

import httpx
import pytest

from .conftest import Rendered
from .process import EngineProcess, until
from .test_submit import error_message


def test_a_job_is_pending_or_processing_before_it_is_done(engine: EngineProcess):
    status = engine.poll(engine.submit())
    assert status.keys() == {"id", "status", "created_at"}
    assert status["status"] in ("pending", "processing")


def test_a_completed_job_has_a_video_url(engine: EngineProcess, rendered: Rendered):
    status = rendered.status
    assert status.keys() == {"id", "status", "created_at", "completed_at", "result"}
    assert status["result"] == {"video_url": f"{engine.url}/videos/{status['id']}.mp4"}
    assert datetime.fromisoformat(status["created_at"]) < datetime.fromisoformat(status["completed_at"])


@pytest.mark.parametrize("job_id", ["0192f0c4-5b6a-7def-8123-456789abcdef", "no-uuid", "1"])
def test_an_unknown_job_is_not_found(client: httpx.Client, job_id: str):
    error_message(client.get(f"/v2/image-to-video/{job_id}"), 404, "not_found_error")


def test_a_job_of_another_key_is_not_found(engine: EngineProcess, rendered: Rendered):
    with engine.client("charlie") as charlie:
        error_message(charlie.get(f"/v2/image-to-video/{rendered.status['id']}"), 404, "not_found_error")


def test_polling_needs_a_key(engine: EngineProcess, rendered: Rendered):
    with engine.client(None) as anonymous:
        error_message(anonymous.get(f"/v2/image-to-video/{rendered.status['id']}"), 401, "authentication_error")


def test_an_expired_job_is_deleted_with_its_files(start_engine):
    engine = start_engine()
    job_id = engine.submit()
    url = engine.finished(job_id)["result"]["video_url"]
    engine.terminate()
    engine.restart(retention="0.001")
    with engine.client() as client:
        error_message(client.get(f"/v2/image-to-video/{job_id}"), 404, "not_found_error")
        error_message(client.get(url), 404, "not_found_error")
    until(lambda: not (engine.data_dir / "jobs" / job_id).exists(), "the deletion")


def test_every_link_starts_with_the_public_url(start_engine):
    engine = start_engine(public_url="https://engine.example/base/")
    with engine.client() as client:
        assert client.post("/v1/upload").json()["upload_url"].startswith("https://engine.example/base/uploads/")
    video_url = engine.finished(engine.submit())["result"]["video_url"]
    assert video_url.startswith("https://engine.example/base/videos/")
