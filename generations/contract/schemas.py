"""Request and response bodies. Unknown fields are ignored, and 6.0 is accepted as 6, because clients send both."""

from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, PlainSerializer, StringConstraints

from .support import SUPPORT


def _integral(value: object) -> object:
    """Convert 6.0 to 6. Reject true and "6"."""
    if isinstance(value, bool | str):
        raise ValueError("must be an integer")
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _strict_bool(value: object) -> object:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _milliseconds(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Integral = Annotated[int, BeforeValidator(_integral)]
Timestamp = Annotated[AwareDatetime, PlainSerializer(_milliseconds, return_type=str)]
CameraMotion = Literal[
    "dolly_in", "dolly_out", "dolly_left", "dolly_right", "jib_up", "jib_down", "static", "focus_shift"
]
Uri = Annotated[str, StringConstraints(min_length=1)]


class ImageToVideoRequest(BaseModel):
    """The submit body. `duration` is in seconds; with `None` the model chooses it (2.5 models only)."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    image_uri: Uri
    prompt: Annotated[str, StringConstraints(max_length=SUPPORT.prompt_max_chars)]
    model: str
    duration: Integral | None
    resolution: str
    fps: Integral = SUPPORT.default_fps
    last_frame_uri: Uri | None = None
    camera_motion: CameraMotion | None = None
    generate_audio: Annotated[bool, BeforeValidator(_strict_bool)] = True


class Accepted(BaseModel):
    id: UUID
    created_at: Timestamp


class Result(BaseModel):
    video_url: str


class ErrorDetail(BaseModel):
    type: str
    message: str


class Pending(BaseModel):
    id: UUID
    status: Literal["pending", "processing"]
    created_at: Timestamp


class Completed(BaseModel):
    id: UUID
    status: Literal["completed"] = "completed"
    created_at: Timestamp
    completed_at: Timestamp
    result: Result


class Failed(BaseModel):
    id: UUID
    status: Literal["failed"] = "failed"
    created_at: Timestamp
    completed_at: Timestamp
    error: ErrorDetail


JobStatus = Pending | Completed | Failed


class ErrorEnvelope(BaseModel):
    type: Literal["error"] = "error"
    error: ErrorDetail


class UploadTicket(BaseModel):
    """A created upload: `PUT` the bytes to `upload_url` within one hour, then use `storage_uri` for one day."""

    upload_url: str
    storage_uri: str
    expires_at: Timestamp
    required_headers: dict[str, str] = {}
