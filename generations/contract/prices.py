"""Whole credits from dollars per second. One credit is one US cent of the provider's price."""

from decimal import ROUND_CEILING, Decimal

CREDITS_PER_USD = 100


def credits_per_second(usd_per_second: Decimal) -> int:
    """Round a list price up to whole credits for one second."""
    return int((usd_per_second * CREDITS_PER_USD).to_integral_value(rounding=ROUND_CEILING))


def price(usd_per_second: Decimal, seconds: int) -> int:
    """Credits for a video of that many seconds. Frame rate, orientation and audio do not change it."""
    return credits_per_second(usd_per_second) * seconds
