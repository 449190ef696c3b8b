"""What a quota lets one choose in the studio, and the words for why not."""

from dataclasses import dataclass, replace

from generations.contract.choices import Selection
from generations.contract.support import SUPPORT
from generations.credits.quotas import Caps, Level

from . import wording

_TIERS = list(SUPPORT.tiers)


@dataclass(frozen=True)
class Allowance:
    """The limits of one job. Without any, everything may be chosen."""

    caps: Caps

    def reason(self, field: str, value: str | int) -> str:
        """Why the value may not be chosen, as half a sentence; empty when it may."""
        caps = self.caps
        if field == "model" and caps.allowed_models.value is not None and value not in caps.allowed_models.value:
            return f"{_whose(caps.allowed_models.level)} does not allow {wording.model_name(str(value))}"
        if field == "duration" and caps.max_seconds.value is not None and int(value) > caps.max_seconds.value:
            return f"{_whose(caps.max_seconds.level)} allows {caps.max_seconds.value} seconds a job"
        if field == "resolution" and caps.max_tier.value and _is_larger(str(value), caps.max_tier.value):
            return f"{_whose(caps.max_tier.level)} allows sizes up to {wording.plainly(caps.max_tier.value)}"
        return ""

    def fits(self, selection: Selection) -> bool:
        return not (
            self.reason("model", selection.model)
            or self.reason("duration", selection.duration)
            or self.reason("resolution", selection.resolution)
        )

    def settle(self, selection: Selection, models: list[str]) -> Selection:
        """Bring what was chosen within the limits, as far as the form has anything within them."""
        if self.reason("model", selection.model):
            allowed = [model for model in models if not self.reason("model", model)]
            selection = replace(selection, model=(allowed or [selection.model])[0])
        if self.reason("duration", selection.duration) and self.caps.max_seconds.value:
            selection = replace(selection, duration=self.caps.max_seconds.value)
        if self.reason("resolution", selection.resolution):
            selection = replace(selection, resolution=self._largest_like(selection.resolution))
        return selection

    def _largest_like(self, resolution: str) -> str:
        if resolution not in SUPPORT.resolutions:
            return resolution
        alike = [r for r in SUPPORT.resolutions if wording.orientation(r) == wording.orientation(resolution)]
        allowed = [r for r in alike if not self.reason("resolution", r)]
        return max(allowed, key=lambda r: _TIERS.index(SUPPORT.tier(r)), default=resolution)


def _is_larger(resolution: str, tier: str) -> bool:
    if resolution not in SUPPORT.resolutions:
        return False
    return _TIERS.index(SUPPORT.tier(resolution)) > _TIERS.index(tier)


def _whose(level: Level | None) -> str:
    words = wording.whose_quota(level or Level.MEMBER)
    return words[0].lower() + words[1:]
