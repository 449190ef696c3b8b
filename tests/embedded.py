"""Real services for the tests, started before the test settings read the environment.

PostgreSQL and Valkey are embedded unless DATABASE_URL and REDIS_URL name others. The controller of pytest-xdist starts
them. Its workers inherit the addresses, and each uses its own Valkey database.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from project.stack.embedded import EmbeddedServices

# Autovacuum would analyze tables whose rows are not committed yet, and the planner would take them for empty.
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "autovacuum": "off",
}
MIN_FREE_MEMORY = 2_000_000_000
# Variables that a developer's shell may contain and tests must not use.
PRODUCT_VARIABLES = (
    "LTX_",
    "S3_",
    "SENTRY_",
    "EMAIL_",
    "ENGINE_",
    "EVENTS_",
    "PUBLIC_URL",
    "SECRET_KEY",
    "ALLOWED_HOSTS",
)
WORKER = "PYTEST_XDIST_WORKER"
FOLDER = "DAILIES_TEST_FOLDER"
OWN_VALKEY = "DAILIES_TEST_VALKEY"


def provide_services() -> None:
    """Set DATABASE_URL, REDIS_URL and DATA_DIR. Do nothing outside of pytest, e.g. when mypy reads the settings."""
    if "PYTEST_VERSION" not in os.environ:
        return
    os.environ["ENV_FILE"] = os.devnull
    if WORKER in os.environ:
        _use_worker_share(os.environ[WORKER])
    elif FOLDER not in os.environ:
        _start()


def _start() -> None:
    for name in list(os.environ):
        if name.startswith(PRODUCT_VARIABLES):
            del os.environ[name]
    folder = Path(tempfile.mkdtemp(prefix="dailies-test-", dir=_memory_folder()))
    (folder / "run").mkdir()
    services = EmbeddedServices(folder, dict(os.environ))
    atexit.register(_clean_up, services, folder, os.getpid())
    if not os.environ.get("DATABASE_URL"):
        os.environ["DATABASE_URL"] = services.start_postgres(FAST).url
    if not os.environ.get("REDIS_URL"):
        os.environ["REDIS_URL"] = services.start_valkey(is_durable=False).url
        os.environ[OWN_VALKEY] = "yes"
    os.environ[FOLDER] = str(folder)
    _use_data_dir(folder / "data")


def _use_worker_share(worker: str) -> None:
    _use_data_dir(Path(os.environ[FOLDER]) / worker)
    if OWN_VALKEY in os.environ:
        number = int(worker.removeprefix("gw")) + 1
        os.environ["REDIS_URL"] = urlunsplit(urlsplit(os.environ["REDIS_URL"])._replace(path=f"/{number}"))


def _use_data_dir(folder: Path) -> None:
    (folder / "static").mkdir(parents=True, exist_ok=True)
    os.environ["DATA_DIR"] = str(folder)


def _memory_folder() -> str | None:
    """A folder in memory, if there is enough of it."""
    memory = Path("/dev/shm")
    if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > MIN_FREE_MEMORY:
        return str(memory)
    return None


def _clean_up(services: EmbeddedServices, folder: Path, owner: int) -> None:
    if os.getpid() == owner:
        services.stop()
        shutil.rmtree(folder, ignore_errors=True)
