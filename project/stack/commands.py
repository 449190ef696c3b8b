"""`manage.py` on a developer's machine: each command uses the services of a running `make run`, or starts its own."""

import atexit
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import django
from django.core.management import call_command

from .console import print_error
from .data_dir import DataDirLock, open_data_dir, read_secret, read_services
from .embedded import EmbeddedServices
from .environment import StackEnvironment, read_environment
from .postgres import has_cluster
from .processes import STACK_VARIABLE, StackError, do_nothing
from .stale_state import stop_stale_processes

NEED_NO_SERVICES = {
    "check",
    "collectstatic",
    "diffsettings",
    "findstatic",
    "help",
    "makemigrations",
    "startapp",
    "version",
}
MAX_WAIT_SECONDS = 60


@contextmanager
def services_for(arguments: list[str]) -> Iterator[None]:
    """Set the addresses of the services in the environment for one command. On failure print one line and exit."""
    if not _needs_services(arguments):
        yield
        return
    try:
        environment = read_environment()
        data_dir = environment.data_dir.resolve()
        open_data_dir(data_dir)
        stop = _provide(environment, data_dir, " ".join(["manage.py", *arguments[:1]]))
    except (StackError, OSError) as error:
        print_error(str(error))
        sys.exit(1)
    try:
        yield
    finally:
        stop()


def _needs_services(arguments: list[str]) -> bool:
    if not arguments or arguments[0].startswith("-") or arguments[0] in NEED_NO_SERVICES:
        return False
    return not any(argument == "--help" or argument.startswith("--settings") for argument in arguments)


def _provide(environment: StackEnvironment, data_dir: Path, command: str) -> Callable[[], None]:
    """Set the environment variables. Return a function that stops the services started for the command."""
    os.environ.setdefault("SECRET_KEY", read_secret(data_dir, "secret_key"))
    if environment.database_url and environment.redis_url:
        return do_nothing
    lock = DataDirLock(data_dir)
    deadline = time.monotonic() + MAX_WAIT_SECONDS
    while not lock.acquire(command):
        if running := read_services(data_dir):
            _set_addresses(environment, running.environment())
            return do_nothing
        if time.monotonic() > deadline:
            raise StackError(f"DATA_DIR {data_dir} is in use by {lock.holder()}; try again when it has finished")
        time.sleep(0.1)
    return _start(environment, data_dir, command)


def _start(environment: StackEnvironment, data_dir: Path, command: str) -> Callable[[], None]:
    stop_stale_processes(data_dir)
    services = EmbeddedServices(data_dir, {**os.environ, STACK_VARIABLE: str(data_dir)})
    atexit.register(services.stop)
    is_new = False
    if not environment.database_url:
        is_new = not has_cluster(data_dir)
        os.environ["DATABASE_URL"] = services.start_postgres().url
    if not environment.redis_url:
        os.environ["REDIS_URL"] = services.start_valkey().url
    if is_new:
        django.setup()
        call_command("migrate", interactive=False, verbosity=0)
    return services.stop


def _set_addresses(environment: StackEnvironment, addresses: Mapping[str, str]) -> None:
    """Variables that the user has set keep their values."""
    for name, value in addresses.items():
        if name.lower() not in environment.model_fields_set:
            os.environ[name] = value
