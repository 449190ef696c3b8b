"""Send a generation to the provider: one POST, and one of four outcomes.

Never sent, and rejected for now, go back to the queue; rejected for good fails; a fault of our own account parks.
An unknown outcome is never posted again blindly: a provider that honours idempotency keys is asked again with the
same key and body; any other is left alone until the window has passed, then the credits go back.
"""

from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from generations.common.clock import database_now
from generations.common.failpoints import failpoint
from generations.contract.schemas import ImageToVideoRequest
from generations.media.models import Asset
from generations.media.storage_errors import StorageError
from generations.media.storages import media_storage
from generations.upstream.answers import Submitted
from generations.upstream.errors import NeverSentError, RejectedError, UnknownOutcomeError

from .attempts import close_attempt, live_attempt, open_attempt
from .body import request_body
from .gate import note_accepted, note_too_much, open_circuit
from .leases import Lease, LostLeaseError, take
from .models import Attempt, Generation, Outcome
from .pace import back_off, poll_delay
from .poison import set_aside
from .provider import provider
from .settle import fail_generation
from .states import State

# Statuses that speak of our account or of the address we have, not of the job.
OUR_FAULT = (301, 302, 307, 308, 401, 402, 403, 404, 405)

log = structlog.get_logger(__name__)


def send_generation(generation_id: UUID, fence: int) -> None:
    """Work on a generation in `submitting` or `unconfirmed`, if the fence of the message is still the row's."""
    lease = take(generation_id, fence, State.SUBMITTING, State.UNCONFIRMED)
    if lease is None:
        return
    generation = Generation.objects.select_related("first_frame", "last_frame").get(pk=generation_id)
    attempt = live_attempt(generation)
    if attempt is None and generation.losses >= settings.MAX_LOSSES:
        set_aside(generation, lease)
    elif attempt is None:
        _send(generation, lease)
    elif attempt.outcome == Outcome.ACCEPTED:
        lease.move(State(generation.state), State.PROCESSING, delay=poll_delay())
    else:
        _resolve(generation, lease, attempt)


def _send(generation: Generation, lease: Lease) -> None:
    try:
        body = _upload_frames(generation)
    except NeverSentError as error:
        _requeue(generation, lease, error.retry_after)
    except StorageError as error:
        log.warning("still_unreadable", generation_id=str(generation.pk), error=error.message)
        _requeue(generation, lease)
    except RejectedError as error:
        _rejected(generation, lease, error)
    else:
        attempt = open_attempt(generation, lease, provider=settings.PROVIDER_URL, request=body)
        failpoint("attempt.opened")
        _post_first(generation, lease, attempt)


def _upload_frames(generation: Generation) -> dict[str, Any]:
    last = generation.last_frame
    return request_body(
        generation,
        image_uri=_upload(generation.first_frame),
        last_frame_uri=_upload(last) if last else None,
    )


def _upload(asset: Asset) -> str:
    with media_storage().open(asset.name) as still:
        return provider().upload(still.read(), asset.mime)


def _post_first(generation: Generation, lease: Lease, attempt: Attempt) -> None:
    try:
        accepted = _post(attempt)
    except NeverSentError as error:
        with transaction.atomic():
            close_attempt(attempt, Outcome.NEVER_SENT, error_message=error.message)
            _requeue(generation, lease, error.retry_after)
    except RejectedError as error:
        with transaction.atomic():
            close_attempt(attempt, Outcome.REJECTED, **_answer(error))
            _rejected(generation, lease, error)
    except UnknownOutcomeError as error:
        with transaction.atomic():
            close_attempt(attempt, Outcome.UNKNOWN, **_answer(error))
            _unconfirmed(generation, lease)
    else:
        _accepted(generation, lease, attempt, accepted)


def _resolve(generation: Generation, lease: Lease, attempt: Attempt) -> None:
    """A POST was begun and its outcome is not known: the answer was lost, or the worker died.

    Whatever asking again brings, only an acceptance or a final refusal says anything about the first POST.
    """
    if database_now() >= attempt.started_at + settings.UNCONFIRMED_WINDOW:
        _give_up(generation, lease, attempt)
        return
    if not settings.PROVIDER_HONOURS_IDEMPOTENCY:
        _unconfirmed(generation, lease)
        return
    try:
        accepted = _post(attempt)
    except (NeverSentError, UnknownOutcomeError):
        _unconfirmed(generation, lease)
    except RejectedError as error:
        if error.can_retry or error.status in OUR_FAULT:
            _unconfirmed(generation, lease, error.retry_after)
        else:
            with transaction.atomic():
                close_attempt(attempt, Outcome.REJECTED, **_answer(error))
                _rejected(generation, lease, error)
    else:
        _accepted(generation, lease, attempt, accepted)


def _post(attempt: Attempt) -> Submitted:
    request = ImageToVideoRequest.model_validate(attempt.request)
    return provider().submit(request, idempotency_key=str(attempt.idempotency_key))


def _accepted(generation: Generation, lease: Lease, attempt: Attempt, accepted: Submitted) -> None:
    with transaction.atomic():
        close_attempt(
            attempt,
            Outcome.ACCEPTED,
            provider_job_id=accepted.id,
            request_id=accepted.request_id,
            status=accepted.status,
        )
        try:
            lease.move(State(generation.state), State.PROCESSING, delay=poll_delay())
        except LostLeaseError:
            # The job is paid for, so that the answer must not be lost with the lease: who has it now finds it there.
            log.info("accepted_late", generation_id=str(generation.pk))
            Generation.objects.filter(pk=generation.pk, state=State.UNCONFIRMED).update(next_action_at=Now())
    note_accepted(attempt.provider)


def _answer(error: RejectedError | UnknownOutcomeError) -> dict[str, Any]:
    return {
        "status": error.status,
        "error_type": error.type if isinstance(error, RejectedError) else "",
        "error_message": error.message,
        "request_id": error.request_id,
    }


def _requeue(generation: Generation, lease: Lease, retry_after: float | None = None) -> None:
    failures = generation.failures + 1
    lease.move(State.SUBMITTING, State.QUEUED, delay=back_off(failures, retry_after), failures=failures)


def _rejected(generation: Generation, lease: Lease, error: RejectedError) -> None:
    if error.can_retry:
        note_too_much(settings.PROVIDER_URL, error.retry_after)
        _requeue(generation, lease, error.retry_after)
    elif error.status in OUR_FAULT:
        open_circuit(settings.PROVIDER_URL, error.message)
        lease.move(State.SUBMITTING, State.PARKED, error_type=error.type, error_message=error.message)
    else:
        fail_generation(generation, lease, error_type=error.type, message=error.message)


def _unconfirmed(generation: Generation, lease: Lease, retry_after: float | None = None) -> None:
    failures = generation.failures + 1
    is_asked_again = settings.PROVIDER_HONOURS_IDEMPOTENCY
    delay = back_off(failures, retry_after) if is_asked_again else settings.UNCONFIRMED_WINDOW
    if generation.state == State.UNCONFIRMED:
        lease.defer(delay, failures=failures)
    else:
        lease.move(State.SUBMITTING, State.UNCONFIRMED, delay=delay, failures=failures)


@transaction.atomic
def _give_up(generation: Generation, lease: Lease, attempt: Attempt) -> None:
    close_attempt(attempt, Outcome.UNKNOWN)
    fail_generation(
        generation,
        lease,
        error_type="unconfirmed",
        message="The provider never confirmed this job. Your credits are back; you may submit it again.",
        may_have_cost=True,
    )
