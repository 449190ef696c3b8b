"""What every template may use."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def studio(request: HttpRequest) -> dict[str, Any]:
    return {
        "is_demo": settings.IS_DEMO,
        "is_local_engine": settings.IS_LOCAL_ENGINE,
        "membership": getattr(request, "membership", None),
    }
