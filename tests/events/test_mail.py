"""Letters are written after the commit, one to each address."""

from collections.abc import Iterator

import pytest
from celery import current_app
from django.core import mail
from django.db import transaction

from generations.events.mail import queue_mail
from generations.events.tasks import send_mail


@pytest.fixture
def at_once() -> Iterator[None]:
    """The worker's part in this process, which knows the task by now."""
    assert send_mail.name in current_app.tasks
    current_app.conf.task_always_eager = True
    yield
    current_app.conf.task_always_eager = False


def write(*addresses: str) -> None:
    queue_mail(addresses=addresses, subject="Credits", text="You have 5 more.", path="/t/lighthouse/credits/")


@pytest.mark.django_db(transaction=True)
def test_each_address_gets_its_own_letter_with_the_way_there(at_once, settings):
    write("bob@example.com", "alice@example.com", "bob@example.com")
    assert [letter.to for letter in mail.outbox] == [["alice@example.com"], ["bob@example.com"]]
    assert mail.outbox[0].subject == "Credits"
    assert mail.outbox[0].body == f"You have 5 more.\n\n{settings.PUBLIC_URL}/t/lighthouse/credits/\n"


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_is_not_written(at_once):
    with transaction.atomic():
        write("bob@example.com")
        transaction.set_rollback(True)
    assert mail.outbox == []
