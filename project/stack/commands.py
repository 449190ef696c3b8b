"""`manage.py` on a newcomer's machine: every command finds the services of a running `make run`, or brings its own."""

import atexit
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import django
from django.core.management import call_command

from .children import MARK, nothing
from .console import complain
from .embedded import EmbeddedServices
from .errors import StackError
from .leftovers import end_leftovers
from .lock import DataDirLock, open_data_dir
from .options import Options, read_options
from .postgres import has_cluster
from .state import kept_secret, read_services

NEED_NOTHING = {"check", "collectstatic", "diffsettings", "findstatic", "help", "makemigrations", "startapp", "version"}
PATIENCE_SECONDS = 60


@contextmanager
def services_for(arguments: list[str]) -> Iterator[None]:
    """Put the addresses of the services into the environment for the length of a command; exit with one line if not."""
    if not _needs_services(arguments):
        yield
        return
    try:
        options = read_options()
        data_dir = options.data_dir.resolve()
        open_data_dir(data_dir)
        stop = _provide(options, data_dir, " ".join(["manage.py", *arguments[:1]]))
    except (StackError, OSError) as error:
        complain(str(error))
        sys.exit(1)
    try:
        yield
    finally:
        stop()


def _needs_services(arguments: list[str]) -> bool:
    if not arguments or arguments[0].startswith("-") or arguments[0] in NEED_NOTHING:
        return False
    return not any(argument == "--help" or argument.startswith("--settings") for argument in arguments)


def _provide(options: Options, data_dir: Path, command: str) -> Callable[[], None]:
    """Fill the environment; return what ends the services that were started for it."""
    os.environ.setdefault("SECRET_KEY", kept_secret(data_dir, "secret_key"))
    if options.database_url and options.redis_url:
        return nothing
    lock = DataDirLock(data_dir)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not lock.acquire(command):
        if running := read_services(data_dir):
            _fill(options, running.environment())
            return nothing
        if time.monotonic() > deadline:
            raise StackError(f"DATA_DIR {data_dir} is in use by {lock.holder()}; try again when it is done")
        time.sleep(0.1)
    return _start(options, data_dir, command)


def _start(options: Options, data_dir: Path, command: str) -> Callable[[], None]:
    end_leftovers(data_dir)
    services = EmbeddedServices(data_dir, {**os.environ, MARK: str(data_dir)})
    atexit.register(services.stop)
    is_new = False
    if not options.database_url:
        is_new = not has_cluster(data_dir)
        os.environ["DATABASE_URL"] = services.start_postgres().url
    if not options.redis_url:
        os.environ["REDIS_URL"] = services.start_valkey().url
    if is_new:
        django.setup()
        call_command("migrate", interactive=False, verbosity=0)
    return services.stop


def _fill(options: Options, addresses: Mapping[str, str]) -> None:
    """What the person gave is left alone."""
    for name, value in addresses.items():
        if name.lower() not in options.model_fields_set:
            os.environ[name] = value
