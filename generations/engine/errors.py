"""A refusal on its way to the client: a row of the contract's error table, and one sentence."""

from generations.contract.errors import ErrorKind


class RefusedError(Exception):
    """Anything a client is told instead of an answer. Translated once, in `answers`."""

    def __init__(self, kind: ErrorKind, message: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.kind, self.message, self.headers = kind, message, headers or {}
