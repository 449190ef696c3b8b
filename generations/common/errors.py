"""The base of every error that a person may be told about."""


class DailiesError(Exception):
    """A refusal with one sentence for the person who asked. The edges translate it once, by class."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotFoundError(DailiesError):
    """The thing is not there, or not for this person: outsiders cannot tell the two apart."""

    def __init__(self, message: str = "There is nothing here.") -> None:
        super().__init__(message)


class ForbiddenError(DailiesError):
    """The person may see the thing, but may not do this with it."""
