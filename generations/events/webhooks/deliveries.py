"""The log of an endpoint: what was sent, once more on request, and cleared away in the end."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from generations.common.clock import database_time
from generations.common.errors import DailiesError, NotFoundError

from ..catalogue import TEST_KIND
from ..models import DeliveryState, EndpointState, WebhookDelivery, WebhookEndpoint

KEPT = timedelta(days=30)
_SWEPT_AT_ONCE = 5_000


class SwitchedOffError(DailiesError):
    """Nothing is sent to an endpoint that is off."""

    status = 409
    code = "conflict"

    def __init__(self) -> None:
        super().__init__("This webhook is switched off. Switch it on first.")


def send_test(endpoint: WebhookEndpoint) -> WebhookDelivery:
    """Queue a test message, tried once. Raises SwitchedOffError."""
    _require_on(endpoint)
    now = timezone.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
    data = {"team": endpoint.team.slug, "webhook": str(endpoint.pk), "links": {"self": settings.PUBLIC_URL + "/"}}
    payload = {"type": TEST_KIND, "timestamp": now, "data": data}
    return WebhookDelivery.objects.create(endpoint=endpoint, kind=TEST_KIND, payload=payload)


def send_again(delivery: WebhookDelivery) -> None:
    """Send it now, from the beginning of the schedule and under the same id. Raises SwitchedOffError."""
    _require_on(delivery.endpoint)
    _begin_again(WebhookDelivery.objects.filter(pk=delivery.pk))


def recover_failed(endpoint: WebhookEndpoint, *, since: datetime) -> int:
    """Send again everything that was given up since then. Returns how many. Raises SwitchedOffError."""
    _require_on(endpoint)
    failed = endpoint.deliveries.filter(state=DeliveryState.FAILED, event__isnull=False, created_at__gte=since)
    return _begin_again(failed)


def access_delivery(endpoint: WebhookEndpoint, delivery_id: UUID) -> WebhookDelivery:
    """One delivery of the endpoint, with its tries. Raises NotFoundError."""
    found = log_of(endpoint).prefetch_related("log").filter(pk=delivery_id).first()
    if found is None:
        raise NotFoundError
    return found


def log_of(endpoint: WebhookEndpoint, state: str = "") -> QuerySet[WebhookDelivery]:
    """Deliveries of the endpoint, all or those in one state."""
    rows = WebhookDelivery.objects.filter(endpoint=endpoint).select_related("endpoint__team")
    return rows.filter(state=state) if state in DeliveryState.values else rows


def sweep_deliveries() -> int:
    """Clear away what is older than a month, some at a time. Returns how many rows went."""
    old = Q(created_at__lt=database_time(-KEPT))
    rows = WebhookDelivery.objects.filter(old).order_by("created_at").values("pk")[:_SWEPT_AT_ONCE]
    return WebhookDelivery.objects.filter(pk__in=rows).delete()[0]


def _begin_again(rows: QuerySet[WebhookDelivery]) -> int:
    return rows.update(state=DeliveryState.PENDING, tries=0, next_try_at=Now(), lease_until=None, settled_at=None)


def _require_on(endpoint: WebhookEndpoint) -> None:
    if endpoint.state == EndpointState.OFF:
        raise SwitchedOffError
