class StackError(Exception):
    """The stack cannot start or go on; the message is one line that says why and what to change."""


class StopRequested(Exception):
    """Ctrl-C, SIGTERM or SIGHUP."""
