"""The database, for a process that holds thousands of open answers: a few threads, each with a connection."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import close_old_connections

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


class DatabaseThreads:
    """Connections belong to the threads, not to the answers; between questions they may be closed and renewed."""

    def __init__(self, count: int, name: str) -> None:
        self._threads = ThreadPoolExecutor(count, thread_name_prefix=name)

    async def ask(self, question: Callable[Given, Answer], *args: Given.args, **kwargs: Given.kwargs) -> Answer:
        def go() -> Answer:
            close_old_connections()
            try:
                return question(*args, **kwargs)
            finally:
                close_old_connections()

        return await asyncio.get_running_loop().run_in_executor(self._threads, go)

    def close(self) -> None:
        self._threads.shutdown(wait=False)
