"""What a fresh form begins with: the defaults, or the settings of an earlier take."""

from typing import Any
from uuid import UUID

from generations.accounts.models import Membership
from generations.common.errors import NotFoundError
from generations.contract.support import SUPPORT
from generations.jobs.queries import access_generation

_SETTINGS = ("prompt", "model", "resolution", "fps", "duration", "camera_motion", "generate_audio")


def fresh_values(membership: Membership, *, like: str = "") -> dict[str, Any]:
    """Values of the form. `like` is the id of a take of the same team; NotFoundError if it is not there."""
    if not like:
        return {"fps": SUPPORT.default_fps, "generate_audio": True}
    try:
        take = access_generation(membership.user, UUID(like))
    except ValueError:
        raise NotFoundError from None
    if take.team_id != membership.team_id:
        raise NotFoundError
    stills = {"first_frame": str(take.first_frame_id), "last_frame": str(take.last_frame_id or "")}
    project = str(take.project_id or "")
    return {**{name: getattr(take, name) for name in _SETTINGS}, **stills, "project": project}
