from django.db import connection

from generations.events.models import Alert
from generations.jobs.reconciliation import check_books

from .rows import Submit


def tamper(sql: str) -> None:
    """Change rows with the triggers off."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(sql)
        cursor.execute("SET session_replication_role = origin")


def test_books_that_close_raise_nothing(submit: Submit) -> None:
    submit()
    assert check_books() == 0
    assert not Alert.objects.exists()


def test_books_that_do_not_close_are_shown_until_they_do(submit: Submit) -> None:
    submit()
    tamper("UPDATE generations_wallet SET posted = posted + 1")
    assert check_books() > 0
    assert check_books() > 0
    alert = Alert.objects.open().get()
    assert "a wallet's balances differ" in alert.text
    tamper("UPDATE generations_wallet SET posted = posted - 1")
    assert check_books() == 0
    assert not Alert.objects.open().exists()
