"""Attempts: one row for each POST to the provider, committed before the socket opens; and what the POST contains."""

from typing import Any, Protocol

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.db.models.functions import Now

from generations.upstream.client import Provider

from .models import Attempt, Generation, Outcome
from .transitions import Lease, LostLeaseError

LIVE = (Outcome.SENDING, Outcome.UNKNOWN, Outcome.ACCEPTED)


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


def provider() -> Provider:
    """Return the client of the provider that the settings name."""
    return Provider(base_url=settings.PROVIDER_URL, api_key=settings.PROVIDER_API_KEY)


def request_body(source: HasSettings, *, image_uri: str, last_frame_uri: str | None) -> dict[str, Any]:
    """Build the contract's submit body of a generation or of a request for one. Unset optional fields are omitted."""
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


def live_attempt(generation: Generation) -> Attempt | None:
    """Return the attempt that may have created a job at the provider; the database allows only one."""
    return generation.attempts.filter(outcome__in=LIVE).first()


@transaction.atomic
def open_attempt(generation: Generation, lease: Lease, *, provider: str, request: dict[str, Any]) -> Attempt:
    """Store a new attempt as `sending`. Raises LostLeaseError if another worker has the generation."""
    lease.renew()
    last = generation.attempts.aggregate(last=Max("number"))["last"] or 0
    try:
        with transaction.atomic():
            return Attempt.objects.create(generation=generation, number=last + 1, provider=provider, request=request)
    except IntegrityError as error:
        raise LostLeaseError from error


def close_attempt(attempt: Attempt, outcome: Outcome, **details: Any) -> None:
    """Store the outcome of the POST with status, ids and error. An accepted attempt stays accepted."""
    rows = Attempt.objects.filter(pk=attempt.pk).exclude(outcome=Outcome.ACCEPTED)
    rows.update(outcome=outcome, responded_at=Now(), **details)
