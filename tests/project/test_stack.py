"""`make run` with real processes: it starts, recovers from killed processes, and leaves no process behind."""

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

IMPORT_USER = "from generations.accounts.models import User; "


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, f"timed out: {what}"
        time.sleep(0.05)


def status_of(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


def add_user(data_dir: Path) -> None:
    done = manage("shell", "-c", f"{IMPORT_USER}User.objects.create_user('kept@example.com', 'x')", data_dir=data_dir)
    assert done.returncode == 0, done.stderr


def user_exists(data_dir: Path) -> bool:
    done = manage(
        "shell", "-c", f"{IMPORT_USER}print(User.objects.filter(email='kept@example.com').exists())", data_dir=data_dir
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().endswith("True")


@pytest.fixture(scope="module")
def stack() -> Iterator[StackProcess]:
    """A stack for the tests that do not stop it."""
    with used_data_dir() as folder, StackProcess(folder) as running:
        yield running


def test_it_serves_pages_and_prints_the_address(stack: StackProcess) -> None:
    assert status_of(f"{stack.url}/healthz") == 200
    assert f"Dailies is ready at {stack.url}" in stack.output
    assert "dailies-demo" in stack.output


def test_only_the_owner_can_read_addresses_and_secrets(stack: StackProcess) -> None:
    for name in ("services.json", "secret_key", "valkey_password", "run/valkey.conf"):
        assert stat.S_IMODE((stack.data_dir / name).stat().st_mode) == 0o600, name


def test_a_command_uses_the_services_of_the_running_stack(stack: StackProcess) -> None:
    code = "from django.conf import settings as s; print(s.REDIS_URL, s.DATABASES['default']['HOST'])"
    done = manage("shell", "-c", code, data_dir=stack.data_dir)
    assert done.stdout.strip().endswith(f"{stack.services.redis_url} {stack.data_dir / 'run'}"), done.stderr


def test_services_of_the_environment_replace_the_embedded_ones(data_dir: Path, stack: StackProcess) -> None:
    given = {"DATABASE_URL": stack.services.database_url, "REDIS_URL": stack.services.redis_url}
    given["LTX_API_KEY"], given["LTX_BASE_URL"] = "key", stack.services.engine_url
    with StackProcess(data_dir, **given) as other:
        commands = [" ".join(process.cmdline()) for process in other.processes()]
        assert not [line for line in commands if "bin/postgres" in line or "valkey" in line or ".engine" in line]
        assert "external   DATABASE_URL, REDIS_URL, LTX_API_KEY" in other.output


def test_a_signal_stops_everything_and_the_next_start_has_the_data(data_dir: Path) -> None:
    with StackProcess(data_dir) as stack:
        assert status_of(f"{stack.url}/healthz") == 200
        add_user(data_dir)
        secret, engine_url = (data_dir / "secret_key").read_text(), stack.services.engine_url
        assert {"postgres", "valkey-server"} <= {process.name() for process in stack.processes()}
        assert stack.stop() == 0
        assert stack.processes() == []
        assert not (data_dir / "services.json").exists()
    with StackProcess(data_dir) as again:
        assert user_exists(data_dir)
        assert (data_dir / "secret_key").read_text() == secret
        assert again.services.engine_url == engine_url


def test_it_stops_when_started_in_the_background_without_standard_input(used_dir: Path) -> None:
    in_background = ("sh", "-c", 'trap "" INT HUP; exec "$@" <&-', "sh")
    with StackProcess(used_dir, launcher=in_background) as stack:
        stack.signal(signal.SIGHUP)  # the terminal was closed, but nohup ignores the signal
        assert status_of(f"{stack.url}/healthz") == 200
        assert stack.stop(signal.SIGINT) == 0
        assert stack.processes() == []


def test_a_signal_during_the_start_stops_it(data_dir: Path) -> None:
    stack = StackProcess(data_dir).launch()
    wait_until((data_dir / "postgres" / "postmaster.pid").exists, "PostgreSQL starts")
    assert stack.stop() == 0
    assert stack.processes() == []


def test_the_next_start_cleans_up_after_a_killed_run(used_dir: Path) -> None:
    """First only the supervisor is killed, then everything. At last PostgreSQL's pid belongs to another program."""
    with StackProcess(used_dir) as first:
        add_user(used_dir)
        first.signal(signal.SIGKILL)
        first.wait()
        left_behind = {process.pid for process in first.processes()}
        with StackProcess(used_dir, PORT=str(first.port)) as second:
            assert left_behind.isdisjoint(process.pid for process in second.processes())
            pid_file = used_dir / "postgres" / "postmaster.pid"
            rest = pid_file.read_text().splitlines()[1:]
            for process in [psutil.Process(second.pid), *second.processes()]:
                with suppress(psutil.NoSuchProcess):  # processes whose parent was killed are already stopping
                    process.kill()
            second.wait()
            wait_until(lambda: second.processes() == [], "all killed processes are gone")
            pid_file.write_text("\n".join([str(os.getpid()), *rest]) + "\n")
    with StackProcess(used_dir):
        assert user_exists(used_dir)


def test_when_a_child_dies_everything_stops_and_its_name_is_printed(used_dir: Path) -> None:
    with StackProcess(used_dir) as stack:
        stack.child("worker --queues dailies").kill()
        assert stack.wait() == 1
        assert "dailies: worker was killed by SIGKILL" in stack.output
        assert stack.processes() == []
