from celery import shared_task

from generations.accounts.managers import manager_ids
from generations.events.webhooks import delivery_log, sending

from . import idempotency


@shared_task(name="generations.sweep_replays")
def sweep_replays() -> None:
    """Forget answers that may no longer be asked for again."""
    idempotency.sweep_replays()


@shared_task(name="generations.send_webhooks")
def send_webhooks() -> None:
    sending.send_webhooks(managers_of=manager_ids)


@shared_task(name="generations.sweep_webhooks")
def sweep_webhooks() -> None:
    delivery_log.sweep_deliveries()
