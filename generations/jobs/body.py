"""The contract's submit body of a generation, or of the wish for one."""

from typing import Any, Protocol


class HasSettings(Protocol):
    """`duration` is in seconds; an empty `camera_motion` leaves the camera to the model."""

    @property
    def prompt(self) -> Any: ...
    @property
    def model(self) -> Any: ...
    @property
    def resolution(self) -> Any: ...
    @property
    def fps(self) -> Any: ...
    @property
    def duration(self) -> Any: ...
    @property
    def camera_motion(self) -> Any: ...
    @property
    def generate_audio(self) -> Any: ...


def request_body(source: HasSettings, *, image_uri: str, last_frame_uri: str | None) -> dict[str, Any]:
    """Build the body; optional fields that are not set are left out."""
    body = {
        "image_uri": image_uri,
        "prompt": source.prompt,
        "model": source.model,
        "duration": source.duration,
        "resolution": source.resolution,
        "fps": source.fps,
        "generate_audio": source.generate_audio,
    }
    if last_frame_uri:
        body["last_frame_uri"] = last_frame_uri
    if source.camera_motion:
        body["camera_motion"] = source.camera_motion
    return body
