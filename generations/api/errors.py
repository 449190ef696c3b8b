"""Refusals that arise at the edge itself. Those of the services are translated in `answers`."""

from generations.common.errors import DailiesError
from generations.contract.errors import ErrorKind


class RefusedError(DailiesError):
    """A row of the contract's error table with one sentence. `status` is for codes beside the table, as 405."""

    def __init__(
        self, kind: ErrorKind, message: str, *, status: int | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.status = status or kind.status
        self.headers = headers or {}
