from celery import shared_task

from generations.common.clock import database_now

from . import lots, refills


@shared_task(name="generations.keep_wallets")
def keep_wallets() -> None:
    """Take out what has expired, then fill up what is due."""
    now = database_now()
    lots.expire_lots(now)
    refills.refill_wallets(now)
