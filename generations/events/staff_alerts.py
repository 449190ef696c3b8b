"""Alerts for site staff: opened and mailed once, closed when the cause is gone."""

from functools import partial
from smtplib import SMTPException
from textwrap import shorten

import structlog
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import send_mail
from django.db import transaction
from django.db.models.functions import Now

from .models import Alert

log = structlog.get_logger(__name__)


@transaction.atomic
def open_alert(kind: str, text: str) -> bool:
    """Open the alert unless one of its kind is open, and mail staff after the commit. Return True when it is new."""
    _, is_new = Alert.objects.open().get_or_create(kind=kind, defaults={"text": text})
    if is_new:
        transaction.on_commit(partial(_mail_staff, text), robust=True)
    return is_new


def close_alert(kind: str) -> bool:
    """Close the open alert of this kind. Return False when there was none."""
    return bool(Alert.objects.open().filter(kind=kind).update(closed_at=Now()))


def _mail_staff(text: str) -> None:
    staff = get_user_model()._default_manager.filter(is_staff=True, is_active=True)
    subject = f"[Dailies] Action needed: {shorten(text, 80, placeholder='…')}"
    body = f"{text}\n\n{settings.PUBLIC_URL}/ops/\n"
    try:
        send_mail(subject, body, None, list(staff.values_list("email", flat=True)))
    except (SMTPException, OSError) as error:
        # The pages show the alert even when the mail fails.
        log.warning("alert_not_mailed", error=str(error))
