"""What probes and scrapers ask. None of it needs a session, none of it tells a secret."""

import structlog
from django.conf import settings
from django.db import Error as DatabaseFailure
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis import RedisError

from .metrics import render_metrics
from .readiness import readiness

log = structlog.get_logger(__name__)


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """This process answers. It asks nothing else, so that a lost database does not get every process restarted."""
    return JsonResponse({"status": "alive"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when database, broker, storage and workers are usable, else 503; the body tells of each."""
    answer = readiness()
    return JsonResponse(answer.as_json(), status=200 if answer.is_ready else 503)


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    if not _may_scrape(request):
        return HttpResponse("There is nothing here.\n", status=404, content_type="text/plain")
    try:
        return HttpResponse(render_metrics(), content_type="text/plain; version=0.0.4; charset=utf-8")
    except (DatabaseFailure, RedisError) as error:
        log.warning("metrics_failed", error=type(error).__name__)
        return HttpResponse("The database or Valkey cannot be reached.\n", status=503, content_type="text/plain")


def _may_scrape(request: HttpRequest) -> bool:
    """With METRICS_TOKEN, whoever bears it. Without, only this machine, and only under local settings: behind a proxy
    on the same machine every visitor seems to come from loopback."""
    if settings.METRICS_TOKEN:
        return constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {settings.METRICS_TOKEN}")
    is_loopback = request.META.get("REMOTE_ADDR") in ("127.0.0.1", "::1")
    is_forwarded = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    return bool(settings.IS_DEMO) and is_loopback and not is_forwarded
