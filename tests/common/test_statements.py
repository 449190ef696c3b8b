import pytest
from django.db import connection, transaction
from django.db.utils import OperationalError

from generations.common.statements import fetch_row, read_row


def end_connection() -> None:
    """What a restart of the server does to a connection that nobody uses at the moment."""
    connection.ensure_connection()
    pid = connection.connection.info.backend_pid
    with connection.copy().temporary_connection() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


@pytest.mark.django_db(transaction=True)
def test_what_only_reads_outlives_its_connection() -> None:
    end_connection()
    assert read_row("SELECT %(n)s::int", {"n": 7}) == (7,)


@pytest.mark.django_db(transaction=True)
def test_what_may_write_is_not_said_twice() -> None:
    end_connection()
    with pytest.raises(OperationalError):
        fetch_row("SELECT 1", {})
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_a_transaction_is_not_gone_on_with_elsewhere() -> None:
    def read() -> None:
        with transaction.atomic():
            end_connection()
            read_row("SELECT 1", {})

    with pytest.raises(OperationalError):
        read()
    connection.close()
