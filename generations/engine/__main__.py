"""`python -m generations.engine`"""

import asyncio
import logging
import sys

from pydantic import ValidationError

from .disk import DataDirTakenError
from .server import serve
from .settings import EngineSettings


def main() -> int:
    """Run the engine; what keeps it from starting is one line on standard error."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        settings = EngineSettings()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        return _refuse(f"ENGINE_{str(first['loc'][0]).upper()}: {first['msg']}")
    try:
        asyncio.run(serve(settings))
    except DataDirTakenError as error:
        return _refuse(str(error))
    except OSError as error:
        what = error.filename or f"{settings.host}:{settings.port}"
        return _refuse(f"cannot use {what}: {error.strerror}")
    return 0


def _refuse(message: str) -> int:
    sys.stderr.write(f"engine: {message}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
