from celery import shared_task

from . import canary as canaries


@shared_task(name="generations.canary")
def canary() -> None:
    """Show that messages reach a worker, and that it reaches the database and Valkey."""
    canaries.sing()
