"""Mail to users: queued after the commit and sent by a worker, so that no page waits for a mail server."""

from collections.abc import Iterable
from functools import partial

from django.conf import settings
from django.db import transaction

from generations.common.messages import send_message


def queue_mail(*, addresses: Iterable[str], subject: str, text: str, path: str = "") -> None:
    """Mail each address separately, after the commit. `path` is the page of this site that the mail links to.

    A mail that cannot be queued is dropped: a page shows the same facts.
    """
    body = f"{text}\n\n{settings.PUBLIC_URL}{path}\n" if path else f"{text}\n"
    for address in sorted(set(addresses)):
        transaction.on_commit(partial(send_message, "generations.send_mail", address, subject, body), robust=True)
