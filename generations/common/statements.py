"""Statements of the busiest paths, which PostgreSQL reads and plans once a connection and then only runs."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Generic, TypeVar

import psycopg
from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connection, connections
from django.db.models import Model

Made = TypeVar("Made", bound=Model)

_NAMED = re.compile(r"%\((\w+)\)s")


def fetch_row(statement: str, given: Mapping[str, Any]) -> Any:
    """Run a statement whose text is always the same, and return its first row, or None.

    Values travel beside it, unlike with Django's own cursors; where PostgreSQL cannot tell their type, the statement
    has to. Errors, wrappers and counting are Django's as ever. A pooler between has to know prepared statements.
    """
    own = connections[DEFAULT_DB_ALIAS]  # what `connection` looks up at every word
    own.ensure_connection()
    server: psycopg.Connection[Any] = own.connection
    server.prepare_threshold = 0
    if own.queries_logged:
        with own.make_debug_cursor(psycopg.Cursor(server)) as wrapped:  # type: ignore[arg-type]
            wrapped.execute(statement, given)
            return wrapped.fetchone()
    text, names = _numbered(statement)
    with own.make_cursor(psycopg.RawCursor(server)) as wrapped:  # type: ignore[arg-type]
        wrapped.execute(text, [given[name] for name in names])
        return wrapped.fetchone()


@cache
def _numbered(statement: str) -> tuple[str, list[str]]:
    """The statement as PostgreSQL reads it, with `$1` for a name, and the names in their order.

    psycopg does the same, but for a long statement anew each time.
    """
    names = list(dict.fromkeys(_NAMED.findall(statement)))
    numbers = {name: f"${number}" for number, name in enumerate(names, 1)}
    return _NAMED.sub(lambda match: numbers[match[1]], statement).replace("%%", "%"), names


def read_row(statement: str, given: Mapping[str, Any]) -> Any:
    """The same for a statement that only reads: should the connection have died meanwhile, a new one is asked."""
    is_alone = not connection.in_atomic_block and connection.connection is not None
    try:
        return fetch_row(statement, given)
    except (OperationalError, InterfaceError):
        if not is_alone or not connection.connection.closed:
            raise
        connection.close()
        return fetch_row(statement, given)


class Columns(Generic[Made]):
    """All columns of a model in a statement of one's own, and the object from its part of the row."""

    def __init__(self, model: type[Made], alias: str) -> None:
        self._model = model
        self._names = [field.attname for field in model._meta.concrete_fields]
        self._sql = ", ".join(f'{alias}."{field.column}"' for field in model._meta.concrete_fields)

    def __str__(self) -> str:
        return self._sql

    def __len__(self) -> int:
        return len(self._names)

    def made(self, values: Sequence[Any]) -> Made:
        return self._model.from_db(connection.alias, self._names, values)


def parted(row: Sequence[Any], *parts: Columns[Any]) -> list[Any]:
    """The objects of a row that is made of these columns, one after the other."""
    made, start = [], 0
    for part in parts:
        made.append(part.made(row[start : start + len(part)]))
        start += len(part)
    return made
