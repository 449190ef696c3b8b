from celery import shared_task

from generations.accounts.models import Membership
from generations.accounts.roles import RIGHTS, Right
from generations.events.webhooks import deliveries, sending

from . import idempotency


@shared_task(name="generations.sweep_replays")
def sweep_replays() -> None:
    """Forget answers that may no longer be asked for again."""
    idempotency.sweep_replays()


@shared_task(name="generations.send_webhooks")
def send_webhooks() -> None:
    sending.send_webhooks(managers=_managers)


@shared_task(name="generations.sweep_webhooks")
def sweep_webhooks() -> None:
    deliveries.sweep_deliveries()


def _managers(team_id: int) -> list[int]:
    roles = [role for role, rights in RIGHTS.items() if Right.MANAGE_TEAM in rights]
    members = Membership.objects.active().filter(team=team_id, role__in=roles)
    return list(members.values_list("user", flat=True))
