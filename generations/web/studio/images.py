"""The two slots for stills. An upload becomes an asset at once; from then on the form carries its id only."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.http import QueryDict

from generations.accounts.models import Membership
from generations.contract.support import size_of
from generations.media.images import BadImageError, store_image
from generations.media.models import Asset, AssetKind

from ..decorators import TeamRequest

SLOTS = {"first_frame": "First frame", "last_frame": "Last frame"}


@dataclass(frozen=True)
class Slot:
    """A slot as the page shows it: empty, with a still, or with what was wrong with the last upload."""

    name: str
    image: Asset | None = None
    error: str = ""
    resolution: str = ""
    reason: str = ""

    @property
    def label(self) -> str:
        return SLOTS[self.name]

    @property
    def is_optional(self) -> bool:
        return self.name == "last_frame"

    @property
    def note(self) -> str:
        """Say so when the still must be enlarged to fill the frame."""
        if self.reason:
            return f"{self.reason}: this still is left out."
        if self.image is None or not self.resolution:
            return ""
        width, height = size_of(self.resolution)
        scale = max(width / self.image.width, height / self.image.height)
        return f"Smaller than the video: enlarged {scale:.1f}\N{MULTIPLICATION SIGN}" if scale >= 1.05 else ""


def keep_uploads(request: TeamRequest) -> tuple[QueryDict, dict[str, str]]:
    """Store the files of a form and return its values with their ids, and what was wrong by slot."""
    values, errors = request.POST.copy(), {}
    for name in SLOTS:
        if values.get("remove") == name:
            values[name] = ""
        if file := request.FILES.get(f"{name}_file"):
            try:
                still = store_image(team=request.membership.team, uploader=request.user, file=file)
                values[name] = str(still.pk)
            except BadImageError as error:
                errors[name] = error.message
    return values, errors


def stills_of(membership: Membership, values: Mapping[str, object]) -> dict[str, Asset | None]:
    """Return the images that the form names, by slot, if the member may see them. One query."""
    wanted = {name: _parse(values.get(name)) for name in SLOTS}
    ids = [key for key in wanted.values() if key]
    found = Asset.objects.visible_to(membership).filter(kind=AssetKind.IMAGE).in_bulk(ids) if ids else {}
    return {name: found.get(key) if key else None for name, key in wanted.items()}


def _parse(value: object) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None
