"""INSERT statements for the tables of models, to be part of larger statements than Django can write."""

from collections.abc import Mapping
from typing import Any

from django.db.models import NOT_PROVIDED, Model


def insert_into(model: type[Model], values: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    """Return `INSERT INTO table (columns) SELECT values`, for a FROM to follow, and the parameters that it brings.

    `values` are SQL by column. A column that is left out gets the model's default as a parameter, unless it may be
    empty or the database knows the default itself.
    """
    columns = dict(values)
    given: dict[str, Any] = {}
    for field in model._meta.concrete_fields:
        is_left_out = field.primary_key or field.null or field.db_default is not NOT_PROVIDED
        if field.attname not in columns and not is_left_out:
            columns[field.attname] = f"%(default_{field.attname})s"
            given[f"default_{field.attname}"] = field.get_default()
    return f"INSERT INTO {model._meta.db_table} ({', '.join(columns)}) SELECT {', '.join(columns.values())}", given
