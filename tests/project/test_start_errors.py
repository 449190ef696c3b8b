"""A start that cannot work prints one line that says what to change."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from project.env import ROOT
from project.stack.data_dir import DataDirLock, open_data_dir
from project.stack.environment import read_environment
from project.stack.ports import free_port
from project.stack.processes import StackError
from project.stack.run import check_free_space
from tests.stack import clean_environment


def error_line(data_dir: Path, **given: str) -> str:
    """The one line on standard error of a start that fails."""
    done = subprocess.run(
        [sys.executable, "-m", "project.stack", "run"],
        env=clean_environment(data_dir, **{"PORT": str(free_port()), **given}),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


def test_a_port_in_use(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        line = error_line(data_dir, PORT=str(port))
    assert line == f"dailies: PORT {port} is in use on 127.0.0.1 by another program; stop it or use another PORT"


@pytest.mark.parametrize("name", ["EVENTS_PORT", "ENGINE_PORT"])
def test_another_port_in_use(data_dir: Path, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        assert f"{name} {other.getsockname()[1]} is in use" in error_line(
            data_dir, **{name: str(other.getsockname()[1])}
        )


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("PORT", "many", "PORT: must be a valid integer, unable to parse string as an integer"),
        ("PORT", "70000", "PORT: must be less than or equal to 65535"),
        ("LOG_FORMAT", "xml", "LOG_FORMAT: must be 'console' or 'json'"),
        ("PROVIDER_CONCURRENCY", "0", "PROVIDER_CONCURRENCY: must be greater than or equal to 1"),
        ("S3_ENDPOINT_URL", "http://127.0.0.1:1", "S3_ENDPOINT_URL also requires S3_BUCKET"),
    ],
)
def test_an_invalid_value(monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(StackError) as error:
        read_environment()
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("PORT", "many", "PORT: must be a valid integer"),
        ("DATABASE_URL", "mysql://127.0.0.1/x", "DATABASE_URL must begin with postgresql://"),
        ("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/x", "DATABASE_URL cannot be reached: "),
        ("REDIS_URL", "redis://127.0.0.1:1/0", "REDIS_URL cannot be reached: "),
        ("REDIS_URL", "http://127.0.0.1:1/0", "REDIS_URL must begin with redis:// or rediss://"),
    ],
)
def test_a_start_with_an_invalid_value(data_dir: Path, name: str, value: str, message: str) -> None:
    assert error_line(data_dir, **{name: value}).startswith(f"dailies: {message}")


def test_an_error_message_contains_no_secret(data_dir: Path) -> None:
    assert "s3cret" not in error_line(data_dir, DATABASE_URL="postgresql://me:s3cret@127.0.0.1:1/x")


def test_a_data_dir_that_is_a_file(data_dir: Path) -> None:
    data_dir.write_text("not a folder")
    assert error_line(data_dir) == f"dailies: DATA_DIR {data_dir} is a file, not a folder"


def test_a_data_dir_that_cannot_be_written(data_dir: Path) -> None:
    assert error_line(Path("/proc/dailies")).startswith("dailies: DATA_DIR /proc/dailies cannot be used: ")


def test_a_data_dir_that_another_run_uses(data_dir: Path) -> None:
    open_data_dir(data_dir)
    lock = DataDirLock(data_dir)
    assert lock.acquire("make run")
    line = error_line(data_dir)
    assert f"is in use by make run, process {os.getpid()}; stop it or use another DATA_DIR" in line
    lock.release()


def test_a_full_disk(data_dir: Path) -> None:
    open_data_dir(data_dir)
    with pytest.raises(StackError, match=r"is full: \d+ MB free, 1000000000000 MB needed"):
        check_free_space(data_dir, needed=10**18)
