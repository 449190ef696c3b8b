"""Letters to people. Each is written after the commit and sent by a worker, so that no page waits for a mail server."""

from collections.abc import Iterable
from functools import partial

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction

from generations.common.messages import send_message


def write_letter(*, addresses: Iterable[str], subject: str, text: str, path: str = "") -> None:
    """Write to each address, none of whom sees the others. `path` is where it leads, on this site.

    A letter that cannot be handed to a worker is dropped: what it tells stands on a page as well.
    """
    body = f"{text}\n\n{settings.PUBLIC_URL}{path}\n" if path else f"{text}\n"
    for address in sorted(set(addresses)):
        transaction.on_commit(partial(send_message, "generations.send_letter", address, subject, body), robust=True)


def send_letter(address: str, subject: str, body: str) -> None:
    """Raises OSError while the mail server is away; SMTP's own errors are of that kind."""
    send_mail(subject, body, None, [address])
