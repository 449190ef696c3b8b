"""Send a generation to the provider: one POST, and one of four outcomes.

A job that was never sent, or rejected temporarily, returns to the queue. A final rejection fails it. A problem with our
provider account parks it. After an unknown outcome it is not posted again, unless the provider honours idempotency
keys: then it is posted with the same key and body. Otherwise it is failed and refunded after the documented window.
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
from generations.media.storages import StorageError, media_storage
from generations.upstream.errors import NeverSentError, RejectedError, UnknownOutcomeError
from generations.upstream.outcomes import Accepted

from .attempts import close_attempt, live_attempt, open_attempt, provider, request_body
from .dispatch import quarantine
from .models import Attempt, Generation, Outcome, State
from .provider_throttle import open_circuit, record_accepted, record_overload
from .schedule import back_off, poll_delay
from .transitions import Lease, LostLeaseError, acquire_lease, fail_generation

# Statuses that concern our account or the configured base URL, not the job.
ACCOUNT_STATUSES = (301, 302, 307, 308, 401, 402, 403, 404, 405)

log = structlog.get_logger(__name__)


def send_generation(generation_id: UUID, fence: int) -> None:
    """Send a generation in `submitting` or `unconfirmed`, if the fence of the message is still the fence of the row."""
    lease = acquire_lease(generation_id, fence, State.SUBMITTING, State.UNCONFIRMED)
    if lease is None:
        return
    generation = Generation.objects.select_related("first_frame", "last_frame").get(pk=generation_id)
    attempt = live_attempt(generation)
    if attempt is None and generation.losses >= settings.MAX_LOSSES:
        quarantine(generation, lease)
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
        log.warning("image_unreadable", generation_id=str(generation.pk), error=error.message)
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
    with media_storage().open(asset.name) as image:
        return provider().upload(image.read(), asset.mime)


def _post_first(generation: Generation, lease: Lease, attempt: Attempt) -> None:
    try:
        accepted = _post(attempt)
    except NeverSentError as error:
        with transaction.atomic():
            close_attempt(attempt, Outcome.NEVER_SENT, error_message=error.message)
            _requeue(generation, lease, error.retry_after)
    except RejectedError as error:
        with transaction.atomic():
            close_attempt(attempt, Outcome.REJECTED, **_response_fields(error))
            _rejected(generation, lease, error)
    except UnknownOutcomeError as error:
        with transaction.atomic():
            close_attempt(attempt, Outcome.UNKNOWN, **_response_fields(error))
            _unconfirmed(generation, lease)
    else:
        _accepted(generation, lease, attempt, accepted)


def _resolve(generation: Generation, lease: Lease, attempt: Attempt) -> None:
    """Handle a POST whose outcome is unknown because the response was lost or the worker died.

    If the POST is repeated, only an acceptance or a final rejection says anything about the first one.
    """
    if database_now() >= attempt.started_at + settings.UNCONFIRMED_WINDOW:
        _fail_unconfirmed(generation, lease, attempt)
        return
    if not settings.PROVIDER_HONOURS_IDEMPOTENCY:
        _unconfirmed(generation, lease)
        return
    try:
        accepted = _post(attempt)
    except (NeverSentError, UnknownOutcomeError):
        _unconfirmed(generation, lease)
    except RejectedError as error:
        if error.can_retry or error.status in ACCOUNT_STATUSES:
            _unconfirmed(generation, lease, error.retry_after)
        else:
            with transaction.atomic():
                close_attempt(attempt, Outcome.REJECTED, **_response_fields(error))
                _rejected(generation, lease, error)
    else:
        _accepted(generation, lease, attempt, accepted)


def _post(attempt: Attempt) -> Accepted:
    request = ImageToVideoRequest.model_validate(attempt.request)
    return provider().submit(request, idempotency_key=str(attempt.idempotency_key))


def _accepted(generation: Generation, lease: Lease, attempt: Attempt, accepted: Accepted) -> None:
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
            # The provider bills this job, so the attempt is stored even without the lease; the new holder finds it.
            log.info("accepted_late", generation_id=str(generation.pk))
            Generation.objects.filter(pk=generation.pk, state=State.UNCONFIRMED).update(next_action_at=Now())
    record_accepted(attempt.provider)


def _response_fields(error: RejectedError | UnknownOutcomeError) -> dict[str, Any]:
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
        record_overload(settings.PROVIDER_URL, error.retry_after)
        _requeue(generation, lease, error.retry_after)
    elif error.status in ACCOUNT_STATUSES:
        open_circuit(settings.PROVIDER_URL, error.message)
        lease.move(State.SUBMITTING, State.PARKED, error_type=error.type, error_message=error.message)
    else:
        fail_generation(generation, lease, error_type=error.type, message=error.message)


def _unconfirmed(generation: Generation, lease: Lease, retry_after: float | None = None) -> None:
    failures = generation.failures + 1
    can_repeat = settings.PROVIDER_HONOURS_IDEMPOTENCY
    delay = back_off(failures, retry_after) if can_repeat else settings.UNCONFIRMED_WINDOW
    if generation.state == State.UNCONFIRMED:
        lease.defer(delay, failures=failures)
    else:
        lease.move(State.SUBMITTING, State.UNCONFIRMED, delay=delay, failures=failures)


@transaction.atomic
def _fail_unconfirmed(generation: Generation, lease: Lease, attempt: Attempt) -> None:
    close_attempt(attempt, Outcome.UNKNOWN)
    fail_generation(
        generation,
        lease,
        error_type="unconfirmed",
        message="The provider did not confirm this job. Your credits were refunded. You can retry.",
        may_have_cost=True,
    )
