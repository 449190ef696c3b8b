"""An empty installation for a benchmark: importing this module starts the services and sets up Django.

PostgreSQL and Valkey are embedded, with the settings of `make run`, unless DATABASE_URL and REDIS_URL name others. The
database is always a new one. Everything is removed at the end of the process. Import this module before any model.
"""

import atexit
import json
import os
import shutil
import tempfile
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import django
import psycopg
from django.core.management import call_command
from psycopg.sql import SQL, Identifier

from project.stack.embedded import EmbeddedServices

DATABASE = f"dailies_bench_{os.getpid()}"


def report(name: str, value: float, unit: str) -> None:
    print(json.dumps({"name": name, "value": round(value, 3), "unit": unit}), flush=True)


def _prepare() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="dailies-bench-"))
    for name in ("run", "data/static"):
        (folder / name).mkdir(parents=True)
    services = EmbeddedServices(folder, dict(os.environ))
    atexit.register(_clean_up, services, folder, os.getpid())
    server = os.environ.get("DATABASE_URL") or services.start_postgres().url
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(DATABASE)))
    atexit.register(_drop_database, server, os.getpid())
    os.environ |= {
        "DATABASE_URL": urlunsplit(urlsplit(server)._replace(path=f"/{DATABASE}")),
        "REDIS_URL": os.environ.get("REDIS_URL") or services.start_valkey().url,
        "DATA_DIR": str(folder / "data"),
        "ENV_FILE": os.devnull,
        "DJANGO_SETTINGS_MODULE": "project.settings.local",
        "LOG_LEVEL": "WARNING",
    }
    django.setup()
    call_command("migrate", verbosity=0)
    return folder


def _drop_database(server: str, owner: int) -> None:
    if os.getpid() == owner:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(DATABASE)))


def _clean_up(services: EmbeddedServices, folder: Path, owner: int) -> None:
    if os.getpid() == owner:
        services.stop()
        shutil.rmtree(folder, ignore_errors=True)


FOLDER = _prepare()
