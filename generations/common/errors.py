"""The base class of every error that a user may see."""


class DailiesError(Exception):
    """A rejected request. `message` is one sentence for the user.

    `status` is the HTTP status. `code` is the error's name for programs: `/api/v1/` sends it, so it never changes.
    Each subclass sets both. `retry_after`, where a subclass has it, is in seconds.
    """

    status: int = 400
    code: str = "bad_request"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotFoundError(DailiesError):
    """The object does not exist, or the user may not see it. Outsiders cannot tell the two apart."""

    status = 404
    code = "not_found"

    def __init__(self, message: str = "Not found.") -> None:
        super().__init__(message)


class ForbiddenError(DailiesError):
    """The user may see the object but lacks the permission for this."""

    status = 403
    code = "forbidden"
