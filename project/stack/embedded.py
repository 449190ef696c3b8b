"""Embedded services without a supervisor: for the length of one command, or of a test session."""

from collections.abc import Mapping
from pathlib import Path

from .children import Child, Plan, start_and_wait
from .ports import RememberedPorts
from .postgres import Postgres
from .valkey import Valkey


class EmbeddedServices:
    def __init__(self, data_dir: Path, environment: Mapping[str, str]) -> None:
        self._data_dir = data_dir
        self._environment = environment
        self._children: list[Child] = []

    def start_postgres(self, settings: Mapping[str, str] | None = None) -> Postgres:
        postgres = Postgres(self._data_dir, settings=settings)
        postgres.prepare()
        self._start(postgres.plan(self._environment))
        return postgres

    def start_valkey(self, *, is_durable: bool = True) -> Valkey:
        valkey = Valkey(self._data_dir, RememberedPorts(self._data_dir).choose("valkey"), is_durable=is_durable)
        valkey.prepare()
        self._start(valkey.plan(self._environment))
        return valkey

    def stop(self) -> None:
        for child in reversed(self._children):
            child.stop()
        self._children.clear()

    def _start(self, plan: Plan) -> None:
        self._children.append(start_and_wait(plan, log=self._data_dir / "run" / f"{plan.name}.log"))
