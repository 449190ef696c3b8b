"""A quota in words: each limit with who set it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from generations.credits.models import Period
from generations.credits.quotas import Caps, Level, Ruled

from . import wording

SOURCES = {
    Level.TEAM: "team's default",
    Level.ROLE: "role",
    Level.MEMBER: "member",
    Level.KEY: "key",
}


@dataclass(frozen=True)
class LimitLine:
    label: str
    value: str
    source: str


def limit_lines(caps: Caps) -> list[LimitLine]:
    """Every limit that somebody set."""
    return list(_lines(caps))


def cap_words(caps: Caps) -> str:
    """`500 credits a month, 100 of them raised`, `no cap`."""
    if (cap := caps.cap.value) is None:
        return "no cap"
    raised = f", {wording.figure(cap.raised)} of them raised" if cap.raised else ""
    return f"{wording.in_credits(cap.credits)} {Period(cap.period).label}{raised}"


def source_of(ruled: Ruled[Any]) -> str:
    return SOURCES[ruled.level] if ruled.level else "nobody set one"


def _lines(caps: Caps) -> Iterator[LimitLine]:
    if caps.cap.level:
        yield LimitLine("Credits", cap_words(caps), source_of(caps.cap))
    if caps.max_jobs.value is not None:
        yield LimitLine("Jobs at once", str(caps.max_jobs.value), source_of(caps.max_jobs))
    if caps.max_seconds.value is not None:
        yield LimitLine("Seconds a job", f"up to {caps.max_seconds.value}", source_of(caps.max_seconds))
    if caps.max_tier.value:
        yield LimitLine("Size", f"up to {wording.plainly(caps.max_tier.value)}", source_of(caps.max_tier))
    if caps.allowed_models.value:
        names = ", ".join(map(wording.model_name, caps.allowed_models.value))
        yield LimitLine("Models", names, source_of(caps.allowed_models))
