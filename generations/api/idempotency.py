"""One answer for one Idempotency-Key, however often it is asked for within a day.

The claim is committed before the work begins, so that a second request finds it; the job is stored under a key that is
made from the claim's id. A process that dies between the job and its answer therefore leaves enough to tell it again.
Only answers that would be the same again are kept: what may be tried again (429, 5xx) gives its claim back.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.http import HttpResponse, JsonResponse

from generations.accounts.callers import Caller
from generations.common.clock import database_time
from generations.common.ids import uuid7
from generations.jobs.models import Generation

from .answers import answer_of
from .errors import InvalidRequestError, KeyReusedError, StillProcessingError
from .models import Replay
from .shapes import accepted

KEPT_FOR = timedelta(hours=24)
# No request takes that long; whoever claimed and has not answered by then is dead.
LONGEST_REQUEST = timedelta(minutes=2)
MAX_KEY_CHARS = 255

# Also takes over what is older than a day.
_CLAIM = """
INSERT INTO generations_replay AS replay (id, api_key_id, idempotency_key, digest) VALUES (%s, %s, %s, %s)
ON CONFLICT ON CONSTRAINT replay_once_a_key DO UPDATE
SET id = EXCLUDED.id, digest = EXCLUDED.digest, status = NULL, body = NULL, created_at = statement_timestamp()
WHERE replay.created_at < statement_timestamp() - make_interval(secs => %s)
RETURNING id
"""


@dataclass(frozen=True)
class Claim:
    """The right to answer, under the id that the job's own key is made from."""

    id: UUID

    @property
    def job_key(self) -> str:
        return f"replay:{self.id}"


def answer_once(
    caller: Caller, header: str | None, body: object, work: Callable[[str | None], HttpResponse]
) -> HttpResponse:
    """Answer by `work`, which is given a key for the job, or as the first request with this header was answered.

    Raises KeyReusedError for another body, StillProcessingError while the first request has no response.
    """
    if header is None:
        return work(None)
    if not 0 < len(header) <= MAX_KEY_CHARS:
        raise InvalidRequestError(f"An Idempotency-Key has 1 to {MAX_KEY_CHARS} characters.")
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    claim = _claim(caller, header, digest)
    if claim is not None:
        return _work(claim, work)
    earlier = Replay.objects.filter(api_key=caller.key, idempotency_key=header).first()
    if earlier is None:
        raise StillProcessingError  # it was given back this moment
    return _repeat(caller, earlier, digest, work)


def _claim(caller: Caller, header: str, digest: str) -> Claim | None:
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [uuid7(), caller.key.pk, header, digest, KEPT_FOR.total_seconds()])
        row = cursor.fetchone()
    return Claim(row[0]) if row else None


def _work(claim: Claim, work: Callable[[str | None], HttpResponse]) -> HttpResponse:
    try:
        response = work(claim.job_key)
    except Exception as error:
        response = answer_of(error)
        if response.status_code == 429 or response.status_code >= 500:
            Replay.objects.filter(pk=claim.id, status=None).delete()
            raise
    _keep(claim, response)
    return response


def _keep(claim: Claim, response: HttpResponse) -> None:
    body: dict[str, Any] = json.loads(response.content)
    Replay.objects.filter(pk=claim.id, status=None).update(status=response.status_code, body=body)


def _repeat(caller: Caller, earlier: Replay, digest: str, work: Callable[[str | None], HttpResponse]) -> HttpResponse:
    if earlier.digest != digest:
        raise KeyReusedError
    if earlier.status is not None:
        return JsonResponse(earlier.body, status=earlier.status, headers={"Idempotent-Replayed": "true"})
    claim = Claim(earlier.pk)
    if generation := _stored(caller, claim):
        response = accepted(generation)
        _keep(claim, response)
        return response
    if _take_over(claim):
        return _work(claim, work)
    raise StillProcessingError


def _stored(caller: Caller, claim: Claim) -> Generation | None:
    generations = Generation.objects.of_team(caller.team)
    return generations.filter(author=caller.user, idempotency_key=claim.job_key).first()


def _take_over(claim: Claim) -> bool:
    """Claim again what a dead request left. It keeps its id: should the dead one live after all, both make one job."""
    dead = Replay.objects.filter(pk=claim.id, status=None, created_at__lt=database_time(-LONGEST_REQUEST))
    return bool(dead.update(created_at=database_time()))


def sweep_replays() -> int:
    """Delete what is older than a day. Return how many went."""
    count, _ = Replay.objects.filter(created_at__lt=database_time(-KEPT_FOR)).delete()
    return count
