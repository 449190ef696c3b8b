"""A child process that hangs is detected."""

import sys
from pathlib import Path

import pytest

from project.stack.console import Console
from project.stack.processes import LivenessFile, ProcessSpec, StackError
from project.stack.supervisor import Supervisor


def test_a_child_that_hangs_stops_everything(tmp_path: Path) -> None:
    file = tmp_path / "alive"
    code = f"import pathlib, time; pathlib.Path({str(file)!r}).touch(); print('up', flush=True); time.sleep(60)"
    supervisor = Supervisor(Console(sys.stdout))
    spec = ProcessSpec(
        "hanging", [sys.executable, "-c", code], is_ready=file.exists, is_healthy=LivenessFile(file, seconds=0.2)
    )
    try:
        supervisor.wait_until_ready([supervisor.start(spec)])
        with pytest.raises(StackError, match="hanging hangs: it runs but shows no activity"):
            supervisor.watch()
    finally:
        supervisor.stop(stop_last=lambda _: False)


def test_the_time_is_measured_from_the_last_observed_change(tmp_path: Path) -> None:
    now, file = [0.0], tmp_path / "alive"
    is_healthy = LivenessFile(file, seconds=60, clock=lambda: now[0])
    now[0] = 1000
    assert is_healthy(), "the process has not started to touch the file"
    file.touch()
    assert is_healthy()
    now[0] += 59
    assert is_healthy()
    now[0] += 1
    assert not is_healthy()
    file.unlink()
    file.touch()
    assert is_healthy()
