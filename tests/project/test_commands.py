"""`manage.py` on a machine where nothing runs."""

import os
from pathlib import Path

from project.stack.stale_state import find_stale_processes
from tests.stack import manage


def test_a_command_starts_and_stops_its_own_database(data_dir: Path) -> None:
    first = manage("migrate", "--check", data_dir=data_dir)
    assert first.returncode == 0, first.stderr  # a new database is migrated first
    assert find_stale_processes(data_dir) == []
    assert not (data_dir / "services.json").exists()


def test_a_command_that_needs_no_database_starts_none(data_dir: Path) -> None:
    done = manage("help", data_dir=data_dir)
    assert done.returncode == 0, done.stderr
    assert not data_dir.exists()


def test_a_database_from_the_environment_is_used(data_dir: Path) -> None:
    given = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL")}
    done = manage(
        "shell", "-c", "from django.conf import settings; print(settings.REDIS_URL)", data_dir=data_dir, **given
    )
    assert done.stdout.strip().endswith(given["REDIS_URL"]), done.stderr
    assert not (data_dir / "postgres").exists()


def test_a_data_dir_that_is_a_file_is_a_one_line_error(data_dir: Path) -> None:
    data_dir.write_text("not a folder")
    done = manage("migrate", data_dir=data_dir)
    assert done.returncode == 1
    assert done.stderr.strip() == f"dailies: DATA_DIR {data_dir} is a file, not a folder"


def test_a_data_dir_too_long_for_a_socket_works(data_dir: Path) -> None:
    done = manage("migrate", "--check", data_dir=data_dir / ("long-" * 20))
    assert done.returncode == 0, done.stderr
