from celery import shared_task

from generations.accounts.models import Membership
from generations.events.webhooks import delivery_log, sending

from .contract import idempotency


@shared_task(name="generations.sweep_replays")
def sweep_replays() -> None:
    """Delete stored responses whose day is over."""
    idempotency.sweep_replays()


@shared_task(name="generations.send_webhooks")
def send_webhooks() -> None:
    sending.send_webhooks(managers_of=Membership.objects.managers_of)


@shared_task(name="generations.sweep_webhooks")
def sweep_webhooks() -> None:
    delivery_log.sweep_deliveries()
