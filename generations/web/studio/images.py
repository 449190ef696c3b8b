"""The two image slots of the studio. An upload is stored at once; from then on the form carries only its id."""

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
class ImageSlot:
    """A slot with its image, or with the error of the last upload.

    `reason` says why the model does not use this slot.
    """

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
        """Say that the image is not used, or how much it is enlarged to fill the frame."""
        if self.reason:
            return f"{self.reason}. This image will not be used."
        if self.image is None or not self.resolution:
            return ""
        width, height = size_of(self.resolution)
        scale = max(width / self.image.width, height / self.image.height)
        if scale < 1.05:
            return ""
        times = f"{scale:.1f}\N{MULTIPLICATION SIGN}"
        return f"Image is smaller than the video and will be enlarged {times}. It may look soft."


def store_uploads(request: TeamRequest) -> tuple[QueryDict, dict[str, str]]:
    """Store the uploaded files. Return the form's values with the ids of the images, and the errors by slot."""
    values, errors = request.POST.copy(), {}
    for name in SLOTS:
        if values.get("remove") == name:
            values[name] = ""
        if file := request.FILES.get(f"{name}_file"):
            try:
                image = store_image(team=request.membership.team, uploader=request.user, file=file)
                values[name] = str(image.pk)
            except BadImageError as error:
                errors[name] = error.message
    return values, errors


def images_of(membership: Membership, values: Mapping[str, object]) -> dict[str, Asset | None]:
    """Return the images that the form names, by slot, if the member may see them. One query."""
    ids = {name: _parse_id(values.get(name)) for name in SLOTS}
    wanted = [key for key in ids.values() if key]
    found = Asset.objects.visible_to(membership).filter(kind=AssetKind.IMAGE).in_bulk(wanted) if wanted else {}
    return {name: found.get(key) if key else None for name, key in ids.items()}


def _parse_id(value: object) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None
