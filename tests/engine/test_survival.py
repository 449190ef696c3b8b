"""Crashes, kills and stops: no accepted job is lost and no process remains."""

import json
import os
import signal
import subprocess
import sys

from .process import ROOT, EngineProcess, is_running, request_body, until

LONG = {"resolution": "1920x1080", "duration": 20}


def is_processing(engine: EngineProcess, job_id: str) -> bool:
    return engine.poll(job_id)["status"] == "processing"


def kill_renderer(engine: EngineProcess, job_id: str) -> None:
    """Kill the render process in the middle of a job and wait until the engine has noticed it."""
    until(lambda: is_processing(engine, job_id), "the job to start")
    [pid] = until(engine.render_processes, "a render process")
    os.kill(pid, signal.SIGKILL)
    until(lambda: pid not in engine.render_processes(), "the engine to see the crash")


def test_a_killed_engine_finishes_its_jobs_after_a_restart(start_engine):
    engine = start_engine()
    headers = {"idempotency-key": "before-the-crash"}
    with engine.client() as client:
        body = request_body(fps=25)
        first = client.post("/v2/image-to-video", json=body, headers=headers).json()["id"]
        second = engine.submit()
        until(lambda: is_processing(engine, first), "the job to start")
        [renderer] = until(engine.render_processes, "a render process")
        engine.kill()
        until(lambda: not is_running(renderer), "the render process to end with its engine")
        engine.start()
        assert engine.finished(first)["status"] == "completed"
        assert engine.finished(second)["status"] == "completed"
        assert client.post("/v2/image-to-video", json=body, headers=headers).json()["id"] == first


def test_a_crashed_render_process_is_replaced_and_the_job_rendered_again(start_engine):
    engine = start_engine()
    job_id = engine.submit()
    kill_renderer(engine, job_id)
    assert engine.finished(job_id)["status"] == "completed"


def test_a_job_that_crashes_twice_fails_and_the_next_one_runs(start_engine):
    engine = start_engine()
    job_id = engine.submit(**LONG)
    kill_renderer(engine, job_id)
    kill_renderer(engine, job_id)
    status = engine.finished(job_id)
    assert status.keys() == {"id", "status", "created_at", "completed_at", "error"}
    assert status["error"]["type"] == "api_error"
    assert engine.finished(engine.submit())["status"] == "completed"


def test_a_job_with_a_damaged_image_fails_and_the_next_one_runs(start_engine):
    engine = start_engine()
    job_id = engine.submit(**LONG)
    engine.kill()
    (engine.data_dir / "jobs" / job_id / "first").write_bytes(b"damaged")
    engine.start()
    status = engine.finished(job_id)
    assert (status["status"], status["error"]["type"]) == ("failed", "api_error")
    assert engine.finished(engine.submit())["status"] == "completed"


def test_sigterm_stops_everything_and_keeps_the_job(start_engine):
    engine = start_engine()
    job_id = engine.submit(**LONG)
    until(lambda: is_processing(engine, job_id), "the job to start")
    renderers = until(engine.render_processes, "a render process")
    assert engine.terminate() == 0
    assert not any(is_running(pid) for pid in renderers)
    record = json.loads((engine.data_dir / "jobs" / job_id / "job.json").read_text())
    assert record["status"] == "processing"


def test_an_incomplete_submit_is_deleted_at_the_start(start_engine):
    engine = start_engine()
    engine.terminate()
    half = engine.data_dir / "jobs" / "half-a-job"
    half.mkdir()
    (half / "first").write_bytes(b"half an image")
    engine.start()
    assert not half.exists()


def test_it_reports_in_one_line_why_it_cannot_start(start_engine, tmp_path):
    engine = start_engine()
    (tmp_path / "file").write_text("not a folder")
    for settings, cause in [
        ({"ENGINE_DATA_DIR": str(engine.data_dir), "ENGINE_PORT": "1"}, "another engine already uses"),
        ({"ENGINE_DATA_DIR": str(tmp_path / "other"), "ENGINE_PORT": str(engine.port)}, "in use"),
        ({"ENGINE_DATA_DIR": str(tmp_path / "file" / "x"), "ENGINE_PORT": "1"}, "cannot use"),
        ({"ENGINE_PORT": "many"}, "ENGINE_PORT: "),
    ]:
        ended = subprocess.run(
            [sys.executable, "-m", "generations.engine"],
            cwd=ROOT,
            env={**os.environ, **settings},
            check=False,
            capture_output=True,
            text=True,
        )
        assert ended.returncode == 1
        assert cause in ended.stderr
        assert ended.stderr.count("\n") == 1
