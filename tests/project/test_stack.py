"""`make run` with real processes: it starts, survives what people and machines do to it, and leaves nothing behind."""

import os
import signal
import stat
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.data_dirs import used_data_dir
from tests.stack import StackProcess, manage

NOTE = "from generations.accounts.models import User; "


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.05)


def status_of(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def add_person(data_dir: Path) -> None:
    done = manage("shell", "-c", f"{NOTE}User.objects.create_user('kept@example.com', 'x')", data_dir=data_dir)
    assert done.returncode == 0, done.stderr


def is_person_kept(data_dir: Path) -> bool:
    done = manage(
        "shell", "-c", f"{NOTE}print(User.objects.filter(email='kept@example.com').exists())", data_dir=data_dir
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().endswith("True")


@pytest.fixture(scope="module")
def stack() -> Iterator[StackProcess]:
    """One that the gentle tests share."""
    with used_data_dir() as folder, StackProcess(folder) as running:
        yield running


def test_it_serves_pages_and_says_where(stack: StackProcess) -> None:
    assert status_of(f"{stack.url}/healthz") == 200
    assert f"Dailies is ready at {stack.url}" in stack.output
    assert "dailies-demo" in stack.output


def test_it_tells_its_addresses_to_its_owner_alone(stack: StackProcess) -> None:
    for name in ("services.json", "secret_key", "valkey_password", "run/valkey.conf"):
        assert stat.S_IMODE((stack.data_dir / name).stat().st_mode) == 0o600, name


def test_a_command_beside_it_uses_its_services(stack: StackProcess) -> None:
    code = "from django.conf import settings as s; print(s.REDIS_URL, s.DATABASES['default']['HOST'])"
    done = manage("shell", "-c", code, data_dir=stack.data_dir)
    assert done.stdout.strip().endswith(f"{stack.services.redis_url} {stack.data_dir / 'run'}"), done.stderr


def test_what_is_given_replaces_the_embedded_part(data_dir: Path, stack: StackProcess) -> None:
    given = {"DATABASE_URL": stack.services.database_url, "REDIS_URL": stack.services.redis_url}
    given["LTX_API_KEY"], given["LTX_BASE_URL"] = "key", stack.services.engine_url
    with StackProcess(data_dir, **given) as other:
        commands = [" ".join(process.cmdline()) for process in other.processes()]
        assert not [line for line in commands if "bin/postgres" in line or "valkey" in line or ".engine" in line]
        assert "given      DATABASE_URL, REDIS_URL, LTX_API_KEY" in other.output


def test_a_signal_stops_all_of_it_and_the_data_is_there_again(data_dir: Path) -> None:
    with StackProcess(data_dir) as stack:
        assert status_of(f"{stack.url}/healthz") == 200
        add_person(data_dir)
        secret, engine_url = (data_dir / "secret_key").read_text(), stack.services.engine_url
        assert {"postgres", "valkey-server"} <= {process.name() for process in stack.processes()}
        assert stack.stop() == 0
        assert stack.processes() == []
        assert not (data_dir / "services.json").exists()
    with StackProcess(data_dir) as again:
        assert is_person_kept(data_dir)
        assert (data_dir / "secret_key").read_text() == secret
        assert again.services.engine_url == engine_url


def test_it_stops_though_started_in_the_background_with_nothing_to_read(used_dir: Path) -> None:
    in_background = ("sh", "-c", 'trap "" INT HUP; exec "$@" <&-', "sh")
    with StackProcess(used_dir, launcher=in_background) as stack:
        stack.signal(signal.SIGHUP)  # the terminal was closed; nohup says to go on
        assert status_of(f"{stack.url}/healthz") == 200
        assert stack.stop(signal.SIGINT) == 0
        assert stack.processes() == []


def test_a_signal_during_the_start_stops_it_too(data_dir: Path) -> None:
    stack = StackProcess(data_dir).launch()
    wait_until((data_dir / "postgres" / "postmaster.pid").exists, "PostgreSQL starts")
    assert stack.stop() == 0
    assert stack.processes() == []


def test_a_killed_run_is_cleaned_up_after_by_the_next_start(used_dir: Path) -> None:
    """First the supervisor alone is killed, then everything; last, its pid is another program's by now."""
    with StackProcess(used_dir) as first:
        add_person(used_dir)
        first.signal(signal.SIGKILL)
        first.wait()
        left_behind = {process.pid for process in first.processes()}
        with StackProcess(used_dir, PORT=str(first.port)) as second:
            assert left_behind.isdisjoint(process.pid for process in second.processes())
            pid_file = used_dir / "postgres" / "postmaster.pid"
            rest = pid_file.read_text().splitlines()[1:]
            for process in [psutil.Process(second.pid), *second.processes()]:
                with suppress(psutil.NoSuchProcess):  # those whose parent was killed are stopping already
                    process.kill()
            second.wait()
            wait_until(lambda: second.processes() == [], "everything that was killed is gone")
            pid_file.write_text("\n".join([str(os.getpid()), *rest]) + "\n")
    with StackProcess(used_dir):
        assert is_person_kept(used_dir)


def test_a_child_that_dies_ends_everything_and_is_named(used_dir: Path) -> None:
    with StackProcess(used_dir) as stack:
        stack.child("worker --queues dailies").kill()
        assert stack.wait() == 1
        assert "dailies: worker was killed by SIGKILL" in stack.output
        assert stack.processes() == []
