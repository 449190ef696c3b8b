"""Pages for health checks and for Prometheus. They need no session and contain no secrets."""

import structlog
from django.conf import settings
from django.db import Error as DatabaseFailure
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST
from redis import RedisError

from .metrics import render_metrics
from .readiness import readiness

log = structlog.get_logger(__name__)


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Liveness of this process. It checks nothing else: a lost database must not restart every process."""
    return JsonResponse({"status": "alive"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when database, broker, storage and workers are usable, otherwise 503. The body lists each part."""
    result = readiness()
    return JsonResponse(result.as_json(), status=200 if result.is_ready else 503)


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    if not _may_scrape(request):
        return HttpResponse("Not found.\n", status=404, content_type="text/plain")
    try:
        return HttpResponse(render_metrics(), content_type=CONTENT_TYPE_LATEST)
    except (DatabaseFailure, RedisError) as error:
        log.warning("metrics_failed", error=type(error).__name__)
        return HttpResponse("The database or Valkey cannot be reached.\n", status=503, content_type="text/plain")


def _may_scrape(request: HttpRequest) -> bool:
    """With METRICS_TOKEN: requests with this token. Without it: only requests from this machine, with local settings.

    Behind a proxy on the same machine every client seems to come from loopback, so forwarded requests are rejected.
    """
    if settings.METRICS_TOKEN:
        return constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {settings.METRICS_TOKEN}")
    is_loopback = request.META.get("REMOTE_ADDR") in ("127.0.0.1", "::1")
    is_forwarded = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    return bool(settings.IS_DEMO) and is_loopback and not is_forwarded
