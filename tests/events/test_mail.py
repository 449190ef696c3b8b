"""Mail is queued after the commit, one message for each address."""

from collections.abc import Iterator

import pytest
from celery import current_app
from django.core import mail
from django.db import transaction

from generations.events.mail import queue_mail
from generations.events.tasks import send_mail


@pytest.fixture
def eager_tasks() -> Iterator[None]:
    """Run the worker's tasks in this process."""
    assert send_mail.name in current_app.tasks
    current_app.conf.task_always_eager = True
    yield
    current_app.conf.task_always_eager = False


def mail_to(*addresses: str) -> None:
    queue_mail(addresses=addresses, subject="Credits", text="You have 5 more.", path="/t/lighthouse/credits/")


@pytest.mark.django_db(transaction=True)
def test_each_address_gets_its_own_mail_with_the_link(eager_tasks, settings):
    mail_to("bob@example.com", "alice@example.com", "bob@example.com")
    assert [message.to for message in mail.outbox] == [["alice@example.com"], ["bob@example.com"]]
    assert mail.outbox[0].subject == "Credits"
    assert mail.outbox[0].body == f"You have 5 more.\n\n{settings.PUBLIC_URL}/t/lighthouse/credits/\n"


@pytest.mark.django_db(transaction=True)
def test_a_rollback_sends_nothing(eager_tasks):
    with transaction.atomic():
        mail_to("bob@example.com")
        transaction.set_rollback(True)
    assert mail.outbox == []
