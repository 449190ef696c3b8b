"""The states of a generation and the only ways between them. PostgreSQL refuses every other way."""

from django.db.models import TextChoices


class State(TextChoices):
    QUEUED = "queued", "Waiting here"
    SUBMITTING = "submitting", "Sending"
    UNCONFIRMED = "unconfirmed", "Being checked, nothing charged yet"
    PARKED = "parked", "Waiting for the provider account"
    PROCESSING = "processing", "Rendering at the provider"
    SAVING = "saving", "Saving"
    COMPLETED = "completed", "Done"
    FAILED = "failed", "Failed"
    CANCELED = "canceled", "Canceled"


FINAL = (State.COMPLETED, State.FAILED, State.CANCELED)
ACTIVE = tuple(state for state in State if state not in FINAL)
# States in which the provider may be working for us: they count against its concurrency.
AT_PROVIDER = (State.SUBMITTING, State.UNCONFIRMED, State.PROCESSING)

TRANSITIONS: tuple[tuple[State, State], ...] = (
    (State.QUEUED, State.SUBMITTING),
    (State.QUEUED, State.CANCELED),
    (State.QUEUED, State.FAILED),
    (State.SUBMITTING, State.PROCESSING),
    (State.SUBMITTING, State.FAILED),
    (State.SUBMITTING, State.QUEUED),
    (State.SUBMITTING, State.PARKED),
    (State.SUBMITTING, State.UNCONFIRMED),
    # Only while nothing has been posted.
    (State.SUBMITTING, State.CANCELED),
    (State.UNCONFIRMED, State.SUBMITTING),
    (State.UNCONFIRMED, State.PROCESSING),
    (State.UNCONFIRMED, State.FAILED),
    (State.PARKED, State.QUEUED),
    (State.PARKED, State.CANCELED),
    (State.PARKED, State.FAILED),
    (State.PROCESSING, State.SAVING),
    (State.PROCESSING, State.FAILED),
    (State.SAVING, State.COMPLETED),
    (State.SAVING, State.PROCESSING),
    (State.SAVING, State.FAILED),
    # A late success: delivered, and not charged.
    (State.FAILED, State.SAVING),
)
