"""`make run`: start everything on this machine and run until Ctrl-C."""

import errno
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from . import services
from .console import Console, print_error, ready_block
from .data_dir import DataDirLock, RunningServices, open_data_dir, read_secret, remove_services, write_services
from .embedded import Valkey
from .environment import StackEnvironment, check_external_services, read_environment
from .ports import LOOPBACK, StoredPorts, require_free
from .postgres import Postgres
from .processes import STACK_VARIABLE, Child, StackError, StopRequested
from .stale_state import stop_stale_processes
from .supervisor import Supervisor
from .upgrade import UpgradeStamp

MIN_FREE_BYTES = 300_000_000


def main() -> int:
    """Return the exit code. Each error is one line on standard error."""
    try:
        environment = read_environment()
        data_dir = environment.data_dir.resolve()
        open_data_dir(data_dir)
        lock = DataDirLock(data_dir)
        if not lock.acquire("make run"):
            raise StackError(f"DATA_DIR {data_dir} is in use by {lock.holder()}; stop it or use another DATA_DIR")
        check_free_space(data_dir)
        Stack(environment, data_dir, Console(sys.stdout)).run()
    except StackError as error:
        print_error(str(error))
        return 1
    except OSError as error:
        print_error("the disk is full" if error.errno == errno.ENOSPC else f"could not start: {error}")
        return 1
    return 0


def check_free_space(data_dir: Path, needed: int = MIN_FREE_BYTES) -> None:
    free = shutil.disk_usage(data_dir).free
    if free < needed:
        raise StackError(
            f"the disk of DATA_DIR {data_dir} is full: {free // 10**6} MB free, {needed // 10**6} MB needed"
        )


class Stack:
    def __init__(self, environment: StackEnvironment, data_dir: Path, console: Console) -> None:
        self._environment = environment
        self._data_dir = data_dir
        self._console = console
        self._supervisor = Supervisor(console)
        self._ports = StoredPorts(data_dir)

    def run(self) -> None:
        """Run until a stop signal. StackError if anything fails. Leaves no process behind in either case."""
        self._supervisor.listen_for_signals()
        try:
            self._clean_up()
            self._start()
            self._supervisor.watch()
        except StopRequested:
            self._console.message("stopping")
        finally:
            remove_services(self._data_dir)
            self._supervisor.stop(stop_last=_is_database)
            stop_stale_processes(self._data_dir)

    def _clean_up(self) -> None:
        remove_services(self._data_dir)
        if names := stop_stale_processes(self._data_dir):
            self._console.message(f"stopped processes of an earlier run that was killed: {', '.join(names)}")

    def _start(self) -> None:
        environment = self._environment
        require_free("PORT", environment.host, environment.port)
        check_external_services(environment)
        postgres = None if environment.database_url else Postgres(self._data_dir)
        valkey = None if environment.redis_url else Valkey(self._data_dir, self._ports.choose("valkey"))
        running = self._describe(postgres, valkey)
        variables = self._variables(running)
        self._start_databases(variables, postgres, valkey)
        self._start_own_processes(variables, running)
        write_services(self._data_dir, running)
        self._console.block(ready_block(environment, self._data_dir))

    def _describe(self, postgres: Postgres | None, valkey: Valkey | None) -> RunningServices:
        environment = self._environment
        engine_url = environment.engine_url
        if environment.is_engine_needed:
            engine_port = environment.engine_port or self._ports.choose("engine")
            engine_url = f"http://{LOOPBACK}:{require_free('ENGINE_PORT', LOOPBACK, engine_port)}"
        events_port = environment.events_port or self._ports.choose("events", first=environment.port + 1)
        return RunningServices(
            pid=os.getpid(),
            url=environment.public_url if "public_url" in environment.model_fields_set else environment.web_url,
            database_url=postgres.url if postgres else environment.database_url,
            redis_url=valkey.url if valkey else environment.redis_url,
            engine_url=engine_url,
            events_port=require_free("EVENTS_PORT", environment.host, events_port),
        )

    def _variables(self, running: RunningServices) -> dict[str, str]:
        """The environment variables of all children."""
        return {
            "DJANGO_SETTINGS_MODULE": "project.settings.local",
            "SECRET_KEY": read_secret(self._data_dir, "secret_key"),
            **os.environ,
            **running.environment(),
            "DATA_DIR": str(self._data_dir),
            "PYTHONUNBUFFERED": "1",
            STACK_VARIABLE: str(self._data_dir),
        }

    def _start_databases(self, variables: Mapping[str, str], postgres: Postgres | None, valkey: Valkey | None) -> None:
        started = []
        for database in (postgres, valkey):
            if database is not None:
                database.prepare()
                started.append(self._supervisor.start(database.spec(variables)))
        self._supervisor.wait_until_ready(started)

    def _start_own_processes(self, variables: Mapping[str, str], running: RunningServices) -> None:
        environment, start, run = self._environment, self._supervisor.start, self._data_dir / "run"
        started = []
        if environment.is_engine_needed:
            started.append(start(services.engine(variables, running.engine_url, self._data_dir / "engine")))
        self._upgrade(variables)
        started += [
            start(services.worker(variables, run / "worker-ready")),
            start(services.media_worker(variables, run / "media-worker-ready")),
            start(services.webhook_worker(variables, run / "webhook-worker-ready")),
            start(services.beat(variables, run / "beat")),
            start(services.events(variables, environment.host, running.events_port)),
            start(services.web(variables, environment.host, environment.port)),
        ]
        self._supervisor.wait_until_ready(started)

    def _upgrade(self, variables: Mapping[str, str]) -> None:
        """Apply migrations, static files and demo data, unless these sources have already upgraded our own database."""
        stamp = UpgradeStamp(self._data_dir)
        if stamp.is_current() and not self._environment.database_url:
            return
        stamp.remove()
        self._supervisor.run(services.upgrade(variables))
        stamp.write()


def _is_database(child: Child) -> bool:
    return child.name in ("postgres", "valkey")
