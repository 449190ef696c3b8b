"""Idempotency keys: requests with the same key get the same response for a day.

The claim is committed before the work starts, so that a second request finds it. The generation is stored under a key
made from the claim's id. If the process dies before it has stored the response, the response can be built again.
Responses after which a client may retry (429, 5xx) are not stored, and their claim is deleted.
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

from generations.accounts.api_keys import Caller
from generations.common.clock import database_time
from generations.common.ids import uuid7
from generations.jobs.models import Generation

from ..errors import InvalidRequestError, KeyReusedError, StillProcessingError
from ..models import Replay
from .responses import response_of
from .serializers import accepted

RETENTION = timedelta(hours=24)
# No request takes this long. A claim without a response by then belongs to a process that died.
MAX_REQUEST_TIME = timedelta(minutes=2)
MAX_KEY_CHARS = 255

# Also replaces a claim that is older than a day.
_CLAIM = """
INSERT INTO generations_replay AS replay (id, api_key_id, idempotency_key, digest) VALUES (%s, %s, %s, %s)
ON CONFLICT ON CONSTRAINT replay_once_a_key DO UPDATE
SET id = EXCLUDED.id, digest = EXCLUDED.digest, status = NULL, body = NULL, created_at = statement_timestamp()
WHERE replay.created_at < statement_timestamp() - make_interval(secs => %s)
RETURNING id
"""


@dataclass(frozen=True)
class Claim:
    """The right to process the request. The generation's key is made from its id."""

    id: UUID

    @property
    def job_key(self) -> str:
        return f"replay:{self.id}"


def respond_once(
    caller: Caller, header: str | None, body: object, work: Callable[[str | None], HttpResponse]
) -> HttpResponse:
    """Return the response of `work`, which gets a key for the generation, or the stored response of the first request.

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
        raise StillProcessingError  # its claim was deleted a moment ago
    return _repeat(caller, earlier, digest, work)


def _claim(caller: Caller, header: str, digest: str) -> Claim | None:
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [uuid7(), caller.key.pk, header, digest, RETENTION.total_seconds()])
        row = cursor.fetchone()
    return Claim(row[0]) if row else None


def _work(claim: Claim, work: Callable[[str | None], HttpResponse]) -> HttpResponse:
    try:
        response = work(claim.job_key)
    except Exception as error:
        response = response_of(error)
        if response.status_code == 429 or response.status_code >= 500:
            Replay.objects.filter(pk=claim.id, status=None).delete()
            raise
    _store(claim, response)
    return response


def _store(claim: Claim, response: HttpResponse) -> None:
    body: dict[str, Any] = json.loads(response.content)
    Replay.objects.filter(pk=claim.id, status=None).update(status=response.status_code, body=body)


def _repeat(caller: Caller, earlier: Replay, digest: str, work: Callable[[str | None], HttpResponse]) -> HttpResponse:
    if earlier.digest != digest:
        raise KeyReusedError
    if earlier.status is not None:
        return JsonResponse(earlier.body, status=earlier.status, headers={"Idempotent-Replayed": "true"})
    claim = Claim(earlier.pk)
    if generation := _existing(caller, claim):
        response = accepted(generation)
        _store(claim, response)
        return response
    if _reclaim(claim):
        return _work(claim, work)
    raise StillProcessingError


def _existing(caller: Caller, claim: Claim) -> Generation | None:
    generations = Generation.objects.of_team(caller.team)
    return generations.filter(author=caller.user, idempotency_key=claim.job_key).first()


def _reclaim(claim: Claim) -> bool:
    """Reclaim the claim of a process that died. Its id stays, so that both would create the same generation."""
    abandoned = Replay.objects.filter(pk=claim.id, status=None, created_at__lt=database_time(-MAX_REQUEST_TIME))
    return bool(abandoned.update(created_at=database_time()))


def sweep_replays() -> int:
    """Delete rows older than a day. Return their number."""
    count, _ = Replay.objects.filter(created_at__lt=database_time(-RETENTION)).delete()
    return count
