"""`make run`: everything on this machine, until Ctrl-C."""

import errno
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from . import plan
from .changes import Preparation
from .children import MARK, Child
from .console import Console, complain
from .errors import StackError, StopRequested
from .given import check_given
from .leftovers import end_leftovers
from .lock import DataDirLock, open_data_dir
from .options import Options, read_options
from .ports import LOOPBACK, RememberedPorts, require_free
from .postgres import Postgres
from .report import ready_block
from .state import RunningServices, kept_secret, remove_services, write_services
from .supervisor import Supervisor
from .valkey import Valkey

FREE_BYTES_NEEDED = 300_000_000


def main() -> int:
    """Return the exit code; whatever goes wrong is one line on standard error."""
    try:
        options = read_options()
        data_dir = options.data_dir.resolve()
        open_data_dir(data_dir)
        lock = DataDirLock(data_dir)
        if not lock.acquire("make run"):
            raise StackError(f"DATA_DIR {data_dir} is in use by {lock.holder()}; stop it or choose another DATA_DIR")
        check_free_space(data_dir)
        Stack(options, data_dir, Console(sys.stdout)).run()
    except StackError as error:
        complain(str(error))
        return 1
    except OSError as error:
        complain("the disk is full" if error.errno == errno.ENOSPC else f"could not start: {error}")
        return 1
    return 0


def check_free_space(data_dir: Path, needed: int = FREE_BYTES_NEEDED) -> None:
    free = shutil.disk_usage(data_dir).free
    if free < needed:
        raise StackError(
            f"the disk of DATA_DIR {data_dir} is full: {free // 10**6} MB free, {needed // 10**6} MB needed"
        )


class Stack:
    def __init__(self, options: Options, data_dir: Path, console: Console) -> None:
        self._options = options
        self._data_dir = data_dir
        self._console = console
        self._supervisor = Supervisor(console)
        self._ports = RememberedPorts(data_dir)

    def run(self) -> None:
        """Return when asked to stop; StackError when anything fails. Leaves no process behind in either case."""
        self._supervisor.listen_for_signals()
        try:
            self._recover()
            self._start()
            self._supervisor.watch()
        except StopRequested:
            self._console.say("stopping")
        finally:
            remove_services(self._data_dir)
            self._supervisor.stop(are_last=_is_service)
            end_leftovers(self._data_dir)

    def _recover(self) -> None:
        remove_services(self._data_dir)
        if names := end_leftovers(self._data_dir):
            self._console.say(f"ended what a killed run had left behind: {', '.join(names)}")

    def _start(self) -> None:
        options = self._options
        require_free("PORT", options.host, options.port)
        check_given(options)
        postgres = None if options.database_url else Postgres(self._data_dir)
        valkey = None if options.redis_url else Valkey(self._data_dir, self._ports.choose("valkey"))
        services = self._describe(postgres, valkey)
        environment = self._environment_for(services)
        self._start_services(environment, postgres, valkey)
        self._start_own_parts(environment, services)
        write_services(self._data_dir, services)
        self._console.block(ready_block(options, self._data_dir))

    def _describe(self, postgres: Postgres | None, valkey: Valkey | None) -> RunningServices:
        options = self._options
        engine_url = options.engine_url
        if options.is_engine_needed:
            engine_port = options.engine_port or self._ports.choose("engine")
            engine_url = f"http://{LOOPBACK}:{require_free('ENGINE_PORT', LOOPBACK, engine_port)}"
        events_port = options.events_port or self._ports.choose("events", first=options.port + 1)
        return RunningServices(
            pid=os.getpid(),
            url=options.public_url if "public_url" in options.model_fields_set else options.web_url,
            database_url=postgres.url if postgres else options.database_url,
            redis_url=valkey.url if valkey else options.redis_url,
            engine_url=engine_url,
            events_port=require_free("EVENTS_PORT", options.host, events_port),
        )

    def _environment_for(self, services: RunningServices) -> dict[str, str]:
        return {
            "DJANGO_SETTINGS_MODULE": "project.settings.local",
            "SECRET_KEY": kept_secret(self._data_dir, "secret_key"),
            **os.environ,
            **services.environment(),
            "DATA_DIR": str(self._data_dir),
            "PYTHONUNBUFFERED": "1",
            MARK: str(self._data_dir),
        }

    def _start_services(self, environment: Mapping[str, str], postgres: Postgres | None, valkey: Valkey | None) -> None:
        started = []
        for service in (postgres, valkey):
            if service is not None:
                service.prepare()
                started.append(self._supervisor.start(service.plan(environment)))
        self._supervisor.wait_until_ready(started)

    def _start_own_parts(self, environment: Mapping[str, str], services: RunningServices) -> None:
        options, start, run = self._options, self._supervisor.start, self._data_dir / "run"
        started = []
        if options.is_engine_needed:
            started.append(start(plan.engine(environment, services.engine_url, self._data_dir / "engine")))
        self._prepare(environment)
        started += [
            start(plan.worker(environment, run / "worker-ready")),
            start(plan.saver(environment, run / "saver-ready")),
            start(plan.courier(environment, run / "courier-ready")),
            start(plan.beat(environment, run / "beat")),
            start(plan.events(environment, options.host, services.events_port)),
            start(plan.web(environment, options.host, options.port)),
        ]
        self._supervisor.wait_until_ready(started)

    def _prepare(self, environment: Mapping[str, str]) -> None:
        """Migrations, static files, demo data; nothing when our own database saw these very sources before."""
        preparation = Preparation(self._data_dir)
        if preparation.is_current() and not self._options.database_url:
            return
        preparation.forget()
        self._supervisor.run(plan.prepare(environment))
        preparation.note()


def _is_service(child: Child) -> bool:
    return child.name in ("postgres", "valkey")
