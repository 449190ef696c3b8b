"""One clock for all processes: the database's. The clocks of workers drift, and a lease must not."""

from datetime import timedelta

from django.db.models import DateTimeField, ExpressionWrapper, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Now


def database_time(offset: timedelta = timedelta(0)) -> Combinable:
    """The database's `now()` plus an offset, as an expression to store or compare with."""
    return ExpressionWrapper(Now() + Value(offset), output_field=DateTimeField())
