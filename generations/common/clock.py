"""The database's clock. All processes use it, because clocks of different machines drift and leases must not."""

from datetime import datetime, timedelta

from django.db import connection
from django.db.models import DateTimeField, ExpressionWrapper, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Now


def database_time(offset: timedelta = timedelta(0)) -> Combinable:
    """Return the database's `now()` plus an offset, as an expression to store or to compare with."""
    return ExpressionWrapper(Now() + Value(offset), output_field=DateTimeField())


def database_now() -> datetime:
    """Read the database's time, to compare in Python with a time that the database wrote."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        (now,) = cursor.fetchone()
    moment: datetime = now
    return moment
