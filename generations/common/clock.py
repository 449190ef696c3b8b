"""One clock for all processes: the database's. The clocks of workers drift, and a lease must not."""

from datetime import datetime, timedelta

from django.db import connection
from django.db.models import DateTimeField, ExpressionWrapper, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Now


def database_time(offset: timedelta = timedelta(0)) -> Combinable:
    """The database's `now()` plus an offset, as an expression to store or compare with."""
    return ExpressionWrapper(Now() + Value(offset), output_field=DateTimeField())


def database_now() -> datetime:
    """Ask the database what time it is, where Python has to compare with a moment that the database wrote."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        (now,) = cursor.fetchone()
    moment: datetime = now
    return moment
