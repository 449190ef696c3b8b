"""Callers of earlier requests, so that a busy program's next one need not ask first who it is.

What is remembered has to be proved before anything is done or told: by a statement of its own (`confirm`), or better
by the one that does the work, which then contains UNCHANGED with `mark_parameters`. Key, secret, membership, team and
user are compared by the versions of their rows, so that a revocation, a new role or a new name counts at once.
"""

from dataclasses import replace
from typing import Any

from django.utils import timezone

from generations.common.statements import read_row

from .callers import Caller, Mark
from .key_secrets import digest_of
from .keys import UNCHANGED, is_due

_MOST = 10_000
_callers: dict[str, Caller] = {}


class StaleCallerError(Exception):
    """What was remembered of the caller holds no longer, and nothing was done. Recognise it anew."""


def remember(caller: Caller, mark: Mark) -> None:
    """Keep it for this process. Views share it from then on: they may read it, but change nothing in it."""
    if len(_callers) >= _MOST:
        _callers.clear()
    _callers[mark.digest] = replace(caller, mark=mark)


def recall(secret: str) -> Caller | None:
    """The caller with its mark, unless it is unknown or its use has to be noted again."""
    caller = _callers.get(digest_of(secret))
    return caller if caller and not is_due(caller.key, now=timezone.now()) else None


def mark_parameters(mark: Mark | None) -> dict[str, Any]:
    return {"digest": mark and mark.digest, "versions": mark and mark.versions}


def confirm(caller: Caller) -> None:
    """Prove a remembered caller. Raises StaleCallerError, and then it is forgotten."""
    if caller.mark and not read_row(f"SELECT {UNCHANGED}", mark_parameters(caller.mark))[0]:
        _callers.pop(caller.mark.digest, None)
        raise StaleCallerError
