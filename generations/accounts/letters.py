"""Letters of this room. They leave after the commit; what cannot be sent is logged, and can be sent again."""

from functools import partial
from smtplib import SMTPException

import structlog
from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string

from .models import Invitation

log = structlog.get_logger(__name__)


def send_invitation(invitation: Invitation, secret: str) -> None:
    """Write to the invited address, once the present transaction has committed."""
    context = {
        "invitation": invitation,
        "inviter": invitation.created_by,
        "url": f"{settings.PUBLIC_URL}/invitations/{secret}",
    }
    # A name may hold anything, and a subject is one line.
    subject = " ".join(f"Join {invitation.team} at Dailies".split())
    body = render_to_string("mail/invitation.txt", context)
    transaction.on_commit(partial(_send, subject, body, invitation.email), robust=True)


def _send(subject: str, body: str, address: str) -> None:
    try:
        send_mail(subject, body, None, [address])
    except (SMTPException, OSError) as error:
        log.warning("invitation_not_mailed", error=type(error).__name__)
