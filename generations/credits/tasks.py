from celery import shared_task

from generations.common.clock import database_now

from . import crossings, lots, refills


@shared_task(name="generations.keep_wallets")
def keep_wallets() -> None:
    """Take out what has expired, fill up what is due, and tell who runs low."""
    now = database_now()
    lots.expire_lots(now)
    refills.refill_wallets(now)
    crossings.note_crossings()
