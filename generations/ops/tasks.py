from celery import shared_task

from . import heartbeat


@shared_task(name="generations.record_heartbeat")
def record_heartbeat() -> None:
    """Show that a worker receives messages and reaches the database and Valkey."""
    heartbeat.record_heartbeat()
