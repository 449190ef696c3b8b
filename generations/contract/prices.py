"""Whole credits from dollars per second. One credit is one US cent of the provider's price."""

from decimal import ROUND_CEILING, Decimal

from .support import SUPPORT, Model

CREDITS_PER_USD = 100


def credits_per_second(usd_per_second: Decimal) -> int:
    """Round a list price up to whole credits for one second."""
    return int((usd_per_second * CREDITS_PER_USD).to_integral_value(rounding=ROUND_CEILING))


def price(usd_per_second: Decimal, seconds: int) -> int:
    """Credits for a video of that many seconds. Frame rate, orientation and audio do not change it."""
    return credits_per_second(usd_per_second) * seconds


def billed_seconds(model: Model, resolution: str, fps: int, duration: int | None) -> int:
    """Seconds to hold credits for: an automatic length may become the longest that the matrix offers."""
    return duration if duration is not None else max(model.seconds(resolution, fps))


def list_price(model_id: str, resolution: str, seconds: int) -> int:
    """Credits at the provider's list price, before any price row of our own. KeyError outside the matrix."""
    return price(SUPPORT.models[model_id].usd_per_second[SUPPORT.tier(resolution)], seconds)
