from celery import shared_task

from generations.common.clock import database_now

from . import grants, refills, usage_alerts


@shared_task(name="generations.keep_wallets")
def keep_wallets() -> None:
    """Remove expired credits, carry out due refills, and send usage alerts."""
    now = database_now()
    grants.expire_lots(now)
    refills.refill_wallets(now)
    usage_alerts.send_usage_alerts()
